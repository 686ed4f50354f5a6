import type { Backend } from '../backend.ts';

/** A tensor times a plain number; the tensor itself where the number is 1. */
export function scale<T>(backend: Backend<T>, x: T, factor: number): T {
  return factor === 1 ? x : backend.multiply(x, backend.scalar(factor));
}
