/**
 * Wilson's 95 % interval of a share: where the true share may lie, given `hits` of `count`. Unlike share ± 1.96·error it
 * stays in [0, 1] and keeps a width at 0 and 1.
 *
 * @returns The whole of [0, 1] where nothing was counted.
 */
export function wilsonInterval(hits: number, count: number): readonly [low: number, high: number] {
  if (count === 0) return [0, 1];
  const share = hits / count;
  const z = 1.959963984540054;
  const spread = (z * z) / count;
  const middle = (share + spread / 2) / (1 + spread);
  const half = (z / (1 + spread)) * Math.sqrt((share * (1 - share)) / count + spread / (4 * count));
  // At the ends the exact bound is 0 or 1, which rounding may miss.
  return [hits === 0 ? 0 : Math.max(0, middle - half), hits === count ? 1 : Math.min(1, middle + half)];
}
