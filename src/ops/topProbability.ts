import type { Backend } from '../backend.ts';

/**
 * The largest softmax probability of each row, [rows, classes] → [rows], as 1/Σ exp(x − max): one number a row without
 * the table of probabilities.
 */
export function topProbability<T>(backend: Backend<T>, logits: T): T {
  const shifted = backend.subtract(logits, backend.max(logits, { axis: -1, keepDims: true }));
  return backend.divide(backend.scalar(1), backend.sum(backend.exp(shifted), { axis: -1 }));
}
