import type { Backend } from '../backend.ts';

/** The Huber function with its knee at 1, x²/2 up to |x| = 1 and |x| − 1/2 beyond: the sum over all elements, and its slopes. */
export function huber<T>(backend: Backend<T>, x: T): { readonly total: T; readonly slopes: T } {
  // x where |x| ≤ 1, else its sign; the function is then slope·x − slope²/2 on both sides of the knee.
  const slopes = backend.divide(x, backend.maximum(backend.abs(x), backend.scalar(1)));
  const squares = backend.sum(backend.multiply(slopes, slopes));
  const total = backend.subtract(
    backend.sum(backend.multiply(slopes, x)),
    backend.multiply(squares, backend.scalar(0.5)),
  );
  return { total, slopes };
}
