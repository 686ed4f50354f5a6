/**
 * P(Z > z) of the standard normal distribution, to 14 digits however small: below 2 from the series of its middle, all of
 * whose terms are positive, above from the continued fraction of its tail.
 */
export function normalTail(z: number): number {
  if (z < 0) return 1 - normalTail(-z);
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  if (z < 2) {
    let [term, sum] = [z, z];
    for (let odd = 3; term > sum * 1e-17; odd += 2) {
      term *= (z * z) / odd;
      sum += term;
    }
    return 0.5 - density * sum;
  }
  let fraction = z;
  for (let step = 200; step > 0; step--) fraction = z + step / fraction;
  return density / fraction;
}

/** The z with P(|Z| < z) = level, for a two-sided interval; `level` is below 1. */
export function normalCritical(level: number): number {
  return beyond((1 - level) / 2);
}

/** P(Z < z). */
export function normalShare(z: number): number {
  return z < 0 ? normalTail(-z) : 1 - normalTail(z);
}

/** The z with P(Z < z) = share, strictly between 0 and 1. */
export function normalQuantile(share: number): number {
  return share < 0.5 ? -beyond(share) : beyond(1 - share);
}

/** The z ≥ 0 with P(Z > z) = tail, at most ½. */
function beyond(tail: number): number {
  let [low, high] = [0, 40];
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return middle;
    if (normalTail(middle) > tail) low = middle;
    else high = middle;
  }
}
