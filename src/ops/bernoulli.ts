/** Predictions of one yes or no each, from their log-odds: an answer of its own for every element. */
import type { Backend } from '../backend.ts';
import { logOfRatio, nearZero, smallExponentialRemainder, smallLogarithmRemainder } from './exponentialRemainder.ts';
import { scale } from './scale.ts';

/** How a student's answers stand to a teacher's, element by element. */
export interface BernoulliPair<T> {
  /** KL(teacher‖student) ≥ 0. */
  readonly divergence: T;
  /** Student's less teacher's probability of a yes. */
  readonly gap: T;
}

/**
 * The divergence between σ(v), the teacher's, and σ(u), the student's.
 *
 * Both are turned so that the teacher's yes is the less likely answer, p ≤ ½: that changes the sign of the gap alone. With
 * a = e^{−|u|} and b = e^v it is p·(v − min(u, 0)) + (1 − p)·max(u, 0) + log((1 + a)/(1 + b)). Where u and v are alike, with d = u − v
 * and w = p·(e^d − 1), it is log(1 + w) − p·d = p·(e^d − 1 − d) − (w − log(1 + w)): of two terms of second order the second is at
 * most half the first. The gap is (1 − q)·w, with the digits of d. An infinite v is certain: what has probability 0 then
 * counts 0; an infinite u that is wrong makes the divergence +Infinity.
 *
 * @param apart u − v, with the digits that were there before u and v were rounded. Infinite or NaN where they are infinite.
 */
export function bernoulliPair<T>(backend: Backend<T>, u: T, v: T, apart: T): BernoulliPair<T> {
  return backend.scope(() => {
    const [zero, one] = [backend.scalar(0), backend.scalar(1)];
    const turn = backend.where(backend.greater(v, zero), backend.scalar(-1), one);
    const student = backend.multiply(u, turn);
    const a = backend.exp(scale(backend, backend.abs(u), -1));
    const b = backend.exp(scale(backend, backend.abs(v), -1));
    const no = backend.divide(one, backend.add(b, one));
    const yes = backend.multiply(b, no);
    const likelier = backend.divide(one, backend.add(a, one));
    const other = backend.multiply(a, likelier);
    const positive = backend.greater(student, zero);

    const moved = backend.multiply(apart, turn);
    const remainder = smallExponentialRemainder(backend, moved);
    const w = backend.multiply(yes, backend.add(moved, remainder));
    const nearDivergence = backend.subtract(backend.multiply(yes, remainder), smallLogarithmRemainder(backend, w));
    const studentYes = backend.where(positive, likelier, other);
    const nearGap = backend.multiply(backend.subtract(one, studentYes), w);

    const noLog = logOfRatio(backend, a, b);
    const aboveZero = backend.where(positive, backend.multiply(no, student), zero);
    const below = backend.add(backend.where(positive, zero, student), backend.abs(v));
    const belowZero = backend.where(yes, backend.multiply(yes, below), zero);
    const divergence = backend.add(backend.subtract(noLog, belowZero), aboveZero);
    const gap = backend.subtract(studentYes, yes);
    const near = nearZero(backend, moved);
    return {
      divergence: backend.where(near, nearDivergence, divergence),
      gap: backend.multiply(turn, backend.where(near, nearGap, gap)),
    };
  });
}
