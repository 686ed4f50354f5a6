/** The tail of Student's t distribution, for degrees of freedom of any size and tails of any smallness. */
import { normalTail } from './normalTail.ts';

/** From here on Hill's normal deviate has the digits, and the continued fraction begins to lose them. */
const manyDegrees = 2000;

/**
 * P(T > t) of Student's t with some degrees of freedom, whole or not; to 11 digits, also of numbers like 1e-200; beyond
 * 2000 degrees tails as small as that to 8.
 *
 * It is ½·I_x(ν/2, ½) with x = ν/(ν + t²), the regularised incomplete beta function.
 *
 * @see Hill, "Student's t-distribution", Algorithm 395, 1970, for many degrees of freedom.
 */
export function studentTTail(t: number, degrees: number): number {
  if (t < 0) return 1 - studentTTail(-t, degrees);
  if (t === Infinity) return 0;
  // Beyond them nothing of t's own is left, and powers of the degrees are no numbers.
  if (degrees > 1e30) return normalTail(t);
  if (degrees > manyDegrees) return normalTail(normalDeviate(t, degrees));
  const [a, b] = [degrees / 2, 0.5];
  const ratio = (t * t) / degrees;
  const [x, rest] = [1 / (1 + ratio), ratio / (1 + ratio)];
  // x^a·(1 − x)^b/B(a, b), with log x by the small number that it depends on.
  const front = Math.exp(-a * Math.log1p(ratio) + b * Math.log(rest) + logGammaRatio(a) - Math.log(Math.PI) / 2);
  if (x < (a + 1) / (a + b + 2)) return (0.5 * front * betaFraction(a, b, x)) / a;
  return 0.5 - (0.5 * front * betaFraction(b, a, rest)) / b;
}

/** The z whose normal tail is that of t. */
function normalDeviate(t: number, degrees: number): number {
  const a = degrees - 0.5;
  const b = 48 * a * a;
  const y = a * Math.log1p((t * t) / degrees);
  const correction = (((-0.4 * y - 3.3) * y - 24) * y - 85.5) / (0.8 * y * y + 100 + b);
  return ((correction + y + 3) / b + 1) * Math.sqrt(y);
}

/** log(Γ(a + ½)/Γ(a)): by the expansion in 1/a, and from there down by Γ(a + 1) = a·Γ(a). */
function logGammaRatio(a: number): number {
  let [at, lower] = [a, 0];
  for (; at < 20; at++) lower += Math.log(at / (at + 0.5));
  const inverse = 1 / at;
  const square = inverse * inverse;
  const series =
    inverse * (-1 / 8 + square * (1 / 192 + square * (-1 / 640 + square * (17 / 14336 - (square * 31) / 18432))));
  return lower + Math.log(at) / 2 + series;
}

/** The continued fraction of the incomplete beta function, by Lentz's method (Abramowitz and Stegun 26.5.8). */
function betaFraction(a: number, b: number, x: number): number {
  const tiny = 1e-300;
  const nonZero = (value: number): number => (Math.abs(value) < tiny ? tiny : value);
  let c = 1;
  let d = 1 / nonZero(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m <= 100_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / nonZero(1 + even * d);
    c = nonZero(1 + even / c);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / nonZero(1 + odd * d);
    c = nonZero(1 + odd / c);
    const change = d * c;
    fraction *= change;
    if (Math.abs(change - 1) < 1e-16) break;
  }
  return fraction;
}
