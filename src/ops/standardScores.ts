import type { Backend } from '../backend.ts';
import { isMinusInfinity } from './isMinusInfinity.ts';

/** Rows brought to mean 0 and standard deviation 1. */
export interface StandardScores<T> {
  /** (x − mean)/deviation, [..., n]; −Infinity where x is, and 0 in a constant row. */
  readonly scores: T;
  /** The sample standard deviation, with n − 1, that each row had, [..., 1]. */
  readonly deviation: T;
}

/**
 * Standard scores along the last axis, by the statistics of the elements that count.
 *
 * A row is shifted by its largest element first, so that a constant row is exactly 0; and scaled by the largest of what is
 * left, so that neither its sum nor its squares overflow or underflow.
 *
 * @param left 1 for an element that the statistics leave out, else 0.
 * @param count The number of the others, at least 1, [..., 1].
 */
export function standardScores<T>(backend: Backend<T>, x: T, left: T, count: T): StandardScores<T> {
  const row = { axis: -1, keepDims: true };
  const [zero, one] = [backend.scalar(0), backend.scalar(1)];
  const counted = (values: T): T => backend.where(left, zero, values);
  const largest = backend.max(backend.where(left, backend.scalar(-Infinity), x), row);
  const shifted = backend.subtract(x, backend.where(isMinusInfinity(backend, largest), zero, largest));
  const size = backend.max(backend.abs(counted(shifted)), row);
  const scaled = backend.divide(shifted, backend.where(size, size, one));
  const mean = backend.divide(backend.sum(counted(scaled), row), count);
  const centred = backend.subtract(scaled, mean);
  const parts = counted(centred);
  const squares = backend.sum(backend.multiply(parts, parts), row);
  const spread = backend.sqrt(backend.divide(squares, backend.maximum(backend.subtract(count, one), one)));
  const scores = backend.where(spread, backend.divide(centred, spread), zero);
  return {
    scores: backend.where(isMinusInfinity(backend, x), x, scores),
    deviation: backend.multiply(spread, size),
  };
}
