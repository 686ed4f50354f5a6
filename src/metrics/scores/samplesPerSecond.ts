import { checkWhole } from '../../check.ts';
import { callback, readOptions, whole } from '../../options.ts';

/** Options of `samplesPerSecond`. */
export interface SamplesPerSecondOptions {
  /** Runs that are made but not counted: compilation, caches. Default 1. */
  readonly warmUp?: number;
  /** The time in milliseconds; default `performance.now`. */
  readonly clock?: () => number;
}

/** What a timer reports. */
export interface Throughput {
  /** Samples a second; null before the first counted run, or where the clock did not move. */
  readonly value: number | null;
  readonly samples: number;
  readonly seconds: number;
  readonly runs: number;
  /** Seconds of each counted run. */
  readonly times: readonly number[];
}

/** Times runs of a model. */
export interface ThroughputTimer {
  /**
   * Runs a computation on so many samples and times it; a promise is waited for. On a device, return the promise of the
   * read: without it only the start of the work is timed.
   *
   * @returns What the computation returned.
   */
  run<Result>(samples: number, compute: () => Result): Result;
  /** The counted runs so far. */
  result(): Throughput;
}

/**
 * A timer of how many samples a model processes each second: Σ samples / Σ seconds.
 *
 * @example
 * const timer = samplesPerSecond();
 * for (const batch of batches) await timer.run(batch.size, () => student.predict(batch));
 * const { value } = timer.result();
 */
export function samplesPerSecond(options: SamplesPerSecondOptions = {}): ThroughputTimer {
  const { warmUp, clock } = readOptions('samplesPerSecond', options, {
    warmUp: whole(0, 1),
    clock: callback<() => number>(() => performance.now()),
  });
  let started = 0;
  let samplesDone = 0;
  const times: number[] = [];
  return {
    run<Result>(samples: number, compute: () => Result): Result {
      checkWhole('samplesPerSecond', 'samples', samples, 1);
      const counted = started++ >= warmUp;
      const from = clock();
      const stop = (): void => {
        if (!counted) return;
        times.push((clock() - from) / 1000);
        samplesDone += samples;
      };
      const made = compute();
      if (isPromise(made)) {
        return made.then((value) => {
          stop();
          return value;
        }) as Result;
      }
      stop();
      return made;
    },
    result() {
      const seconds = times.reduce((sum, time) => sum + time, 0);
      return {
        value: seconds > 0 ? samplesDone / seconds : null,
        samples: samplesDone,
        seconds,
        runs: times.length,
        times: [...times],
      };
    },
  };
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as Promise<unknown>).then === 'function';
}
