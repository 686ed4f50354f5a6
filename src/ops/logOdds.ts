import type { Backend } from '../backend.ts';

/**
 * The log-odds φ(u) = log(u/(1 − u)) of one class a row, from logits: z_class − log Σ_{j ≠ class} exp(z_j). The
 * probability itself is never formed, so φ stays exact where u rounds to 1.
 *
 * ±Infinity where the class has all or none of the probability; NaN where the row is no distribution.
 *
 * @param logits [..., classes].
 * @param labels [...]: the class of each row.
 */
export function logOdds<T>(backend: Backend<T>, logits: T, labels: T): T {
  const zero = backend.scalar(0);
  const none = backend.scalar(-Infinity);
  const chosen = backend.oneHot(labels, backend.shapeOf(logits).at(-1)!);
  const others = backend.where(chosen, none, logits);
  const highest = backend.max(others, { axis: -1, keepDims: true });
  // Where all the others are −Infinity, −∞ − (−∞) would be NaN; shifted by 0 their sum is 0 and its logarithm −∞.
  const shift = backend.where(backend.greater(highest, none), highest, zero);
  const total = backend.sum(backend.exp(backend.subtract(others, shift)), { axis: -1, keepDims: true });
  const own = backend.sum(backend.where(chosen, logits, zero), { axis: -1, keepDims: true });
  const odds = backend.subtract(own, backend.add(backend.log(total), shift));
  return backend.reshape(odds, backend.shapeOf(labels));
}
