/** Whether two sets of logits have the same first largest class: shared by agreement and invariance. */
import type { Backend } from '../../backend.ts';
import { checkSameShape, rangeError } from '../../check.ts';
import type { HostStatistics } from '../../metric.ts';
import { checkLogits } from '../../ops/checkRows.ts';
import { countNaN } from '../../ops/countNaN.ts';
import { flattenRows } from '../../ops/flattenRows.ts';
import { sameIndex } from '../../ops/sameIndex.ts';

/** Names of the statistics of a comparison of predictions: numbers of rows by class, and of NaNs. */
export type MatchStatistic = 'same' | 'first' | 'second' | 'invalid';

/** Agreement on the rows that the reference (teacher, or first view) puts into one class. */
export interface ClassMatch {
  readonly class: number;
  readonly same: number;
  /** Rows that the reference predicts as this class. */
  readonly count: number;
  /** same / count; null for a class that the reference never predicts. */
  readonly value: number | null;
}

/** What a comparison of predictions returns. */
export interface PredictionMatch {
  /** The share of rows with the same prediction, in [0, 1]. */
  readonly value: number;
  /** Rows with the same prediction. */
  readonly same: number;
  readonly count: number;
  /** Cohen's κ, in [−1, 1]: agreement beyond that of chance; 1 where both always predict one and the same class. */
  readonly kappa: number;
  readonly perClass: readonly ClassMatch[];
}

/** Requires two sets of logits of one shape. */
export function checkMatch<T>(
  backend: Backend<T>,
  where: string,
  names: readonly [string, string],
  baseline: T,
  other: T,
): void {
  checkLogits(backend, where, names[0], baseline);
  checkSameShape(where, names[1], backend.shapeOf(other), names[0], backend.shapeOf(baseline));
}

/** Rows with the same prediction, and rows of each prediction, by class. */
export function matchStatistics<T>(backend: Backend<T>, baseline: T, other: T): Readonly<Record<MatchStatistic, T>> {
  const rowsOf = flattenRows(backend, baseline);
  const [rows, classes] = backend.shapeOf(rowsOf) as [number, number];
  const first = backend.argMax(rowsOf);
  const second = backend.argMax(flattenRows(backend, other));
  const firstClass = backend.oneHot(first, classes);
  const same = backend.reshape(sameIndex(backend, first, second), [rows, 1]);
  return {
    same: backend.sum(backend.multiply(firstClass, same), { axis: 0 }),
    first: backend.sum(firstClass, { axis: 0 }),
    second: backend.sum(backend.oneHot(second, classes), { axis: 0 }),
    invalid: backend.add(countNaN(backend, baseline), countNaN(backend, other)),
  };
}

/** The result of a comparison of predictions. */
export function finishMatch(where: string, statistics: HostStatistics<MatchStatistic>): PredictionMatch {
  const { same, first, second, invalid } = statistics;
  if (invalid.data[0]! > 0) throw rangeError(where, 'logits', 'free of NaN', `${invalid.data[0]} NaN`);
  const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);
  const count = sum(first.data);
  const agreeing = sum(same.data);
  const chance = sum(first.data.map((value, index) => (value / count) * (second.data[index]! / count)));
  return {
    value: agreeing / count,
    same: agreeing,
    count,
    kappa: chance >= 1 ? 1 : (agreeing / count - chance) / (1 - chance),
    perClass: Array.from(first.data, (total, index) => ({
      class: index,
      same: same.data[index]!,
      count: total,
      value: total === 0 ? null : same.data[index]! / total,
    })),
  };
}
