import type { Backend } from '../backend.ts';

/** −1, 0 or 1 by the sign of each element; 0 for NaN, which compares as neither. */
export function sign<T>(backend: Backend<T>, x: T): T {
  const zero = backend.scalar(0);
  return backend.subtract(backend.greater(x, zero), backend.greater(zero, x));
}
