/** Welch's test: whether the means of two samples differ, whose spreads may. */

/** What the test finds. */
export interface Welch {
  /** (mean₂ − mean₁)/√(s₁²/n₁ + s₂²/n₂); ±Infinity where both samples are constant and differ, 0 where they do not. */
  readonly t: number;
  readonly pValue: number;
}

/** The two-sided test of a second sample against a first one; null where one of them has fewer than two numbers. */
export function welch(first: readonly number[], second: readonly number[]): Welch | null {
  if (first.length < 2 || second.length < 2) return null;
  const [one, two] = [momentsOf(first), momentsOf(second)];
  const difference = two.mean - one.mean;
  const [a, b] = [one.variance / first.length, two.variance / second.length];
  if (a + b === 0) return difference === 0 ? { t: 0, pValue: 1 } : { t: Math.sign(difference) * Infinity, pValue: 0 };
  const t = difference / Math.sqrt(a + b);
  const degrees = (a + b) ** 2 / (a ** 2 / (first.length - 1) + b ** 2 / (second.length - 1));
  return { t, pValue: studentTwoSided(t, degrees) };
}

function momentsOf(values: readonly number[]): { readonly mean: number; readonly variance: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, variance: squares / (values.length - 1) };
}

/** P(|T| ≥ |t|) of Student's distribution, for degrees of freedom of any size above 0. */
export function studentTwoSided(t: number, degrees: number): number {
  const square = t * t;
  // The incomplete beta function at ν/(ν + t²), by its fraction on the side where that converges fast.
  const x = degrees / (degrees + square);
  const [a, b] = [degrees / 2, 0.5];
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(a * Math.log(x) + b * Math.log(square / (degrees + square)) - logBetaHalf(a));
  return x < (a + 1) / (a + b + 2)
    ? Math.min(1, (front * betaFraction(x, a, b)) / a)
    : 1 - Math.min(1, (front * betaFraction(1 - x, b, a)) / b);
}

/** log B(a, ½). */
function logBetaHalf(a: number): number {
  // By recurrence to where Γ(a)/Γ(a + ½) has a short series in 1/a.
  let shifted = a;
  let log = 0.5 * Math.log(Math.PI);
  for (; shifted < 20; shifted++) log += Math.log1p(0.5 / shifted);
  const r = 1 / shifted;
  const series = 1 / 8 - (1 / 192 - (1 / 640 - (17 / 14336 - (31 / 18432) * r * r) * r * r) * r * r) * r * r;
  return log - 0.5 * Math.log(shifted) + r * series;
}

/** The continued fraction of the incomplete beta function, from the front by Lentz's rule. */
function betaFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300;
  const away = (value: number) => (Math.abs(value) < tiny ? tiny : value);
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let result = d;
  for (let m = 1; m < 10000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    result *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    const step = d * c;
    result *= step;
    if (Math.abs(step - 1) < 1e-16) break;
  }
  return result;
}
