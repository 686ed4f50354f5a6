/** Half the sum of absolute differences between two predictions: 1 less their overlap. */
import type { Backend } from '../backend.ts';
import { probabilityGap } from './relativeEntropy.ts';
import { scale } from './scale.ts';
import type { ProbabilityPair } from './softenedPair.ts';
import { softmaxGradient } from './softmaxGradient.ts';

/** ½·Σ|p − q| for each row, and what its gradient needs. */
export interface TotalVariation<T> {
  /** In [0, 1], [...]. */
  readonly distance: T;
  /** q − p, [..., classes]. */
  readonly gap: T;
}

/** The distance of each row. */
export function totalVariationOf<T>(
  backend: Backend<T>,
  { student, teacher, logRatio, near }: ProbabilityPair<T>,
): TotalVariation<T> {
  const gap = probabilityGap(backend, teacher, student, logRatio, near);
  return { distance: scale(backend, backend.sum(backend.abs(gap), { axis: -1 }), 0.5), gap };
}

/** Its gradient in the student's logits at temperature 1: ½·q·(sign(q − p) − Σ q·sign(q − p)), with sign 0 = 0. */
export function totalVariationGradient<T>(backend: Backend<T>, student: T, gap: T): T {
  // Unlike `sign` it passes a NaN on.
  const signs = backend.where(gap, backend.divide(gap, backend.abs(gap)), backend.scalar(0));
  return softmaxGradient(backend, student, scale(backend, signs, 0.5));
}
