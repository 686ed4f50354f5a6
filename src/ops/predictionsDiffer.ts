import type { Backend } from '../backend.ts';

/** 1 for each row whose arg-max differs between two tensors [..., classes], else 0; the first of equal scores wins. */
export function predictionsDiffer<T>(backend: Backend<T>, first: T, second: T): T {
  const difference = backend.subtract(backend.argMax(first), backend.argMax(second));
  return backend.greater(backend.abs(difference), backend.scalar(0));
}
