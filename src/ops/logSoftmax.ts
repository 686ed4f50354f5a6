import type { Backend } from '../backend.ts';

/**
 * Log-probabilities along the last axis: x − max − log Σ exp(x − max). Finite logits of any size give finite results;
 * −Infinity stays −Infinity. A row of −Infinity alone is no distribution and gives NaN.
 */
export function logSoftmax<T>(backend: Backend<T>, logits: T): T {
  if (backend.logSoftmax) return backend.logSoftmax(logits);
  const shifted = backend.subtract(logits, backend.max(logits, { axis: -1, keepDims: true }));
  const total = backend.sum(backend.exp(shifted), { axis: -1, keepDims: true });
  return backend.subtract(shifted, backend.log(total));
}
