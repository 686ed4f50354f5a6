import { readOptions } from '../../options.ts';
import { groupConfidences } from './confidenceGroups.ts';
import {
  type ConfidenceOptions,
  type ConfidenceRows,
  checkConfidenceRows,
  confidenceReaders,
  totalWeight,
} from './confidenceRows.ts';
import type { LabelledScores } from './hostScores.ts';

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
 * Rows of equal confidence count together, so the order of rows does not matter. It needs all rows at once, on host arrays.
 *
 * @param rows `labels` [...] and one of `logits` and `probabilities` [..., classes], or `confidences` [...] in [0, 1] and
 * `correct` [...], 0 or 1, as `topLabelConfidences` makes them; `rowWeights` [...] in either case.
 * @throws RangeError for a confidence outside [0, 1], NaN, a label out of range, or no row that counts.
 * @example
 * const { value } = kolmogorovSmirnovCalibration({ logits, labels });
 * const second = kolmogorovSmirnovCalibration({ logits, labels }, { rank: 2 });
 * @see Gupta et al.: Calibration of neural networks using splines (2021), arXiv 2006.12800
 */
export function kolmogorovSmirnovCalibration(
  rows: ConfidenceRows | LabelledScores,
  options: ConfidenceOptions = {},
): KolmogorovSmirnovCalibrationResult {
  const where = 'kolmogorovSmirnovCalibration';
  const checked = checkConfidenceRows(where, rows, readOptions(where, options, confidenceReaders()));
  const count = totalWeight(checked);
  const { confidences, weights, hits } = groupConfidences(checked);
  const fraction = new Float64Array(confidences.length);
  const cumulativeConfidence = new Float64Array(confidences.length);
  const cumulativeAccuracy = new Float64Array(confidences.length);
  let [mass, confidenceSum, hitSum, distance, largest, at] = [0, 0, 0, 0, 0, 0];
  for (let group = 0; group < confidences.length; group++) {
    const expected = weights[group]! * confidences[group]!;
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
