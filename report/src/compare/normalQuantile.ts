/** The normal quantile of an interval's level: 1.96 for 95 %. */
export function normalQuantile(confidence: number): number {
  const share = (1 + confidence) / 2;
  let [low, high] = [0, 9];
  while (high - low > 1e-12) {
    const middle = (low + high) / 2;
    if (normalDistribution(middle) < share) low = middle;
    else high = middle;
  }
  return low;
}

/** P(Z ≤ x) for x ≥ 0, by the series of Marsaglia. */
function normalDistribution(x: number): number {
  let [sum, term] = [x, x];
  for (let k = 3; Math.abs(term) > 1e-17 && k < 5000; k += 2) {
    term *= (x * x) / k;
    sum += term;
  }
  return Math.min(1, 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI));
}
