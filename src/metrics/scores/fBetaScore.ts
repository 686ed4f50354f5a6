import type { Metric } from '../../metric.ts';
import { positive } from '../../options.ts';
import type { PredictionSource } from '../predictionSource.ts';
import type { ClassCount } from './classCounts.ts';
import { type FScoreOptions, fScoreMetric } from './fScores.ts';

/** Options of `fBetaScore`. */
export interface FBetaScoreOptions<From extends PredictionSource = PredictionSource> extends FScoreOptions<From> {
  /** β: recall weighs β² times as much as precision. 2 where a miss is worse than a false alarm, 0.5 the other way round. */
  readonly beta: number;
}

/** Precision, recall and F-beta of one class. */
export interface ClassFBeta {
  /** hits / predictions of the class; 0 where it is never predicted. */
  readonly precision: number;
  /** hits / labels of the class; 0 where it has no label. */
  readonly recall: number;
  /** (1 + β²)·hits / (predictions + β²·labels); 0 where both are 0. */
  readonly fBeta: number;
  /** The number of labels of the class. */
  readonly support: number;
  /** False for a class that occurs neither in labels nor in predictions; the macro mean leaves it out. */
  readonly occurs: boolean;
}

/** What `fBetaScore` returns. */
export interface FBetaScoreResult {
  /** The score of the average that was asked for, in [0, 1]. */
  readonly value: number;
  readonly macro: number;
  readonly micro: number;
  readonly weighted: number;
  readonly perClass: readonly ClassFBeta[];
  readonly count: number;
}

/**
 * F-beta score: the harmonic mean of precision and recall, of which recall weighs β² times as much.
 *
 *     F_β = (1 + β²)·hits/(predictions + β²·labels)
 *
 * Inputs: `logits` (or by `from` `probabilities`) [..., classes] or `predictions` [...], and `labels` [...]; optional
 * `rowWeights` [...]. A class that is neither labelled nor predicted is left out of the macro mean; a binary score without any
 * positive is 0. `f1Score` is the one of β = 1. Streams and merges exactly.
 *
 * @throws RangeError for NaN, a label, positive class, threshold or β out of range, or `'binary'` with other than two classes.
 * @example
 * const { value } = measure(fBetaScore({ beta: 2, threshold: 0.3 }), { logits: [[1, 0], [0, 2]], labels: [0, 1] });
 * @see Van Rijsbergen: Information retrieval (1979), chapter 7
 */
// @__NO_SIDE_EFFECTS__
export function fBetaScore<From extends PredictionSource = 'logits'>(
  options: FBetaScoreOptions<From>,
): Metric<From | 'labels', ClassCount, FBetaScoreResult, 'rowWeights'> {
  return fScoreMetric('fBetaScore', fBetaScore, options, positive(), ({ classes, ...averages }) => ({
    ...averages,
    perClass: classes.map(({ score, ...rest }) => ({ ...rest, fBeta: score })),
  }));
}
