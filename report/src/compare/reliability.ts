/** Bins of confidence: the table of a model, and each row's bin for the bootstrap. */
import { accumulate, calibrationError } from 'dark-knowledge';
import type { Reliability } from 'dark-knowledge/figures';
import type { BinnedColumn } from './resampledSums.ts';
import type { RowNumbers } from './runRows.ts';

/** Bins of the expected calibration error: of equal width, (lower, upper]. */
export const bins = 15;

/** Rows that the metric takes at once. */
const part = 65_536;

/** The table of bins; undefined where only predictions are known. */
export function reliabilityOf(
  { predictions, scores, single }: RowNumbers,
  labels: Int32Array,
): Reliability | undefined {
  if (scores === undefined) return undefined;
  const running = accumulate(calibrationError({ bins, from: 'confidences' }));
  const confidences = single ? Float32Array.from(scores.confidences) : scores.confidences;
  for (let start = 0; start < labels.length; start += part) {
    const end = Math.min(labels.length, start + part);
    const correct = Float32Array.from({ length: end - start }, (_, row) =>
      predictions[start + row] === labels[start + row] ? 1 : 0,
    );
    running.update({ confidences: confidences.subarray(start, end), correct });
  }
  const { bins: table, expected, confidence, accuracy } = running.compute();
  return { bins: table, expected, confidence, accuracy };
}

/** Each row's bin, and its confidence less 1 where it is right. */
export function binnedGaps({ predictions, scores, single }: RowNumbers, labels: Int32Array): BinnedColumn | undefined {
  if (scores === undefined) return undefined;
  const { confidences } = scores;
  // An edge of k/15 belongs to the bin below it, in the precision of the confidences.
  const edges = Array.from({ length: bins }, (_, index) => {
    const edge = (index + 1) / bins;
    return single ? Math.fround(edge) : edge;
  });
  const bin = new Uint8Array(labels.length);
  const values = new Float64Array(labels.length);
  for (let row = 0; row < labels.length; row++) {
    const confidence = confidences[row]!;
    let place = Math.min(bins - 1, Math.floor(confidence * bins));
    if (place > 0 && confidence <= edges[place - 1]!) place--;
    else if (place < bins - 1 && confidence > edges[place]!) place++;
    bin[row] = place;
    values[row] = confidence - (predictions[row] === labels[row] ? 1 : 0);
  }
  return { bin, bins, values };
}
