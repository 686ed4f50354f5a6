import type { Backend } from '../backend.ts';

/** The Huber function with its knee at 1, element by element: x²/2 up to |x| = 1, |x| − 1/2 beyond; and its slope. */
export function huber<T>(backend: Backend<T>, x: T): { readonly losses: T; readonly slopes: T } {
  // x where |x| ≤ 1, else its sign.
  const slopes = backend.divide(x, backend.maximum(backend.abs(x), backend.scalar(1)));
  const half = backend.multiply(slopes, backend.scalar(0.5));
  return { losses: backend.multiply(slopes, backend.subtract(x, half)), slopes };
}
