/** Timing: the seconds of several repeats, and what they allocate. */

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

/** Seconds so far: of one thread CPU time, which other work on the machine distorts least; of several those on the wall. */
function clock(threads: number): number {
  if (threads > 1) return performance.now() / 1e3;
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Calls once to warm up (compilation, allocation), then `repeats` times. */
export async function time(
  repeats: number,
  compute: () => number | Promise<number>,
  threads = 1,
): Promise<readonly number[]> {
  await compute();
  const seconds: number[] = [];
  for (let repeat = 0; repeat < repeats; repeat++) {
    const start = clock(threads);
    await compute();
    seconds.push(clock(threads) - start);
  }
  return seconds;
}

/** Milliseconds, or microseconds where they are few. */
export function duration(seconds: number): string {
  return seconds >= 1e-3 ? `${(seconds * 1e3).toFixed(seconds >= 0.1 ? 0 : 2)} ms` : `${(seconds * 1e6).toFixed(0)} µs`;
}

/** Bytes as a person reads them. */
export function bytes(count: number): string {
  return count >= 1e6 ? `${(count / 1e6).toFixed(1)} MB` : `${(count / 1e3).toFixed(1)} kB`;
}
