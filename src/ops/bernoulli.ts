/** Predictions of one yes or no each, from their log-odds: an answer of its own for every element. */
import type { Backend } from '../backend.ts';
import { exponentialMinusOne, logOnePlus, nearZero } from './exponentialRemainder.ts';
import { probabilityGap, relativeEntropyTerms } from './relativeEntropy.ts';
import { scale } from './scale.ts';
import { sigmoid } from './sigmoid.ts';

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
 * log σ(x) is min(x, 0) − log(1 + e^{−|x|}), and a log-ratio the difference of two such. Where u and v are alike it is
 * log(1 + σ(−x)·(e^{x − y} − 1)) instead, which has the digits of u − v. An infinite v is certain: what has probability 0
 * then counts 0; an infinite u that is wrong makes the divergence +Infinity.
 */
export function bernoulliPair<T>(backend: Backend<T>, u: T, v: T): BernoulliPair<T> {
  return backend.scope(() => {
    const [student, teacher] = [sideOf(backend, u), sideOf(backend, v)];
    const moved = backend.subtract(u, v);
    const yes = logRatio(backend, student.yesLog, teacher.yesLog, teacher.no, scale(backend, moved, -1), moved);
    const no = logRatio(backend, student.noLog, teacher.noLog, teacher.yes, moved, moved);
    const divergence = backend.add(
      relativeEntropyTerms(backend, teacher.yes, student.yes, yes),
      relativeEntropyTerms(backend, teacher.no, student.no, no),
    );
    return { divergence, gap: probabilityGap(backend, teacher.yes, student.yes, yes) };
  });
}

/** Probabilities of yes and no with their logarithms. */
function sideOf<T>(backend: Backend<T>, x: T) {
  const zero = backend.scalar(0);
  const negative = backend.subtract(zero, x);
  const beyond = logOnePlus(backend, backend.exp(backend.subtract(zero, backend.abs(x))));
  return {
    yes: sigmoid(backend, x),
    no: sigmoid(backend, negative),
    yesLog: backend.subtract(zero, backend.add(backend.maximum(negative, zero), beyond)),
    noLog: backend.subtract(zero, backend.add(backend.maximum(x, zero), beyond)),
  };
}

/** log(student/teacher) for one answer, with the teacher's probability of the other one and the log of how its odds grew. */
function logRatio<T>(backend: Backend<T>, studentLog: T, teacherLog: T, other: T, growth: T, moved: T): T {
  const gained = logOnePlus(backend, backend.multiply(other, exponentialMinusOne(backend, growth)));
  const near = scale(backend, gained, -1);
  return backend.where(nearZero(backend, moved), near, backend.subtract(studentLog, teacherLog));
}
