import type { Metric } from '../../metric.ts';
import { readOptions, whole } from '../../options.ts';
import { type RowMetricOptions, requireRows, rowMask } from '../../rowMetric.ts';
import type { AdaptiveClass } from './adaptiveBins.ts';
import { type AdaptiveOptionalInput, adaptiveMetric } from './adaptiveMetric.ts';
import { mostBins } from './binTable.ts';

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
  /**
   * The share of itself within which a probability counts as equal to another: 0 unless there are more than 65,536
   * different ones (1024 a class, where there are more than 64 classes).
   */
  readonly resolution: number;
}

/**
 * Adaptive calibration error (ACE): how far the probability of every class, not of the prediction alone, is from the share of
 * labels, over bins that hold equally many rows.
 *
 *     ACE = (1/(C·R))·Σ_k Σ_r |p_kr − y_kr|        means over the rows of bin r of class k
 *
 * Bins differ by one row at most; where equal probabilities fall into two bins, each gets its part of their hits.
 *
 * Inputs: `labels` [...] and exactly one of `probabilities` and `logits` [..., classes]; optional `rowWeights` [...]. Streams and
 * merges, exactly up to 65,536 different probabilities.
 *
 * @throws RangeError for NaN, rows that are no probabilities, a label out of range, or no row that counts.
 * @example
 * const { value, perClass } = measure(adaptiveCalibrationError({ bins: 10 }), { logits, labels });
 * @see Nixon et al.: Measuring calibration in deep learning (2019), arXiv 1904.01685
 */
// @__NO_SIDE_EFFECTS__
export function adaptiveCalibrationError(
  options: AdaptiveCalibrationErrorOptions = {},
): Metric<'labels', string, AdaptiveCalibrationErrorResult, AdaptiveOptionalInput> {
  const where = 'adaptiveCalibrationError';
  const checked = readOptions(where, options, { bins: whole(1, 15, mostBins), ...rowMask() });
  return adaptiveMetric(where, adaptiveCalibrationError, checked, -Infinity, ({ perClass, resolution }) => {
    const count = requireRows(where, perClass[0]!.count);
    return {
      value: perClass.reduce((sum, { value }) => sum + value!, 0) / perClass.length,
      perClass,
      count,
      resolution,
    };
  });
}
