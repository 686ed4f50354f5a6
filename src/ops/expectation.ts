import type { Backend } from '../backend.ts';
import { weighted } from './weighted.ts';

/**
 * Σ p·x along the last axis, where a term with p = 0 counts 0 even if x is infinite (0·log 0 = 0). A p that is NaN is
 * not 0, and makes the sum NaN.
 *
 * @returns The sums, with the last axis kept at extent 1 if `keepDims`.
 */
export function expectation<T>(backend: Backend<T>, probabilities: T, values: T, keepDims = false): T {
  return backend.sum(weighted(backend, probabilities, values), { axis: -1, keepDims });
}
