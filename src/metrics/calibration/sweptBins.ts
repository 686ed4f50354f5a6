/**
 * The number of equal-mass bins by a sweep: calibrated or not, a model that is surer should be right more often, so bins
 * whose accuracies do not rise with confidence show noise. The largest number before the first at which they do not.
 */
import { type ConfidenceGroups, sumRounding } from './confidenceGroups.ts';

/** A sweep that never meets noise ends here: it takes time that grows with the square of the bins. */
const mostSwept = 4096;

/** The number of bins to ask for, at least 1. */
export function sweptBins({ weights, hits }: ConfidenceGroups): number {
  const weightUpTo = runningSum(weights);
  const hitsUpTo = runningSum(hits);
  // From here on each group has a bin of its own, whatever unit weights are in.
  const finest = weightUpTo.at(-1)! / weights.reduce((least, weight) => Math.min(least, weight), Infinity);
  const most = Math.min(Math.ceil(finest * (1 - sumRounding)), mostSwept);
  for (let bins = 2; bins <= most; bins++) {
    if (!rises(weightUpTo, hitsUpTo, bins)) return bins - 1;
  }
  return most;
}

/** Whether accuracy never falls from one bin to the next; a bin ends with the group in which its share of the mass is full. */
function rises(weightUpTo: Float64Array, hitsUpTo: Float64Array, bins: number): boolean {
  const total = weightUpTo.at(-1)!;
  let [weightBefore, hitsBefore, before] = [0, 0, -1];
  for (let bin = 1, group = 0; bin <= bins; bin++) {
    group = firstFrom(weightUpTo, group, bin === bins ? total : ((total * bin) / bins) * (1 - sumRounding));
    const [weight, hits] = [weightUpTo[group]! - weightBefore, hitsUpTo[group]! - hitsBefore];
    // Ties have taken the whole bin into the one before.
    if (weight === 0) continue;
    // A bin's sums are differences of sums over all rows, of whose rounding it has its share.
    if (hits / weight < before - bins * 2 ** -48) return false;
    [weightBefore, hitsBefore, before] = [weightUpTo[group]!, hitsUpTo[group]!, hits / weight];
  }
  return true;
}

/** The first position, from `start` on, at which rising numbers reach a target. */
function firstFrom(rising: Float64Array, start: number, target: number): number {
  let low = start;
  let high = rising.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rising[middle]! >= target) high = middle;
    else low = middle + 1;
  }
  return low;
}

function runningSum(values: Float64Array): Float64Array {
  let sum = 0;
  return values.map((value) => {
    sum += value;
    return sum;
  });
}
