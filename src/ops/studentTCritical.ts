/**
 * Critical values of Student's t distribution. For whole degrees of freedom it is a finite sum of positive terms, which
 * loses nothing to cancellation; row weights that are no whole numbers leave others.
 */
import { checkPositive, checkWithin } from '../check.ts';
import { normalCritical } from './normalTail.ts';
import { studentTTail } from './studentTTail.ts';

/** From here on the expansion in 1/ν, four terms deep, is exact to rounding and cheaper than the sum. */
const MANY_DEGREES = 1000;

/** P(|T| < tan(θ)·√ν): Abramowitz and Stegun 26.7.3 and 26.7.4. */
function centralProbability(theta: number, degrees: number): number {
  if (!Number.isInteger(degrees)) return 1 - 2 * studentTTail(Math.tan(theta) * Math.sqrt(degrees), degrees);
  const cosineSquared = Math.cos(theta) ** 2;
  const odd = degrees % 2 === 1;
  let term = odd ? Math.cos(theta) : 1;
  let sum = degrees === 1 ? 0 : term;
  for (let power = odd ? 3 : 2; power <= degrees - 2; power += 2) {
    term *= (cosineSquared * (power - 1)) / power;
    sum += term;
  }
  return odd ? (2 / Math.PI) * (theta + Math.sin(theta) * sum) : Math.sin(theta) * sum;
}

/** The argument in [low, high] at which an increasing function reaches a value. */
function bisect(increasing: (x: number) => number, value: number, low: number, high: number): number {
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return middle;
    if (increasing(middle) < value) low = middle;
    else high = middle;
  }
}

/**
 * The t with P(|T| < t) = level, for a two-sided interval.
 *
 * @param level The probability inside, in [0, 1 − 1e-9].
 * @param degrees Degrees of freedom ν, greater than 0.
 */
export function studentTCritical(level: number, degrees: number): number {
  checkWithin('studentTCritical', 'level', level, 0, 1 - 1e-9);
  checkPositive('studentTCritical', 'degrees', degrees);
  if (degrees < MANY_DEGREES) {
    const theta = bisect((angle) => centralProbability(angle, degrees), level, 0, Math.PI / 2);
    return Math.sqrt(degrees) * Math.tan(theta);
  }
  const z = normalCritical(level);
  const [z3, z5, z7, z9] = [z ** 3, z ** 5, z ** 7, z ** 9];
  return (
    z +
    (z3 + z) / (4 * degrees) +
    (5 * z5 + 16 * z3 + 3 * z) / (96 * degrees ** 2) +
    (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * degrees ** 3) +
    (79 * z9 + 776 * z7 + 1482 * z5 - 1920 * z3 - 945 * z) / (92160 * degrees ** 4)
  );
}
