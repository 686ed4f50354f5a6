/**
 * Kullback–Leibler divergences from probabilities and the logarithm of their ratio, `softenedPair`'s, without loss of
 * digits where the two sides are alike: there each term is of second order in their difference, and so is its error.
 */
import type { Backend } from '../backend.ts';
import { asColumn } from './asColumn.ts';
import {
  exponentialMinusOne,
  nearZero,
  smallExponentialRemainder,
  smallLogarithmRemainder,
} from './exponentialRemainder.ts';
import { isMinusInfinity } from './isMinusInfinity.ts';
import { scale } from './scale.ts';
import { logOf, type SidePair, type SoftenedPair } from './softenedPair.ts';

/**
 * Terms p·log(p/q) + q − p ≥ 0, whose sum over the classes is KL(p‖q).
 *
 * With x = log q − log p a term is p·(e^x − 1 − x). A class of probability 0 on both sides gives 0; of 0 in q only,
 * +Infinity.
 */
export function relativeEntropyTerms<T>(backend: Backend<T>, p: T, q: T, logRatio: T): T {
  return backend.scope(() => {
    const small = backend.multiply(p, smallExponentialRemainder(backend, logRatio));
    const large = backend.subtract(backend.subtract(q, p), shares(backend, p, logRatio));
    return backend.where(nearZero(backend, logRatio), small, large);
  });
}

/**
 * KL(p‖q) for each row, [...], from x = log q − log p.
 *
 * @param near `SoftenedPair.near`: rows that are not so are summed from p·(log p − log q).
 */
export function relativeEntropy<T>(backend: Backend<T>, p: T, q: T, logRatio: T, near?: T): T {
  return backend.scope(() => {
    const terms = relativeEntropyTerms(backend, p, q, logRatio);
    const plain = near && scale(backend, shares(backend, p, logRatio), -1);
    return backend.sum(plain === undefined ? terms : backend.where(near!, terms, plain), { axis: -1 });
  });
}

/** p·x, and 0 where p is, whatever x is. */
function shares<T>(backend: Backend<T>, p: T, x: T): T {
  return backend.where(p, backend.multiply(p, x), backend.scalar(0));
}

/**
 * The gradient q·(log(q/r) − expectation) of a divergence of q in the logits of q, where `expectation` is that of the
 * logarithm under q, [...]. Where q = 0 its limit is 0, though the logarithm may be infinite or undefined; a q that is NaN
 * stays NaN. A row whose divergence is infinite, since r rules out what q does not, has no direction to go: gradient 0.
 */
export function centredGradient<T>(backend: Backend<T>, q: T, logRatio: T, expectation: T): T {
  const column = asColumn(backend, expectation);
  const infinite = isMinusInfinity(backend, scale(backend, column, -1));
  const taken = backend.where(infinite, backend.scalar(0), q);
  return backend.where(taken, backend.multiply(q, backend.subtract(logRatio, column)), backend.scalar(0));
}

/** q − p, with the relative accuracy of `logRatio` where the two are alike. */
export function probabilityGap<T>(backend: Backend<T>, p: T, q: T, logRatio: T, near?: T): T {
  return backend.scope(() => {
    const small = backend.multiply(p, backend.add(logRatio, smallExponentialRemainder(backend, logRatio)));
    const gap = backend.subtract(q, p);
    const exact = backend.where(nearZero(backend, logRatio), small, gap);
    return near === undefined ? exact : backend.where(near, exact, gap);
  });
}

/** The mixture m of both sides in rows that are not near: there its logarithm, and those of the sides, have the digits. */
export interface FarMixture<T> {
  /** 1 for each row that is near. */
  readonly near: T;
  readonly mixture: T;
  /** log m − log q and log m − log p; they mean nothing where q or p is 0. */
  readonly logRatios: SidePair<T>;
}

/** The mixture share·p + (1 − share)·q. */
export function farMixture<T>(backend: Backend<T>, pair: SoftenedPair<T>, share: number): FarMixture<T> {
  const { student, teacher, near } = pair;
  const mixture = backend.add(scale(backend, teacher, share), scale(backend, student, 1 - share));
  const log = backend.log(mixture);
  const logRatios = {
    student: backend.subtract(log, logOf(backend, pair, 'student')),
    teacher: backend.subtract(log, logOf(backend, pair, 'teacher')),
  };
  return { near, mixture, logRatios };
}

/** How p stands to the mixture m = share·p + (1 − share)·q. */
export interface MixtureRatio<T> {
  /** log m − log p; where p = 0 it means nothing. */
  readonly logRatio: T;
  /** Terms p·log(p/m) + m − p ≥ 0 (without m − p in rows that are not near), whose sum over the classes is KL(p‖m) ≤ −log share. */
  readonly terms: T;
}

/**
 * The divergence of p from its mixture with q, from x = log q − log p: with a = m/p − 1 = (1 − share)·(e^x − 1) a term is
 * p·(a − log(1 + a)). Finite for all logits, also where both sides underflow.
 *
 * @param far `farMixture`'s, p's side of it: rows that are not near are summed from p·(log p − log m).
 */
export function mixtureRatio<T>(
  backend: Backend<T>,
  p: T,
  q: T,
  logRatio: T,
  share: number,
  far?: { readonly near: T; readonly logRatio: T },
): MixtureRatio<T> {
  return backend.scope(() => {
    // e^x may overflow where p is below 1e-34, and counts for nothing there.
    const most = backend.scalar(80);
    const bounded = backend.where(backend.greater(logRatio, most), most, logRatio);
    const a = scale(backend, exponentialMinusOne(backend, bounded), 1 - share);
    const remainder = smallLogarithmRemainder(backend, a);
    const near = nearZero(backend, a);
    const direct = backend.log(backend.add(a, backend.scalar(1)));
    const gained = scale(backend, backend.subtract(q, p), 1 - share);
    const exact = backend.where(near, backend.subtract(a, remainder), direct);
    const large = backend.subtract(gained, shares(backend, p, direct));
    const terms = backend.where(near, backend.multiply(p, remainder), large);
    if (far === undefined) return { logRatio: exact, terms };
    return {
      logRatio: backend.where(far.near, exact, far.logRatio),
      terms: backend.where(far.near, terms, scale(backend, shares(backend, p, far.logRatio), -1)),
    };
  });
}
