import type { Backend } from '../backend.ts';

/** The identity matrix of `size` rows. */
export function identity<T>(backend: Backend<T>, size: number): T {
  const rows = backend.fromHost({ data: Int32Array.from({ length: size }, (_, row) => row), shape: [size] });
  return backend.oneHot(rows, size);
}

/** The diagonal of a square matrix as a column [n, 1]. */
export function diagonalOf<T>(backend: Backend<T>, matrix: T): T {
  const [size = 1] = backend.shapeOf(matrix);
  return backend.sum(backend.multiply(matrix, identity(backend, size)), { axis: 1, keepDims: true });
}

/** A Gram matrix that was centred without its diagonal, and the diagonal that it has when it is centred whole. */
export interface UCentred<T> {
  /** [n, n]; of zeros for fewer than 4 samples, of which it says nothing. */
  readonly matrix: T;
  /** [n, 1]: the diagonal of HKH with H = I − 11ᵀ/n. */
  readonly diagonal: T;
}

/**
 * A U-centred Gram matrix: zero diagonal, and off it the row and column means that leave every row sum at 0, so that the
 * inner product of two of them, over n(n − 3), is an unbiased HSIC. With the diagonal of the matrix that is centred whole,
 * it holds all that that one does: see `wholeAlignment`.
 *
 * @param diagonal The diagonal of `gram`, [n, 1].
 * @see Székely and Rizzo, "Partial distance correlation with methods for dissimilarities", 2014.
 */
export function uCentred<T>(backend: Backend<T>, gram: T, diagonal: T): UCentred<T> {
  const [size = 1] = backend.shapeOf(gram);
  const [zero, onDiagonal] = [backend.scalar(0), identity(backend, size)];
  const hollow = backend.where(onDiagonal, zero, gram);
  const rows = backend.sum(hollow, { axis: 1, keepDims: true });
  const total = backend.sum(rows);
  const half = backend.divide(backend.add(total, backend.sum(diagonal)), backend.scalar(2 * size));
  const means = backend.divide(backend.subtract(backend.add(rows, diagonal), half), backend.scalar(size));
  const whole = backend.subtract(diagonal, backend.add(means, means));
  if (size < 4) return { matrix: backend.multiply(hollow, zero), diagonal: whole };
  const hollowHalf = backend.divide(total, backend.scalar(2 * (size - 1)));
  const hollowMeans = backend.divide(backend.subtract(rows, hollowHalf), backend.scalar(size - 2));
  const centred = backend.subtract(backend.subtract(hollow, hollowMeans), backend.transpose(hollowMeans));
  return { matrix: backend.where(onDiagonal, zero, centred), diagonal: whole };
}

/** What the inner product of two whole centred matrices is made of. */
export interface CentredProducts<T> {
  /** Of both U-centred matrices. */
  readonly hollow: T;
  /** Of both whole diagonals. */
  readonly diagonals: T;
  /** The sums of either diagonal. */
  readonly traces: readonly [T, T];
}

/**
 * The inner product of two matrices that are centred whole. Off the diagonal each is its U-centred one and a mean for every
 * row and column, which follow from its diagonal, since its rows sum to 0; nothing cancels.
 */
export function wholeAlignment<T>(
  backend: Backend<T>,
  size: number,
  { hollow, diagonals, traces }: CentredProducts<T>,
): T {
  // Of two samples all elements have one size; one sample has none.
  if (size < 3) return backend.multiply(diagonals, backend.scalar(2));
  const own = backend.multiply(diagonals, backend.scalar(size / (size - 2)));
  const means = backend.multiply(backend.multiply(...traces), backend.scalar(1 / ((size - 1) * (size - 2))));
  return backend.add(hollow, backend.subtract(own, means));
}
