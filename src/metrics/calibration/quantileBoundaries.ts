/**
 * Boundaries of bins with equally many confidences: the k-th inner one lies between the ⌈N·k/bins⌉-th smallest confidence
 * and the next larger one. Equal confidences never part, so the result does not depend on the order of the rows; boundaries
 * that coincide become one.
 */
export function quantileBoundaries(confidences: Float64Array, bins: number): readonly number[] {
  const sorted = confidences.slice().sort();
  const inner = new Set<number>();
  let next = 0;
  for (let bin = 1; bin < bins; bin++) {
    const last = sorted[Math.max(Math.ceil((sorted.length * bin) / bins), 1) - 1]!;
    while (next < sorted.length && sorted[next]! <= last) next++;
    if (next === sorted.length) break;
    // Halfway, so that a device's rounding of a confidence does not carry it over the boundary.
    const halfway = (last + sorted[next]!) / 2;
    inner.add(halfway < sorted[next]! ? halfway : last);
  }
  return [0, ...[...inner].filter((value) => value > 0 && value < 1), 1];
}
