/**
 * Binomial probabilities for any number of trials, without a gamma function: Loader's form, in which the large terms of
 * the factorials cancel on paper, so that 10⁹ trials keep all digits.
 */

/** P(X = hits) of so many trials, each with this chance. */
export function binomialProbability(hits: number, trials: number, chance: number): number {
  if (hits < 0 || hits > trials) return 0;
  if (chance === 0) return hits === 0 ? 1 : 0;
  if (chance === 1) return hits === trials ? 1 : 0;
  if (hits === 0) return Math.exp(trials * Math.log1p(-chance));
  if (hits === trials) return Math.exp(trials * Math.log(chance));
  const misses = trials - hits;
  const log =
    stirlingRest(trials) -
    stirlingRest(hits) -
    stirlingRest(misses) -
    deviance(hits, trials * chance) -
    deviance(misses, trials * (1 - chance));
  return Math.exp(log) * Math.sqrt(trials / (2 * Math.PI * hits * misses));
}

/** P(X ≤ hits) of so many fair trials, for hits up to half of them: terms that fall from the last one down. */
export function fairLowerTail(hits: number, trials: number): number {
  if (hits < 0) return 0;
  let term = binomialProbability(hits, trials, 0.5);
  let sum = term;
  for (let at = hits; at > 0 && term > sum * 1e-17; at--) {
    term *= at / (trials - at + 1);
    sum += term;
  }
  return sum;
}

/** log n! − ((n + ½)·log n − n + ½·log 2π): Stirling's error, by its series, or exactly where n is small. */
function stirlingRest(n: number): number {
  if (n < 16) {
    let factorial = 1;
    for (let factor = 2; factor <= n; factor++) factorial *= factor;
    return Math.log(factorial) - ((n + 0.5) * Math.log(n) - n + 0.5 * Math.log(2 * Math.PI));
  }
  const square = n * n;
  return (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - 1 / 1188 / square) / square) / square) / square) / n;
}

/** x·log(x/mean) + mean − x ≥ 0, which near x = mean is small against each of its terms. */
function deviance(x: number, mean: number): number {
  const ratio = (x - mean) / (x + mean);
  if (Math.abs(ratio) >= 0.1) return x * Math.log(x / mean) + mean - x;
  // With v = (x − m)/(x + m): log(x/m) = 2·(v + v³/3 + …), and what is left of x·2v + m − x is (x − m)·v.
  const square = ratio * ratio;
  let sum = (x - mean) * ratio;
  let power = 2 * x * ratio;
  for (let odd = 3; ; odd += 2) {
    power *= square;
    const next = sum + power / odd;
    if (next === sum) return sum;
    sum = next;
  }
}
