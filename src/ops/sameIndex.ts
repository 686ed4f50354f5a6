import type { Backend } from '../backend.ts';

/** 1 where two tensors hold the same whole number (a label, a prediction), else 0. */
export function sameIndex<T>(backend: Backend<T>, first: T, second: T): T {
  const differs = backend.greater(backend.abs(backend.subtract(first, second)), backend.scalar(0));
  return backend.subtract(backend.scalar(1), differs);
}
