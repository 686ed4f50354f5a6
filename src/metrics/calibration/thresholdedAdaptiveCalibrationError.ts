import { readOptions, whole, within } from '../../options.ts';
import { rowMask } from '../../rowMetric.ts';
import { type AdaptiveClass, adaptiveClass } from './adaptiveBins.ts';
import type { AdaptiveCalibrationErrorOptions } from './adaptiveCalibrationError.ts';
import { mostBins } from './binTable.ts';
import { classColumn } from './classColumn.ts';
import { checkScores, type LabelledScores } from './hostScores.ts';

/** Options of `thresholdedAdaptiveCalibrationError`. */
export interface ThresholdedAdaptiveCalibrationErrorOptions extends AdaptiveCalibrationErrorOptions {
  /** The least probability that counts, in [0, 1]. Default 0.01. */
  readonly threshold?: number;
}

/** What `thresholdedAdaptiveCalibrationError` returns. */
export interface ThresholdedAdaptiveCalibrationErrorResult {
  /** The mean over classes that have entries, and over their bins, of |mean probability − share of labels|; 0 without any. */
  readonly value: number;
  /** Each class with the number of its probabilities that reach the threshold. */
  readonly perClass: readonly AdaptiveClass[];
  /** The number of classes without any: they are left out of the mean. */
  readonly emptyClasses: number;
  /** Probabilities that count, over all classes. */
  readonly entries: number;
}

/**
 * Thresholded adaptive calibration error (TACE): `adaptiveCalibrationError` over the probabilities of at least a threshold,
 * since with many classes nearly all of them are nearly 0 and calibrated for nothing.
 *
 * @param rows `labels` [...] and exactly one of `logits` and `probabilities` [..., classes]; optional `rowWeights` [...].
 * @throws RangeError for NaN, rows that are no probabilities, a label out of range, or no row that counts.
 * @example
 * const { value, emptyClasses } = thresholdedAdaptiveCalibrationError({ logits, labels }, { threshold: 0.05 });
 * @see Nixon et al.: Measuring calibration in deep learning (2019), arXiv 1904.01685
 */
export function thresholdedAdaptiveCalibrationError(
  rows: LabelledScores,
  options: ThresholdedAdaptiveCalibrationErrorOptions = {},
): ThresholdedAdaptiveCalibrationErrorResult {
  const where = 'thresholdedAdaptiveCalibrationError';
  const { bins, threshold, ignoreIndex } = readOptions(where, options, {
    bins: whole(1, 15, mostBins),
    threshold: within(0, 1, 0.01),
    ...rowMask(),
  });
  const scores = checkScores(where, rows, ignoreIndex);
  const column = classColumn(scores);
  const perClass = Array.from({ length: scores.classes }, (_, index) => adaptiveClass(column(index, threshold), bins));
  const filled = perClass.filter(({ value }) => value !== null);
  return {
    value: filled.length === 0 ? 0 : filled.reduce((sum, { value }) => sum + value!, 0) / filled.length,
    perClass,
    emptyClasses: perClass.length - filled.length,
    entries: perClass.reduce((sum, { count }) => sum + count, 0),
  };
}
