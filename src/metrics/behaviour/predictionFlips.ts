import { columnMetric } from '../../columnMetric.ts';
import type { Metric } from '../../metric.ts';
import { addStatistics } from '../../metricState.ts';
import { normalCritical } from '../../ops/normalTail.ts';
import { between, positive, readOptions } from '../../options.ts';
import { type RowMetricOptions, requireRows, rowMask } from '../../rowMetric.ts';
import { checkDecision, type DecisionOptions, decisionOption } from '../decisionThreshold.ts';
import { mcNemar } from '../inference/mcNemar.ts';
import {
  columnFrom,
  finiteColumns,
  type MomentStatistic,
  mergeMoments,
  momentsOf,
  momentsState,
} from '../inference/moments.ts';
import type { PredictionSource } from '../predictionSource.ts';
import {
  answerProbabilityChange,
  type BeforeAfterInput,
  type BeforeAfterOptions,
  beforeAfterColumns,
  beforeAfterInputs,
  beforeAfterSource,
  checkBothDecided,
  type FlipTable,
  flipState,
  flipStatistics,
  flipTableFrom,
  pairedChange,
  rowsOfTable,
} from './beforeAfter.ts';

/** Options of `predictionFlips`. */
export interface PredictionFlipsOptions<From extends PredictionSource = PredictionSource>
  extends BeforeAfterOptions<From>,
    DecisionOptions,
    RowMetricOptions {
  /** How much accuracy may change and still count as the same, as a share. Default 0.05; choose it before you look. */
  readonly margin?: number;
  /** The level of the test of equivalence, in (0.5, 1). Default 0.95. */
  readonly level?: number;
}

/** What `predictionFlips` returns. */
export interface PredictionFlipsResult extends FlipTable {
  /** The rate of flips. */
  readonly value: number;
  /** (b + c)/n: rows that are right on one side only. */
  readonly flipRate: number;
  /** Rows with another answer, right or wrong: (b + c + those wrong differently)/n. */
  readonly churn: number;
  /** b/n: rows that became wrong. */
  readonly negativeFlipRate: number;
  /**
   * b/n over accuracy before × error after: 1 where the new errors fall on rows as if by chance, below 1 where they fall on
   * rows that were wrong already; 0 where there is nothing to lose or nothing wrong.
   */
  readonly relativeNegativeFlipRate: number;
  readonly accuracyBefore: number;
  readonly accuracyAfter: number;
  /** (c − b)/n. */
  readonly accuracyChange: number;
  /** Paired: √(b + c − (b − c)²/n)/n. */
  readonly accuracyChangeStandardError: number;
  /** McNemar's exact test, two-sided; 1 where nothing flipped. Null where row weights are no counts. */
  readonly mcNemarExact: number | null;
  /** Its mid-p variant. */
  readonly mcNemarMidP: number | null;
  /** Two one-sided tests of the change of accuracy against ±margin: change ± z·error, z the normal quantile of the level. */
  readonly equivalence: {
    readonly lower: number;
    readonly upper: number;
    readonly margin: number;
    /** Whether the interval lies inside ±margin: accuracy is the same, as far as the margin goes. */
    readonly equivalent: boolean;
  };
  /**
   * By how much the probability of the right answer changed, after − before: its mean and standard error (null for a single
   * row). Null where the inputs are predictions.
   */
  readonly answerProbabilityChange: { readonly mean: number; readonly standardError: number | null } | null;
  readonly count: number;
}

/**
 * What a change of models does to single rows: of two models with the same accuracy one may be wrong on many rows that the
 * other got right, which only this shows.
 *
 * With b rows that became wrong, c that became right: flips (b + c)/n, churn, negative flips b/n, and McNemar's test, which
 * asks whether b and c differ by more than chance.
 *
 * Inputs: `before`, `after` and `labels` [...], class numbers, or by `from` `beforeLogits` and `afterLogits` (or
 * `beforeProbabilities` …) [..., classes], of which the first largest class is the prediction; optional `rowWeights` [...].
 * Where answers are texts, the caller compares them: give labels of 1 and, on each side, 1 for right and 0 for wrong. Streams
 * and merges exactly: five counts.
 *
 * @throws RangeError for a label out of range, NaN, options out of range, or no row that counts.
 * @example
 * const { harmful, beneficial, mcNemarExact } = measure(predictionFlips({ margin: 0.01 }), {
 *   before: [0, 1, 1, 2], after: [0, 1, 2, 2], labels: [0, 1, 1, 1],
 * });
 * @see McNemar (1947); Fagerland, Lydersen, Laake: The McNemar test for binary matched-pairs data: mid-p and asymptotic are
 * better than exact conditional (2013); Dutta et al.: Accuracy is not all you need (2024), arXiv 2407.09141
 */
// @__NO_SIDE_EFFECTS__
export function predictionFlips<From extends PredictionSource = 'predictions'>(
  options: PredictionFlipsOptions<From> = {},
): Metric<BeforeAfterInput<From> | 'labels', string, PredictionFlipsResult, 'rowWeights'> {
  const { margin, level, from, threshold, ignoreIndex } = readOptions('predictionFlips', options, {
    margin: positive(0.05),
    level: between(0.5, 1, 0.95),
    from: beforeAfterSource<From>(),
    ...decisionOption(),
    ...rowMask(),
  });
  const decision = { from, threshold };
  checkDecision('predictionFlips', decision);
  const z = normalCritical(2 * level - 1);
  // Of predictions there is no probability, and the state holds the table alone.
  const scored = from !== 'predictions';
  const metric = columnMetric<
    string,
    'before' | 'after' | 'labels',
    keyof FlipTable | MomentStatistic,
    PredictionFlipsResult
  >({
    name: 'predictionFlips',
    reference: predictionFlips,
    options: { margin, level, from, threshold, ignoreIndex },
    inputs: beforeAfterInputs(from, 'probabilities'),
    check: (backend, batch) => checkBothDecided(backend, 'predictionFlips', decision, batch),
    columns: (backend, batch) => ({
      ...beforeAfterColumns(backend, decision, batch),
      ...(scored && { change: answerProbabilityChange(backend, from, batch) }),
    }),
    condense: ({ change, ...columns }, weights) => ({
      ...flipStatistics(columns, weights),
      ...momentsOf(finiteColumns(change === undefined ? [] : [change], weights), weights, columns.labels.length),
    }),
    state: { ...flipState, ...momentsState(scored ? 1 : 0) },
    merge: (first, second) => ({ ...addStatistics(first, second), ...mergeMoments(first, second) }),

    finish(statistics) {
      const table = flipTableFrom(statistics);
      const count = requireRows('predictionFlips', rowsOfTable(table));
      const { harmful: b, beneficial: c } = table;
      const { change, error } = pairedChange(b, c, count);
      const [accuracyBefore, accuracyAfter] = [(table.bothRight + b) / count, (table.bothRight + c) / count];
      const { exact, midP } = mcNemar(b, c);
      const [lower, upper] = [change - z * error, change + z * error];
      return {
        value: (b + c) / count,
        ...table,
        flipRate: (b + c) / count,
        churn: (b + c + table.bothWrongDifferently) / count,
        negativeFlipRate: b / count,
        relativeNegativeFlipRate: b === 0 ? 0 : b / count / (accuracyBefore * ((b + table.bothWrong) / count)),
        accuracyBefore,
        accuracyAfter,
        accuracyChange: change,
        accuracyChangeStandardError: error,
        mcNemarExact: exact,
        mcNemarMidP: midP,
        equivalence: { lower, upper, margin, equivalent: lower > -margin && upper < margin },
        answerProbabilityChange: scored ? columnFrom(statistics, 0) : null,
        count,
      };
    },
  });
  return metric as never;
}
