/** Equal-mass bins of the probabilities of one class: what adaptive calibration errors are the mean over. */
import type { CalibrationBin } from './binTable.ts';
import type { ConfidenceGroups } from './confidenceGroups.ts';

/** One class of an adaptive calibration error. */
export interface AdaptiveClass {
  /** The mean |gap| of its bins; null for a class without entries. */
  readonly value: number | null;
  /** Entries that count: probabilities of the class. */
  readonly count: number;
  /** The bins, from their smallest to their largest probability. */
  readonly bins: readonly CalibrationBin[];
}

/**
 * The bins and their mean |gap|. Bins differ by one entry at most, the larger ones first; with fewer entries than bins
 * each entry has its own. Where equal probabilities fall into two bins, each gets its part of their hits, so that the order
 * of the entries does not matter; a row of weight 2 counts as two, and where weights are no whole numbers, bins have equal
 * weight and a row may lie in two.
 */
export function adaptiveClass(groups: ConfidenceGroups, bins: number): AdaptiveClass {
  const count = groups.weights.reduce((sum, weight) => sum + weight, 0);
  if (count === 0) return { value: null, count, bins: [] };
  const sizes = binSizes(count, bins, groups.weights.every(Number.isInteger));
  const table: CalibrationBin[] = [];
  let group = 0;
  let left = groups.weights[0]!;
  for (const size of sizes) {
    const lower = groups.confidences[group]!;
    let upper = lower;
    let [wanted, confidence, hits] = [size, 0, 0];
    while (wanted > 0) {
      // The last bin takes what rounding left.
      const taken = table.length === sizes.length - 1 ? left : Math.min(wanted, left);
      upper = groups.confidences[group]!;
      const share = taken / groups.weights[group]!;
      confidence += share * groups.sums[group]!;
      hits += share * groups.hits[group]!;
      wanted -= taken;
      left -= taken;
      if (left > 0) continue;
      if (group === groups.confidences.length - 1) break;
      left = groups.weights[++group]!;
    }
    const gap = (confidence - hits) / size;
    table.push({ lower, upper, count: size, confidence: confidence / size, accuracy: hits / size, gap });
  }
  return { value: table.reduce((sum, { gap }) => sum + Math.abs(gap!), 0) / table.length, count, bins: table };
}

function binSizes(count: number, bins: number, whole: boolean): readonly number[] {
  if (!whole) return Array(bins).fill(count / bins);
  const least = Math.floor(count / bins);
  const larger = count % bins;
  return Array.from({ length: bins }, (_, bin) => least + (bin < larger ? 1 : 0)).filter((size) => size > 0);
}
