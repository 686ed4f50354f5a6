import type { Metric } from '../../metric.ts';
import type { PredictionSource } from '../predictionSource.ts';
import type { ClassCount } from './classCounts.ts';
import { type FScoreOptions, fScoreMetric } from './fScores.ts';

/** Options of `f1Score`. */
export interface F1ScoreOptions<From extends PredictionSource = PredictionSource> extends FScoreOptions<From> {}

/** Precision, recall and F1 of one class. */
export interface ClassF1 {
  /** hits / predictions of the class; 0 where it is never predicted. */
  readonly precision: number;
  /** hits / labels of the class; 0 where it has no label. */
  readonly recall: number;
  /** 2·hits / (predictions + labels); 0 where both are 0. */
  readonly f1: number;
  /** The number of labels of the class. */
  readonly support: number;
  /** False for a class that occurs neither in labels nor in predictions; the macro mean leaves it out. */
  readonly occurs: boolean;
}

/** What `f1Score` returns. */
export interface F1ScoreResult {
  /** The score of the average that was asked for, in [0, 1]. */
  readonly value: number;
  readonly macro: number;
  readonly micro: number;
  readonly weighted: number;
  readonly perClass: readonly ClassF1[];
  readonly count: number;
}

/**
 * F1 score: the harmonic mean of precision and recall, 2·hits/(predictions + labels).
 *
 * Inputs: `logits` (or by `from` `probabilities`) [..., classes] or `predictions` [...], and `labels` [...]; optional
 * `rowWeights` [...]. Among equal logits the first class is the prediction. A class
 * that is neither labelled nor predicted is left out of the macro mean; a binary score without any positive is 0.
 * Streams and merges exactly.
 *
 * @throws RangeError for NaN, a label or positive class out of range, or `'binary'` with other than two classes.
 * @example
 * const { value, perClass } = measure(f1Score({ average: 'macro' }), { logits, labels });
 */
// @__NO_SIDE_EFFECTS__
export function f1Score<From extends PredictionSource = 'logits'>(
  options: F1ScoreOptions<From> = {},
): Metric<From | 'labels', ClassCount, F1ScoreResult, 'rowWeights'> {
  return fScoreMetric('f1Score', f1Score, options, undefined, ({ classes, ...averages }) => ({
    ...averages,
    perClass: classes.map(({ score, ...rest }) => ({ ...rest, f1: score })),
  }));
}
