import type { Metric } from '../../metric.ts';
import { readOptions, whole, within } from '../../options.ts';
import { rowMask } from '../../rowMetric.ts';
import type { AdaptiveClass } from './adaptiveBins.ts';
import type { AdaptiveCalibrationErrorOptions } from './adaptiveCalibrationError.ts';
import { type AdaptiveOptionalInput, adaptiveMetric } from './adaptiveMetric.ts';
import { mostBins } from './binTable.ts';

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
  /** The share of itself within which a probability counts as equal to another; see `adaptiveCalibrationError`. */
  readonly resolution: number;
}

/**
 * Thresholded adaptive calibration error (TACE): `adaptiveCalibrationError` over the probabilities of at least a threshold,
 * since with many classes nearly all of them are nearly 0 and calibrated for nothing.
 *
 * Inputs: `labels` [...] and exactly one of `probabilities` and `logits` [..., classes]; optional `rowWeights` [...]. Streams and
 * merges, exactly up to 65,536 different probabilities.
 *
 * @throws RangeError for NaN, rows that are no probabilities, or a label or option out of range.
 * @example
 * const { value, emptyClasses } = measure(thresholdedAdaptiveCalibrationError({ threshold: 0.05 }), { logits, labels });
 * @see Nixon et al.: Measuring calibration in deep learning (2019), arXiv 1904.01685
 */
// @__NO_SIDE_EFFECTS__
export function thresholdedAdaptiveCalibrationError(
  options: ThresholdedAdaptiveCalibrationErrorOptions = {},
): Metric<'labels', string, ThresholdedAdaptiveCalibrationErrorResult, AdaptiveOptionalInput> {
  const where = 'thresholdedAdaptiveCalibrationError';
  const checked = readOptions(where, options, {
    bins: whole(1, 15, mostBins),
    threshold: within(0, 1, 0.01),
    ...rowMask(),
  });
  const { threshold } = checked;
  return adaptiveMetric(where, thresholdedAdaptiveCalibrationError, checked, threshold, ({ perClass, resolution }) => {
    const filled = perClass.filter(({ value }) => value !== null);
    return {
      value: filled.length === 0 ? 0 : filled.reduce((sum, { value }) => sum + value!, 0) / filled.length,
      perClass,
      emptyClasses: perClass.length - filled.length,
      entries: perClass.reduce((sum, { count }) => sum + count, 0),
      resolution,
    };
  });
}
