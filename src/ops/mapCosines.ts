import type { Backend } from '../backend.ts';
import { byPrecision } from './byPrecision.ts';
import { clip } from './clip.ts';

/** Cosines of two batches of maps, and where there are any. */
export interface MapCosines<T> {
  /** [batch], in [−1, 1]; 0 where undefined. */
  readonly cosines: T;
  /** [batch]: 1 where neither map is zero everywhere. */
  readonly defined: T;
  /** For each side [batch]: 1 where the map is not zero everywhere. */
  readonly nonZero: readonly [T, T];
}

/** Cosine of each pair of maps [batch, height, width]. */
export function mapCosines<T>(backend: Backend<T>, first: T, second: T): MapCosines<T> {
  const [a, b] = [unitMaximum(backend, first), unitMaximum(backend, second)];
  const dot = backend.sum(backend.multiply(a.rows, b.rows), { axis: 1 });
  const squareOf = (rows: T): T => backend.sum(backend.multiply(rows, rows), { axis: 1 });
  const norms = backend.sqrt(backend.multiply(squareOf(a.rows), squareOf(b.rows)));
  const defined = backend.multiply(a.nonZero, b.nonZero);
  const cosines = backend.divide(dot, backend.where(defined, norms, backend.scalar(1)));
  return {
    // Of maps on one line a rounding may lead beyond.
    cosines: clip(backend, cosines, backend.scalar(-1), backend.scalar(1)),
    defined,
    nonZero: [a.nonZero, b.nonZero],
  };
}

/** What cosines of maps of so many places are off by at most: those that differ by no more are equal. */
export function cosineRounding<T>(backend: Backend<T>, places: number): T {
  const share = Math.sqrt(places) + 4;
  return byPrecision(backend, { single: share * 2 ** -22, double: share * 2 ** -50 });
}

/** Maps as rows whose largest element is ±1: squares of small gradients underflow in float32. */
function unitMaximum<T>(backend: Backend<T>, maps: T): { readonly rows: T; readonly nonZero: T } {
  const [batch = 1, height = 1, width = 1] = backend.shapeOf(maps);
  const rows = backend.reshape(maps, [batch, height * width]);
  const largest = backend.max(backend.abs(rows), { axis: 1, keepDims: true });
  const nonZero = backend.greater(largest, backend.scalar(0));
  const scaled = backend.divide(rows, backend.where(nonZero, largest, backend.scalar(1)));
  return { rows: scaled, nonZero: backend.reshape(nonZero, [batch]) };
}
