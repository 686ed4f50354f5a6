/** Whether two sets of logits have the same first largest class: shared by agreement and invariance. */
import type { Backend } from '../../backend.ts';
import { checkSameShape, rangeError } from '../../check.ts';
import type { Metric } from '../../metric.ts';
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

/** The part of a metric that agreement and invariance have in common. */
type MatchMembers<Input extends string> = Pick<
  Metric<Input, MatchStatistic, PredictionMatch>,
  'check' | 'statistics' | 'finish'
>;

/**
 * The members of a metric that compares the predictions of two sets of logits [..., classes], which it takes under the
 * names `baseline` (what the breakdown goes by) and `other`.
 */
export function matchMembers<Input extends string>(
  where: string,
  { baseline, other }: { readonly baseline: Input; readonly other: Input },
): MatchMembers<Input> {
  return {
    check<T>(backend: Backend<T>, batch: Readonly<Record<Input, T>>) {
      checkLogits(backend, where, baseline, batch[baseline]);
      checkSameShape(where, other, backend.shapeOf(batch[other]), baseline, backend.shapeOf(batch[baseline]));
    },

    statistics<T>(backend: Backend<T>, batch: Readonly<Record<Input, T>>) {
      const rowsOf = flattenRows(backend, batch[baseline]);
      const [rows, classes] = backend.shapeOf(rowsOf) as [number, number];
      const first = backend.argMax(rowsOf);
      const second = backend.argMax(flattenRows(backend, batch[other]));
      const firstClass = backend.oneHot(first, classes);
      const same = backend.reshape(sameIndex(backend, first, second), [rows, 1]);
      return {
        same: backend.sum(backend.multiply(firstClass, same), { axis: 0 }),
        first: backend.sum(firstClass, { axis: 0 }),
        second: backend.sum(backend.oneHot(second, classes), { axis: 0 }),
        invalid: backend.add(countNaN(backend, batch[baseline]), countNaN(backend, batch[other])),
      };
    },

    finish({ same, first, second, invalid }) {
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
    },
  };
}
