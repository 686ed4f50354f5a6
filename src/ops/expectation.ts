import type { Backend } from '../backend.ts';

/**
 * Σ p·x along the last axis, where a term with p = 0 counts 0 even if x is infinite (0·log 0 = 0). A p that is NaN is
 * not 0, and makes the sum NaN.
 *
 * @returns The sums, with the last axis kept at extent 1 if `keepDims`.
 */
export function expectation<T>(backend: Backend<T>, probabilities: T, values: T, keepDims = false): T {
  const products = backend.where(probabilities, backend.multiply(probabilities, values), backend.scalar(0));
  return backend.sum(products, { axis: -1, keepDims });
}
