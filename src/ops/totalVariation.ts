/** Half the sum of absolute differences between two predictions: 1 less their overlap. */
import type { Backend } from '../backend.ts';
import { scale } from './scale.ts';
import { softmaxGradient } from './softmaxGradient.ts';

/** ½·Σ|p − q| and what its gradient needs, from log-probabilities [..., classes]. */
export interface TotalVariation<T> {
  /** [...]. */
  readonly distance: T;
  /** q. */
  readonly student: T;
  /** p. */
  readonly teacher: T;
}

/** The distance of each row, in [0, 1]. */
export function totalVariationOf<T>(backend: Backend<T>, studentLog: T, teacherLog: T): TotalVariation<T> {
  const student = backend.exp(studentLog);
  const teacher = backend.exp(teacherLog);
  const apart = backend.abs(backend.subtract(student, teacher));
  return { distance: scale(backend, backend.sum(apart, { axis: -1 }), 0.5), student, teacher };
}

/** Its gradient in the student's logits at temperature 1: ½·q·(sign(q − p) − Σ q·sign(q − p)), with sign 0 = 0. */
export function totalVariationGradient<T>(
  backend: Backend<T>,
  { student, teacher }: Pick<TotalVariation<T>, 'student' | 'teacher'>,
): T {
  const gap = backend.subtract(student, teacher);
  // Unlike `sign` it passes a NaN on, of the teacher's too.
  const signs = backend.where(gap, backend.divide(gap, backend.abs(gap)), backend.scalar(0));
  return softmaxGradient(backend, student, scale(backend, signs, 0.5));
}
