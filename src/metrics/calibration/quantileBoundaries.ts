/**
 * Boundaries of bins with equally many confidences: the k-th inner one is the ⌈N·k/bins⌉-th smallest confidence. Equal
 * confidences never part, so the result does not depend on the order of the rows; boundaries that coincide become one.
 */
export function quantileBoundaries(confidences: Float64Array, bins: number): readonly number[] {
  const sorted = confidences.slice().sort();
  const inner = Array.from({ length: bins - 1 }, (_, index) => {
    const position = Math.ceil((sorted.length * (index + 1)) / bins);
    return sorted[Math.max(position, 1) - 1]!;
  });
  return [0, ...new Set(inner.filter((value) => value > 0 && value < 1)), 1];
}
