import type { Backend } from '../backend.ts';

/** The smaller of two numbers, element by element: −max(−a, −b). */
export function minimum<T>(backend: Backend<T>, a: T, b: T): T {
  const zero = backend.scalar(0);
  return backend.subtract(zero, backend.maximum(backend.subtract(zero, a), backend.subtract(zero, b)));
}
