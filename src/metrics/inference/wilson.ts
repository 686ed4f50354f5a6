/**
 * Wilson's interval of a share: where the true share may lie, given `hits` of `count`. Unlike share ± z·error it stays in
 * [0, 1] and keeps a width at 0 and 1.
 *
 * @param z Normal quantile of the level: 1.96 for 95 %.
 * @returns Null where nothing was counted.
 * @see Wilson: Probable inference, the law of succession, and statistical inference (1927)
 */
export function wilsonInterval(hits: number, count: number, z: number): readonly [low: number, high: number] | null {
  if (count === 0) return null;
  const share = hits / count;
  const spread = (z * z) / count;
  const middle = (share + spread / 2) / (1 + spread);
  const half = (z / (1 + spread)) * Math.sqrt((share * (1 - share)) / count + spread / (4 * count));
  // At the ends the exact bound is 0 or 1, which rounding may miss.
  return [hits === 0 ? 0 : Math.max(0, middle - half), hits === count ? 1 : Math.min(1, middle + half)];
}
