import type { Backend } from '../backend.ts';
import { asRows } from './asColumn.ts';
import { isMinusInfinity } from './isMinusInfinity.ts';

/**
 * log Σ exp x over the last axis, for numbers of any size; −Infinity for a row of −Infinity alone.
 *
 * @returns The sums, with the last axis kept at extent 1 if `keepDims`.
 */
export function logSumExp<T>(backend: Backend<T>, x: T, keepDims = false): T {
  const largest = backend.max(x, { axis: -1, keepDims: true });
  // −Infinity less itself is NaN.
  const pivot = backend.where(isMinusInfinity(backend, largest), backend.scalar(0), largest);
  const total = backend.sum(backend.exp(backend.subtract(x, pivot)), { axis: -1, keepDims: true });
  const result = backend.add(pivot, backend.log(total));
  return keepDims ? result : asRows(backend, result);
}
