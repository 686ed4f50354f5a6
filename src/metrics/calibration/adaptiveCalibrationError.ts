import { readOptions, whole } from '../../options.ts';
import { type RowMetricOptions, rowMask } from '../../rowMetric.ts';
import { type AdaptiveClass, adaptiveClass } from './adaptiveBins.ts';
import { mostBins } from './binTable.ts';
import { classColumn } from './classColumn.ts';
import { checkScores, type LabelledScores } from './hostScores.ts';

/** Options of `adaptiveCalibrationError`. */
export interface AdaptiveCalibrationErrorOptions extends RowMetricOptions {
  /** The number of bins of equal mass for each class. Default 15. */
  readonly bins?: number;
}

/** What `adaptiveCalibrationError` returns. */
export interface AdaptiveCalibrationErrorResult {
  /** The mean over classes and bins of |mean probability − share of labels|, in [0, 1]. */
  readonly value: number;
  readonly perClass: readonly AdaptiveClass[];
  /** Rows that count: the sum of their weights, where there are any. */
  readonly count: number;
}

/**
 * Adaptive calibration error (ACE): how far the probability of every class, not of the prediction alone, is from the share of
 * labels, over bins that hold equally many rows.
 *
 *     ACE = (1/(C·R))·Σ_k Σ_r |p_kr − y_kr|        means over the rows of bin r of class k
 *
 * Where bins lie depends on all rows, so it is computed in one go on host arrays.
 *
 * @param rows `labels` [...] and exactly one of `logits` and `probabilities` [..., classes]; optional `rowWeights` [...].
 * @throws RangeError for NaN, rows that are no probabilities, a label out of range, or no row that counts.
 * @example
 * const { value, perClass } = adaptiveCalibrationError({ logits, labels }, { bins: 10 });
 * @see Nixon et al.: Measuring calibration in deep learning (2019), arXiv 1904.01685
 */
export function adaptiveCalibrationError(
  rows: LabelledScores,
  options: AdaptiveCalibrationErrorOptions = {},
): AdaptiveCalibrationErrorResult {
  const where = 'adaptiveCalibrationError';
  const { bins, ignoreIndex } = readOptions(where, options, { bins: whole(1, 15, mostBins), ...rowMask() });
  const scores = checkScores(where, rows, ignoreIndex);
  const column = classColumn(scores);
  const perClass = Array.from({ length: scores.classes }, (_, index) => adaptiveClass(column(index, -Infinity), bins));
  return {
    value: perClass.reduce((sum, { value }) => sum + value!, 0) / perClass.length,
    perClass,
    count: perClass[0]!.count,
  };
}
