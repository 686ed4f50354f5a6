/** Bins of confidence on the host, by the rule of `calibrationError`. */
import { type BinEdges, type CalibrationBin, tabulate } from './binTable.ts';
import type { CheckedRows } from './confidenceRows.ts';

/** The number of the bin that a confidence in [0, 1] falls into. */
export function binOf(boundaries: ArrayLike<number>, confidence: number, edges: BinEdges): number {
  let low = 0;
  let high = boundaries.length - 2;
  while (low < high) {
    const middle = (low + high) >> 1;
    const upper = boundaries[middle + 1]!;
    if (edges === 'right' ? confidence <= upper : confidence < upper) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The table of bins of host rows. */
export function binRows(
  { confidences, correct, weights }: CheckedRows,
  boundaries: readonly number[],
  edges: BinEdges = 'right',
): CalibrationBin[] {
  const bins = boundaries.length - 1;
  const counts = new Float64Array(bins);
  const confidenceSums = new Float64Array(bins);
  const hits = new Float64Array(bins);
  confidences.forEach((confidence, row) => {
    const bin = binOf(boundaries, confidence, edges);
    const weight = weights === undefined ? 1 : weights[row]!;
    counts[bin]! += weight;
    confidenceSums[bin]! += weight * confidence;
    hits[bin]! += weight * correct[row]!;
  });
  return tabulate(boundaries, counts, confidenceSums, hits);
}
