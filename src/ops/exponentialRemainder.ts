/**
 * What is left of e^x and log(1 + a) once their leading terms are taken away. Near 0 the terms cancel, and all digits
 * with them: a series keeps them, with the leading term of the remainder as a factor.
 */
import type { Backend } from '../backend.ts';
import { holdsSingles } from './holdsDoubles.ts';
import { scale } from './scale.ts';

/** Below it the series serve: 1e-11 within it in float64, 1e-5 beyond it in float32, where shorter ones are within 2e-8. */
const near = 1 / 8;

/** 1 where |x| < 1/8, else 0; 0 for NaN. */
export function nearZero<T>(backend: Backend<T>, x: T): T {
  return backend.greater(backend.scalar(near), backend.abs(x));
}

/** e^x − 1 − x where |x| < 1/8, never negative: x²·(1/2 + x/6 + x²/24 + …). Elsewhere it means nothing. */
export function smallExponentialRemainder<T>(backend: Backend<T>, x: T): T {
  const all = [1 / 2, 1 / 6, 1 / 24, 1 / 120, 1 / 720, 1 / 5040, 1 / 40320];
  return backend.scope(() => {
    const coefficients = holdsSingles(backend) ? all.slice(0, 5) : all;
    return backend.multiply(backend.multiply(x, x), polynomial(backend, x, coefficients));
  });
}

/** e^x − 1 for every x, to rounding. */
export function exponentialMinusOne<T>(backend: Backend<T>, x: T): T {
  return backend.scope(() => {
    const small = backend.add(x, smallExponentialRemainder(backend, x));
    return backend.where(nearZero(backend, x), small, backend.subtract(backend.exp(x), backend.scalar(1)));
  });
}

/** e^x − 1 − x for every x, never negative. */
export function exponentialRemainder<T>(backend: Backend<T>, x: T): T {
  return backend.scope(() => {
    const large = backend.subtract(backend.subtract(backend.exp(x), backend.scalar(1)), x);
    return backend.where(nearZero(backend, x), smallExponentialRemainder(backend, x), large);
  });
}

/**
 * a − log(1 + a) where |a| < 1/8, never negative; elsewhere it means nothing.
 *
 * With z = a/(2 + a), log(1 + a) is 2·(z + z³/3 + z⁵/5 + …), and a − 2z = a·z.
 */
export function smallLogarithmRemainder<T>(backend: Backend<T>, a: T): T {
  return backend.scope(() => {
    const z = backend.divide(a, backend.add(a, backend.scalar(2)));
    const square = backend.multiply(z, z);
    const all = [2 / 3, 2 / 5, 2 / 7, 2 / 9];
    const series = polynomial(backend, square, holdsSingles(backend) ? all.slice(0, 3) : all);
    return backend.multiply(z, backend.subtract(a, backend.multiply(square, series)));
  });
}

/** log(1 + a) for every a ≥ −1, to rounding. */
export function logOnePlus<T>(backend: Backend<T>, a: T): T {
  return backend.scope(() => {
    const small = backend.subtract(a, smallLogarithmRemainder(backend, a));
    return backend.where(nearZero(backend, a), small, backend.log(backend.add(a, backend.scalar(1))));
  });
}

/**
 * log((1 + a)/(1 + b)) for a and b from 0 to 1, with the digits of a − b: 2·artanh z, z = (a − b)/(2 + a + b). For |z| ≤ 1/3 its series
 * up to z²¹ is within 2e-12, and in float32 a polynomial between Chebyshev's points, up to z⁹, within 3e-9.
 */
export function logOfRatio<T>(backend: Backend<T>, a: T, b: T): T {
  return backend.scope(() => {
    const total = backend.add(backend.add(a, b), backend.scalar(2));
    const z = backend.divide(backend.subtract(a, b), total);
    const coefficients = holdsSingles(backend) ? upTo9 : Array.from({ length: 11 }, (_, index) => 2 / (2 * index + 1));
    return backend.multiply(z, polynomial(backend, backend.multiply(z, z), coefficients));
  });
}

/** Of 2·(artanh z)/z in z². */
const upTo9: readonly number[] = [2.00000001, 0.66666322, 0.40024595, 0.27965158, 0.28157778];

/** Σ coefficients[k]·x^k. */
export function polynomial<T>(backend: Backend<T>, x: T, coefficients: readonly number[]): T {
  const [highest = 0, second = 0, ...lower] = [...coefficients].reverse();
  const start = backend.add(scale(backend, x, highest), backend.scalar(second));
  return lower.reduce((sum, coefficient) => backend.add(backend.multiply(sum, x), backend.scalar(coefficient)), start);
}
