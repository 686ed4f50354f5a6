import type { Backend } from '../backend.ts';

/**
 * A number for a device that computes in float32, or another for float64. What a device computes in shows in its numbers,
 * where they cannot be read too: float32 has no 1 + 2⁻³⁰.
 */
export function byPrecision<T>(
  backend: Backend<T>,
  { single, double }: { readonly single: number; readonly double: number },
): T {
  const inDoubles = backend.subtract(backend.scalar(1 + 2 ** -30), backend.scalar(1));
  return backend.where(inDoubles, backend.scalar(double), backend.scalar(single));
}
