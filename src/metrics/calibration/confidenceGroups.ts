/** Rows of equal confidence taken together, in rising order: what equal-mass bins, KS and risk over coverage are made of. */
import type { CheckedRows } from './confidenceRows.ts';

/** Rows in rising order of confidence, equal confidences together. */
export interface ConfidenceGroups {
  /** Rising. */
  readonly confidences: Float64Array;
  /** Σ w of the rows with this confidence. */
  readonly weights: Float64Array;
  /** Σ w of the hits among them. */
  readonly hits: Float64Array;
  /** Σ w·confidence: of confidences that are taken for equal, the exact sum. */
  readonly sums: Float64Array;
}

/** What a sum of weights may be off by, as a share of itself: 0.1 ten times is a little below 1. */
export const sumRounding = 1e-12;

/** Sorts rows and takes those of equal confidence together, so that nothing depends on the order in which they came. */
export function groupConfidences(rows: CheckedRows): ConfidenceGroups {
  const { confidences, correct, weights } = rows;
  if (weights === undefined) {
    // Two sorts of plain numbers take a tenth of the time of one that calls back.
    const hits = confidences.filter((_, row) => correct[row] !== 0);
    return gathered(confidences.slice().sort(), undefined, hits.sort());
  }
  const order = Uint32Array.from(confidences, (_, row) => row);
  order.sort((a, b) => confidences[a]! - confidences[b]!);
  const arranged = (values: Float64Array) => Float64Array.from(order, (row) => values[row]!);
  const isHit = (row: number) => correct[row] !== 0;
  const hits = order.filter(isHit);
  return gathered(
    arranged(confidences),
    arranged(weights),
    Float64Array.from(hits, (row) => confidences[row]!),
    Float64Array.from(hits, (row) => weights[row]!),
  );
}

/** Sorted confidences and those of the hits among them, each with its weights, as groups. */
function gathered(
  sorted: Float64Array,
  weights: Float64Array | undefined,
  sortedHits: Float64Array,
  hitWeights?: Float64Array,
): ConfidenceGroups {
  const groups = {
    confidences: new Float64Array(sorted.length),
    weights: new Float64Array(sorted.length),
    hits: new Float64Array(sorted.length),
    sums: new Float64Array(sorted.length),
  };
  let last = -1;
  let nextHit = 0;
  for (let row = 0; row < sorted.length; row++) {
    if (last < 0 || sorted[row]! > groups.confidences[last]!) groups.confidences[++last] = sorted[row]!;
    const weight = weights === undefined ? 1 : weights[row]!;
    groups.weights[last]! += weight;
    groups.sums[last]! += weight * sorted[row]!;
    while (nextHit < sortedHits.length && sortedHits[nextHit]! <= sorted[row]!) {
      groups.hits[last]! += hitWeights === undefined ? 1 : hitWeights[nextHit]!;
      nextHit++;
    }
  }
  const taken = (values: Float64Array) => values.subarray(0, last + 1);
  return {
    confidences: taken(groups.confidences),
    weights: taken(groups.weights),
    hits: taken(groups.hits),
    sums: taken(groups.sums),
  };
}
