import type { Backend } from '../backend.ts';

/**
 * log(weight·exp a + (1 − weight)·exp b), element-wise, by subtracting the larger of the two first: finite wherever one
 * of them is, though both exponentials may underflow. Where both are −Infinity the result is NaN, not −Infinity; sums
 * over probabilities leave such terms out.
 */
export function logMixture<T>(backend: Backend<T>, a: T, b: T, weight: number): T {
  const larger = backend.maximum(a, b);
  const partA = backend.multiply(backend.exp(backend.subtract(a, larger)), backend.scalar(weight));
  const partB = backend.multiply(backend.exp(backend.subtract(b, larger)), backend.scalar(1 - weight));
  return backend.add(larger, backend.log(backend.add(partA, partB)));
}
