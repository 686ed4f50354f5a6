/**
 * What parts leave of a sum of weights, at least 0. Of whole numbers it is exact; of others a difference within the sum's
 * rounding is none.
 */
export function remainder(whole: number, ...parts: readonly number[]): number {
  const left = parts.reduce((soFar, part) => soFar - part, whole);
  return left > whole * 2 ** -48 ? left : 0;
}
