/** Lets others run between two steps: events, timers, the page. A timer would not do: in hidden tabs it fires once a second. */

/** Milliseconds of work between two breaths. */
const longest = 20;

/** The turns of the event loop that a training waits for. */
export interface Breathing {
  /** Whether the last turn was long ago. */
  isDue(): boolean;
  /** Waits for a turn where one is due, and ends the training, by an error, where the signal was given. */
  breathe(): Promise<void>;
}

/** Starts to count. */
export function openBreathing(signal: AbortSignal | undefined): Breathing {
  let last = performance.now();
  const isDue = (): boolean => performance.now() - last >= longest;
  return {
    isDue,
    async breathe() {
      if (isDue()) {
        await aTurn();
        last = performance.now();
      }
      signal?.throwIfAborted();
    },
  };
}

function aTurn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
