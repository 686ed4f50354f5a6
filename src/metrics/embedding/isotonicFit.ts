/**
 * Disparities of non-metric scaling: the numbers nearest to the distances, by least squares, that rise with the
 * dissimilarities. Equal dissimilarities get equal disparities; those are equal that differ by rounding alone, within 1e-12
 * of the largest.
 *
 * Made once for an order, which never changes while points move; a fit allocates nothing.
 *
 * @param dissimilarities Of all pairs.
 * @param weights What each pair counts; one of weight 0 gets the disparity 0 and no say. All alike where left out.
 * @returns A function that writes the disparities of given distances, scaled to a mean square of 1: without a fixed scale
 * the stress would fall to 0 as all points meet.
 * @see Kruskal, "Nonmetric multidimensional scaling: a numerical method", 1964 (his secondary treatment of ties).
 */
export function isotonicFit(
  dissimilarities: Float64Array,
  weights?: Float64Array,
): (distances: Float64Array, disparities: Float64Array) => void {
  const order = Int32Array.from(dissimilarities, (_, pair) => pair)
    .filter((pair) => weights?.[pair] !== 0)
    .sort((a, b) => dissimilarities[a]! - dissimilarities[b]!);
  const count = order.length;
  const weightOf = (at: number): number => (weights === undefined ? 1 : weights[order[at]!]!);
  // Σ w of the pairs before each place of the order.
  const before = new Float64Array(count + 1);
  for (let at = 0; at < count; at++) before[at + 1] = before[at]! + weightOf(at);
  const tolerance = 1e-12 * dissimilarities.reduce((largest, value) => Math.max(largest, value), 0);
  // Blocks of pairs whose disparities are equal: their ends in the order, and means.
  const ends = new Int32Array(count);
  const means = new Float64Array(count);

  return (distances, disparities) => {
    let blocks = 0;
    let start = 0;
    while (start < count) {
      let end = start;
      let sum = 0;
      const tied = dissimilarities[order[start]!]!;
      while (end < count && dissimilarities[order[end]!]! - tied <= tolerance) {
        sum += weightOf(end) * distances[order[end]!]!;
        end++;
      }
      let mean = sum / (before[end]! - before[start]!);
      // Pool adjacent violators: a block that falls below the one before it is merged into it.
      while (blocks > 0 && means[blocks - 1]! >= mean) {
        blocks -= 1;
        const [from, to] = [blocks > 0 ? ends[blocks - 1]! : 0, ends[blocks]!];
        const pooled = before[to]! - before[from]!;
        mean = (means[blocks]! * pooled + mean * (before[end]! - before[to]!)) / (before[end]! - before[from]!);
      }
      ends[blocks] = end;
      means[blocks] = mean;
      blocks += 1;
      start = end;
    }
    let squares = 0;
    for (let block = 0, at = 0; block < blocks; block++) {
      squares += means[block]! ** 2 * (before[ends[block]!]! - before[at]!);
      at = ends[block]!;
    }
    const scale = squares > 0 ? Math.sqrt(before[count]! / squares) : 1;
    for (let block = 0, at = 0; block < blocks; block++) {
      for (; at < ends[block]!; at++) disparities[order[at]!] = means[block]! * scale;
    }
  };
}
