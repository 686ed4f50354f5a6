/**
 * Kullback–Leibler divergences from probabilities and the logarithm of their ratio, `softenedPair`'s, without loss of
 * digits where the two sides are alike: there each term is of second order in their difference, and so is its error.
 */
import type { Backend } from '../backend.ts';
import { asColumn } from './asColumn.ts';
import { nearZero, smallExponentialRemainder } from './exponentialRemainder.ts';
import { isMinusInfinity } from './isMinusInfinity.ts';
import { scale } from './scale.ts';
import { weighted } from './weighted.ts';

/**
 * Terms p·log(p/q) + q − p ≥ 0, whose sum over the classes is KL(p‖q).
 *
 * With x = log q − log p a term is p·(e^x − 1 − x). A class of probability 0 on both sides gives 0; of 0 in q only,
 * +Infinity.
 */
export function relativeEntropyTerms<T>(backend: Backend<T>, p: T, q: T, logRatio: T): T {
  return backend.scope(() => {
    const small = backend.multiply(p, smallExponentialRemainder(backend, logRatio));
    const large = backend.subtract(backend.subtract(q, p), weighted(backend, p, logRatio));
    return backend.where(nearZero(backend, logRatio), small, large);
  });
}

/**
 * KL(p‖q) for each row, [...], from x = log q − log p; of what rounding leaves below 0, 0.
 *
 * @param near `SoftenedPair.near`: rows that are not so are summed from p·(log p − log q).
 */
export function relativeEntropy<T>(backend: Backend<T>, p: T, q: T, logRatio: T, near?: T): T {
  return backend.scope(() => {
    const terms = relativeEntropyTerms(backend, p, q, logRatio);
    const ofClasses =
      near === undefined ? terms : backend.where(near, terms, scale(backend, weighted(backend, p, logRatio), -1));
    return backend.maximum(backend.sum(ofClasses, { axis: -1 }), backend.scalar(0));
  });
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
  return weighted(backend, taken, backend.subtract(logRatio, column));
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
