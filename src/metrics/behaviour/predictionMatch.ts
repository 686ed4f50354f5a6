/** Whether two models, or one on two views, predict the same class: shared by agreement and invariance. */
import type { Metric } from '../../metric.ts';
import { countOf } from '../../metricState.ts';
import { sameIndex } from '../../ops/sameIndex.ts';
import { requireRows, rowMetric } from '../../rowMetric.ts';
import { checkDecided, checkDecision, decidedClass } from '../decisionThreshold.ts';
import { addByClass, classExtent, numberOfClasses, type PredictionSource, sourceInputs } from '../predictionSource.ts';

/** Names of the statistics of a comparison of predictions: numbers of rows by class. */
export type MatchStatistic = 'same' | 'first' | 'second';

/** Agreement on the rows that the first side (the teacher, or the first view) puts into one class. */
export interface ClassMatch {
  readonly class: number;
  readonly same: number;
  /** Rows that the first side predicts as this class. */
  readonly count: number;
  /** same / count; null for a class that the first side never predicts. */
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

/** What a comparison of predictions is made from. */
interface MatchOptions {
  readonly from: PredictionSource;
  readonly threshold: number | undefined;
  readonly classes: number | undefined;
  readonly ignoreIndex: number | null;
}

/**
 * A metric that compares the predictions of two inputs, which it takes under the names `baseline` (what the breakdown goes
 * by) and `other`.
 */
export function predictionMatch<Input extends string>(
  name: string,
  reference: object,
  options: MatchOptions,
  { baseline, other }: { readonly baseline: Input; readonly other: Input },
): Metric<Input, MatchStatistic, PredictionMatch, 'labels' | 'rowWeights'> {
  const { from, classes } = options;
  checkDecision(name, options);
  const extent = classExtent(from, classes);
  return rowMetric<Input, MatchStatistic, PredictionMatch>({
    name,
    reference,
    options: { ...options },
    inputs: sourceInputs(from, [baseline, other]),

    check(backend, batch) {
      for (const side of [baseline, other]) checkDecided(backend, name, batch[side], options, side);
    },

    statistics(backend, batch, rows) {
      const number = numberOfClasses(backend, name, classes, batch[baseline], [batch[other]]);
      const first = decidedClass(backend, batch[baseline], options);
      const second = decidedClass(backend, batch[other], options);
      const firstClass = backend.oneHot(first, number);
      const same = backend.reshape(sameIndex(backend, first, second), [rows.size, 1]);
      return {
        same: rows.sum(backend.multiply(firstClass, same)),
        first: rows.sum(firstClass),
        second: rows.sum(backend.oneHot(second, number)),
      };
    },

    state: { same: countOf(extent, 'first'), first: countOf(extent), second: countOf(extent) },
    ...(from === 'predictions' && classes === undefined && { merge: addByClass<MatchStatistic> }),

    finish({ same, first, second }) {
      const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);
      const count = requireRows(name, sum(first.data));
      const agreeing = sum(same.data);
      // Of the disagreements, so that κ near 1 keeps its digits.
      const unlike = sum(first.data.map((value, index) => value - same.data[index]!)) / count;
      const unlikeByChance = disagreementByChance(first.data, second.data, count);
      return {
        value: agreeing / count,
        same: agreeing,
        count,
        kappa: unlikeByChance === 0 ? 1 : 1 - unlike / unlikeByChance,
        perClass: Array.from(first.data, (total, index) => ({
          class: index,
          same: same.data[index]!,
          count: total,
          value: total === 0 ? null : same.data[index]! / total,
        })),
      };
    },
  });
}

/** The share of rows on which sides with these numbers of predictions would differ by chance: 0 where both hold one class. */
function disagreementByChance(first: Float64Array, second: Float64Array, count: number): number {
  let [chance, before, secondBefore] = [0, 0, 0];
  first.forEach((own, index) => {
    const other = second[index]!;
    chance += (own / count) * (secondBefore / count) + (before / count) * (other / count);
    before += own;
    secondBefore += other;
  });
  return chance;
}
