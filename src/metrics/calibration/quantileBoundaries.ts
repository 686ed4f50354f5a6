/**
 * Boundaries of bins with equally many confidences: the k-th inner one lies between the ⌈N·k/bins⌉-th smallest confidence
 * and the next larger one, N being Σ w. Equal confidences never part, so the result does not depend on the order of the
 * rows; boundaries that coincide become one.
 */
import { type ConfidenceGroups, sumRounding } from './confidenceGroups.ts';

/** The boundaries, rising from 0 to 1. */
export function quantileBoundaries(
  { confidences, weights }: Pick<ConfidenceGroups, 'confidences' | 'weights'>,
  bins: number,
): readonly number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const last = confidences.length - 1;
  const inner: number[] = [];
  let group = 0;
  let below = weights[0]!;
  let drawn = -1;
  for (let bin = 1; bin < bins; bin++) {
    // A sum of weights may miss the share that it is by its rounding.
    while (group < last && below < ((total * bin) / bins) * (1 - sumRounding)) below += weights[++group]!;
    if (group === last) break;
    if (group === drawn) continue;
    drawn = group;
    const [lower, upper] = [confidences[group]!, confidences[group + 1]!];
    // Halfway, so that a device's rounding of a confidence does not carry it over the boundary.
    const halfway = (lower + upper) / 2;
    const boundary = halfway < upper ? halfway : lower;
    if (boundary > 0 && boundary < 1) inner.push(boundary);
  }
  return [0, ...inner, 1];
}
