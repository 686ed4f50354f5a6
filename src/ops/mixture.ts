/** Divergences of a prediction from a mixture of both, without loss of digits where the two sides are alike. */
import type { Backend } from '../backend.ts';
import { exponentialMinusOne, nearZero, smallLogarithmRemainder } from './exponentialRemainder.ts';
import { scale } from './scale.ts';
import { logOf, type SidePair, type SoftenedPair } from './softenedPair.ts';
import { weighted } from './weighted.ts';

/** The mixture m of both sides in rows that are not near: there its logarithm, and those of the sides, have the digits. */
export interface FarMixture<T> {
  /** 1 for each row that is near. */
  readonly near: T;
  readonly mixture: T;
  /** log m − log q and log m − log p, and 0 where m is 0, though q or p may not be; they mean nothing where q or p is 0. */
  readonly logRatios: SidePair<T>;
}

/** The mixture share·p + (1 − share)·q. Where its parts are less than a number holds, so are p and q, and the ratios are 0. */
export function farMixture<T>(backend: Backend<T>, pair: SoftenedPair<T>, share: number): FarMixture<T> {
  const { student, teacher, near } = pair;
  const mixture = backend.add(scale(backend, teacher, share), scale(backend, student, 1 - share));
  const log = backend.log(mixture);
  const over = (side: keyof SidePair<T>): T =>
    backend.where(mixture, backend.subtract(log, logOf(backend, pair, side)), backend.scalar(0));
  return { near, mixture, logRatios: { student: over('student'), teacher: over('teacher') } };
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
    const large = backend.subtract(gained, weighted(backend, p, direct));
    const terms = backend.where(near, backend.multiply(p, remainder), large);
    if (far === undefined) return { logRatio: exact, terms };
    return {
      logRatio: backend.where(far.near, exact, far.logRatio),
      terms: backend.where(far.near, terms, scale(backend, weighted(backend, p, far.logRatio), -1)),
    };
  });
}
