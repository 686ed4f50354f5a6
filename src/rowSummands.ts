/**
 * What a bootstrap keeps of rows, so that none is computed twice. Statistics that are sums over rows need the numbers that
 * were added; statistics that the host condenses need the numbers that it condensed. How often a row counts enters later.
 */
import type { Backend } from './backend.ts';
import type { HostStatistic, HostStatistics } from './metricState.ts';

/** The name of the column that holds what each row counts for, where not all count alike. */
export const weightsColumn = 'weights';

/** The part of `Rows` that adds. */
interface Adding<T> {
  readonly size: number;
  readonly weights: T | undefined;
  sum(values: T): T;
  total(): T | number;
}

/**
 * The numbers of each row, [rows, ...], that statistics add up; undefined where one of them is no plain sum over rows.
 *
 * @param names The statistics that are looked for; others, such as counts of faults, are left out.
 * @param run Computes the statistics with rows that note what is added.
 */
export function summands<T>(
  backend: Backend<T>,
  rows: Adding<T>,
  names: readonly string[],
  run: (rows: Adding<T>) => Readonly<Record<string, T | number>>,
): Readonly<Record<string, T>> | undefined {
  const added = new Map<T | number, T>();
  const sum = (values: T): T => {
    const total = rows.sum(values);
    added.set(total, values);
    return total;
  };
  const ones = () => backend.fromHost({ data: new Float32Array(rows.size).fill(1), shape: [rows.size] });
  const found = run({ ...rows, sum, total: () => sum(ones()) });
  const noted: Record<string, T> = {};
  for (const name of names) {
    const values = added.get(found[name]!);
    if (values === undefined) return undefined;
    noted[name] = values;
  }
  return noted;
}

/** The sums of rows that each count so much. */
export function sumOfRows(rows: HostStatistics<string>, counts: Float64Array): HostStatistics<string> {
  const sums: Record<string, HostStatistic> = {};
  for (const [name, { data, shape }] of Object.entries(rows)) {
    const [, ...rest] = shape;
    const width = data.length / counts.length;
    const sum = new Float64Array(width);
    for (let row = 0; row < counts.length; row++) {
      const count = counts[row]!;
      if (count === 0) continue;
      for (let column = 0; column < width; column++) sum[column]! += count * data[row * width + column]!;
    }
    sums[name] = { data: sum, shape: rest };
  }
  return sums;
}

/** What each row counts for, so many times. */
export function countedTimes(weights: HostStatistic | undefined, times: Float64Array): Float64Array {
  return weights === undefined ? times : times.map((count, row) => count * weights.data[row]!);
}
