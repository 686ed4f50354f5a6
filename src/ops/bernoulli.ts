/** Predictions of one yes or no each, from their log-odds: an answer of its own for every element. */
import type { Backend } from '../backend.ts';
import { logOnePlus, nearZero, smallExponentialRemainder, smallLogarithmRemainder } from './exponentialRemainder.ts';
import { probabilityGap, relativeEntropyTerms } from './relativeEntropy.ts';
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
 * Both are turned so that the teacher's yes is the less likely answer, p ≤ ½: that changes the sign of the gap alone. log σ(x)
 * is min(x, 0) − log(1 + e^{−|x|}), and a log-ratio the difference of two such. Where u and v are alike, the no's is
 * −log(1 + w), w = p·(e^{u − v} − 1), and the yes's u − v more, with the digits of u − v. An infinite v is certain: what has
 * probability 0 then counts 0; an infinite u that is wrong makes the divergence +Infinity.
 */
export function bernoulliPair<T>(backend: Backend<T>, u: T, v: T): BernoulliPair<T> {
  return backend.scope(() => {
    const turn = backend.where(backend.greater(v, backend.scalar(0)), backend.scalar(-1), backend.scalar(1));
    const [student, teacher] = [sideOf(backend, backend.multiply(u, turn)), sideOf(backend, backend.multiply(v, turn))];
    const moved = backend.subtract(student.odds, teacher.odds);
    const w = backend.multiply(teacher.yes, backend.add(moved, smallExponentialRemainder(backend, moved)));
    const nearNo = backend.subtract(smallLogarithmRemainder(backend, w), w);
    const near = nearZero(backend, moved);
    const yes = backend.where(near, backend.add(moved, nearNo), backend.subtract(student.yesLog, teacher.yesLog));
    const no = backend.where(near, nearNo, backend.subtract(student.noLog, teacher.noLog));
    return {
      divergence: backend.add(
        relativeEntropyTerms(backend, teacher.yes, student.yes, yes),
        relativeEntropyTerms(backend, teacher.no, student.no, no),
      ),
      gap: backend.multiply(turn, probabilityGap(backend, teacher.yes, student.yes, yes)),
    };
  });
}

/** Probabilities of yes and no with their logarithms, by one exponential and one logarithm. */
function sideOf<T>(backend: Backend<T>, odds: T) {
  const zero = backend.scalar(0);
  const power = backend.exp(scale(backend, backend.abs(odds), -1));
  const likelier = backend.divide(backend.scalar(1), backend.add(power, backend.scalar(1)));
  const other = backend.multiply(power, likelier);
  const positive = backend.greater(odds, zero);
  const beyond = logOnePlus(backend, power);
  return {
    odds,
    yes: backend.where(positive, likelier, other),
    no: backend.where(positive, other, likelier),
    yesLog: backend.subtract(backend.subtract(zero, backend.maximum(scale(backend, odds, -1), zero)), beyond),
    noLog: backend.subtract(backend.subtract(zero, backend.maximum(odds, zero)), beyond),
  };
}
