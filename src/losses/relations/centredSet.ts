import type { Backend } from '../../backend.ts';

/**
 * Samples [batch, features] without the mean of those that count; 0 in the others.
 *
 * A sample that counts is taken away before the mean is: constant features become exactly 0, and a large offset costs no
 * digits.
 */
export function centredSet<T>(backend: Backend<T>, samples: T, counts: T | undefined, size: T): T {
  const among = (x: T): T => (counts === undefined ? x : backend.where(counts, x, backend.scalar(0)));
  const [batch = 1] = backend.shapeOf(samples);
  const first =
    counts === undefined
      ? backend.fromHost({ data: Int32Array.of(0), shape: [1] })
      : backend.argMax(backend.reshape(counts, [1, batch]));
  const shifted = among(backend.subtract(samples, backend.gather(samples, first)));
  const mean = backend.divide(backend.sum(shifted, { axis: 0, keepDims: true }), size);
  return among(backend.subtract(shifted, mean));
}
