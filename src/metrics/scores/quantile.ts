/** The quantile of sorted numbers, interpolated linearly between neighbours. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const position = share * (sorted.length - 1);
  const below = Math.floor(position);
  const fraction = position - below;
  const lower = sorted[below]!;
  return fraction === 0 ? lower : lower + fraction * (sorted[below + 1]! - lower);
}
