import { shapeError } from '../../check.ts';
import type { Metric } from '../../metric.ts';
import { readOptions, whole, word } from '../../options.ts';
import { type RowMetricOptions, requireRows, rowMask, rowMetric } from '../../rowMetric.ts';
import { type PredictionOptions, type PredictionSource, predictionOptions, sourceInputs } from '../predictionSource.ts';
import { type ClassCount, classCounting, totalOf } from './classCounts.ts';

/** Options of `f1Score`. */
export interface F1ScoreOptions<From extends PredictionSource = PredictionSource>
  extends PredictionOptions<From>,
    RowMetricOptions {
  /**
   * `'binary'`: of the positive class of two, the default; `'macro'`: the mean over classes; `'micro'`: over all rows
   * (equal to accuracy); `'weighted'`: the mean over classes by the number of their labels.
   */
  readonly average?: 'binary' | 'macro' | 'micro' | 'weighted';
  /** With `average: 'binary'`: the class that counts as positive. Default 1. */
  readonly positiveClass?: number;
}

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
  const { average, positiveClass, from, classes, ignoreIndex } = readOptions('f1Score', options, {
    average: word(['binary', 'macro', 'micro', 'weighted'], 'binary'),
    positiveClass: whole(0, 1, 1),
    ...predictionOptions<From>(),
    ...rowMask(),
  });
  const { state, count, ...merging } = classCounting('f1Score', from, average === 'binary' ? 2 : classes);

  return rowMetric({
    name: 'f1Score',
    reference: f1Score,
    options: { average, positiveClass, from, classes, ignoreIndex },
    inputs: sourceInputs(from, [from], ['labels']),

    check(backend, batch) {
      const shape = backend.shapeOf(batch[from]);
      if (average === 'binary' && from !== 'predictions' && shape.at(-1) !== 2) {
        throw shapeError('f1Score', from, 'of shape [..., 2]', shape, "Set average to 'macro' for more classes.");
      }
    },

    statistics: (backend, batch, rows) => count(backend, batch[from], batch.labels, rows),
    state,
    ...merging,

    finish(statistics) {
      const { hit, predicted, actual } = statistics;
      const perClass = Array.from(hit.data, (hits, index): ClassF1 => {
        const [predictions, labels] = [predicted.data[index]!, actual.data[index]!];
        return {
          precision: predictions === 0 ? 0 : hits / predictions,
          recall: labels === 0 ? 0 : hits / labels,
          f1: predictions + labels === 0 ? 0 : (2 * hits) / (predictions + labels),
          support: labels,
          occurs: predictions + labels > 0,
        };
      });
      const occurring = perClass.filter(({ occurs }) => occurs);
      const total = requireRows('f1Score', totalOf(statistics, 'actual'));
      const macro = occurring.reduce((sum, { f1 }) => sum + f1, 0) / occurring.length;
      const micro = totalOf(statistics, 'hit') / total;
      const weighted = perClass.reduce((sum, { f1, support }) => sum + f1 * support, 0) / total;
      const binary = perClass[positiveClass]?.f1 ?? 0;
      const value = { binary, macro, micro, weighted }[average];
      return { value, macro, micro, weighted, perClass, count: total };
    },
  });
}
