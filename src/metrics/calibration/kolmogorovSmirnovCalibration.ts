import type { Metric } from '../../metric.ts';
import { readOptions } from '../../options.ts';
import { requireRows } from '../../rowMetric.ts';
import type { CalibrationInput, CalibrationOptionalInput } from './calibrationError.ts';
import type { ConfidenceGroups } from './confidenceGroups.ts';
import { type ConfidenceMetricOptions, confidenceMetric, confidenceMetricReaders } from './confidenceMetric.ts';

/** Options of `kolmogorovSmirnovCalibration`. */
export interface KolmogorovSmirnovCalibrationOptions<From extends 'scores' | 'confidences' = 'scores' | 'confidences'>
  extends ConfidenceMetricOptions<From> {}

/** What `kolmogorovSmirnovCalibration` returns. */
export interface KolmogorovSmirnovCalibrationResult {
  /** The largest distance of the two cumulative curves, in [0, 1]. */
  readonly value: number;
  /** The confidence up to which the distance is the largest. */
  readonly confidence: number;
  /** Confidence less accuracy up to there: above 0 where the rows up to this confidence are overconfident. */
  readonly signed: number;
  /** Mean confidence and accuracy of all rows. */
  readonly meanConfidence: number;
  readonly accuracy: number;
  /** Rows that count: the sum of their weights, where there are any. */
  readonly count: number;
  /**
   * The share of itself within which a confidence counts as equal to another: 0 unless there are more than 65,536
   * different ones.
   */
  readonly resolution: number;
  /** The two curves: at each confidence that occurs, rising, the sums over the rows up to it, over the number of all rows. */
  readonly curve: {
    readonly confidence: Float64Array;
    /** The share of the rows up to this confidence. */
    readonly fraction: Float64Array;
    readonly cumulativeConfidence: Float64Array;
    readonly cumulativeAccuracy: Float64Array;
  };
}

/**
 * Kolmogorov–Smirnov calibration error: how far the cumulative sums of confidences and of hits are apart, at most. It
 * needs no bins.
 *
 *     max_j |Σ_{i ≤ j} (confidence_i − correct_i)| / N        rows in rising order of confidence
 *
 * Rows of equal confidence count together, so the order of rows does not matter.
 *
 * Inputs: `labels` [...] and exactly one of `probabilities` and `logits` [..., classes], or with `from: 'confidences'`
 * `confidences` [...] in [0, 1] and `correct` [...], 0 or 1; optional `rowWeights` [...]. Streams and merges, exactly up to 65,536
 * different confidences.
 *
 * @throws RangeError for a confidence outside [0, 1], NaN, a label out of range, a rank above the number of classes, or no
 * row that counts.
 * @example
 * const { value } = measure(kolmogorovSmirnovCalibration(), { logits, labels });
 * const second = measure(kolmogorovSmirnovCalibration({ rank: 2 }), { logits, labels });
 * @see Gupta et al.: Calibration of neural networks using splines (2021), arXiv 2006.12800
 */
// @__NO_SIDE_EFFECTS__
export function kolmogorovSmirnovCalibration<From extends 'scores' | 'confidences' = 'scores'>(
  options: KolmogorovSmirnovCalibrationOptions<From> = {},
): Metric<CalibrationInput<From>, string, KolmogorovSmirnovCalibrationResult, CalibrationOptionalInput<From>> {
  const where = 'kolmogorovSmirnovCalibration';
  const checked = readOptions(where, options, confidenceMetricReaders<From>());
  return confidenceMetric<From, KolmogorovSmirnovCalibrationResult>(
    where,
    kolmogorovSmirnovCalibration,
    checked,
    (groups, resolution) => ({ ...distanceOf(where, groups), resolution }),
  );
}

function distanceOf(
  where: string,
  { confidences, weights, hits, sums }: ConfidenceGroups,
): Omit<KolmogorovSmirnovCalibrationResult, 'resolution'> {
  const count = requireRows(
    where,
    weights.reduce((sum, weight) => sum + weight, 0),
  );
  const fraction = new Float64Array(confidences.length);
  const cumulativeConfidence = new Float64Array(confidences.length);
  const cumulativeAccuracy = new Float64Array(confidences.length);
  let [mass, confidenceSum, hitSum, distance, largest, at] = [0, 0, 0, 0, 0, 0];
  for (let group = 0; group < confidences.length; group++) {
    const expected = sums[group]!;
    mass += weights[group]!;
    confidenceSum += expected;
    hitSum += hits[group]!;
    distance += expected - hits[group]!;
    fraction[group] = mass / count;
    cumulativeConfidence[group] = confidenceSum / count;
    cumulativeAccuracy[group] = hitSum / count;
    if (Math.abs(distance) > Math.abs(largest)) [largest, at] = [distance, group];
  }
  return {
    value: Math.abs(largest) / count,
    confidence: confidences[at]!,
    signed: largest / count,
    meanConfidence: confidenceSum / count,
    accuracy: hitSum / count,
    count,
    curve: { confidence: confidences, fraction, cumulativeConfidence, cumulativeAccuracy },
  };
}
