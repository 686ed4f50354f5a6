/** Where whole numbers (labels, predictions) are the same. */
import type { Backend } from '../backend.ts';

/** 1 where two tensors hold different whole numbers, else 0. */
export function differentIndex<T>(backend: Backend<T>, first: T, second: T): T {
  return backend.greater(backend.abs(backend.subtract(first, second)), backend.scalar(0));
}

/** 1 where two tensors hold the same whole number, else 0. */
export function sameIndex<T>(backend: Backend<T>, first: T, second: T): T {
  return backend.subtract(backend.scalar(1), differentIndex(backend, first, second));
}
