/** The quantile of sorted numbers, interpolated linearly between neighbours. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const position = share * (sorted.length - 1);
  const below = Math.floor(position);
  const fraction = position - below;
  const lower = sorted[below]!;
  return fraction === 0 ? lower : interpolated(lower, sorted[below + 1]!, fraction);
}

/** Between two neighbours in order. Beside an infinite one it is infinite; between both infinities the nearer one. */
export function interpolated(lower: number, upper: number, fraction: number): number {
  if (lower === upper) return lower;
  if (lower === -Infinity) return upper === Infinity && fraction >= 0.5 ? upper : lower;
  const step = upper - lower;
  // Of two finite numbers the difference may be none.
  return step === Infinity && upper < step ? (1 - fraction) * lower + fraction * upper : lower + fraction * step;
}
