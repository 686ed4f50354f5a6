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

/** A Gram matrix with row and column means taken out: HKH with H = I − 11ᵀ/n. */
export function doublyCentred<T>(backend: Backend<T>, gram: T): T {
  const [size = 1] = backend.shapeOf(gram);
  const rows = backend.sum(gram, { axis: 1, keepDims: true });
  const half = backend.scalar(1 / (2 * size));
  const means = backend.subtract(
    backend.divide(rows, backend.scalar(size)),
    backend.multiply(backend.divide(backend.sum(rows), backend.scalar(size)), half),
  );
  return backend.subtract(backend.subtract(gram, means), backend.transpose(means));
}

/**
 * A U-centred Gram matrix: zero diagonal, and off it the row and column means that leave every row sum at 0, so that the
 * inner product of two of them, over n(n − 3), is an unbiased HSIC. Needs n > 2.
 *
 * @see Székely and Rizzo, "Partial distance correlation with methods for dissimilarities", 2014.
 */
export function uCentred<T>(backend: Backend<T>, gram: T): T {
  const [size = 1] = backend.shapeOf(gram);
  const offDiagonal = backend.subtract(backend.scalar(1), identity(backend, size));
  const hollow = backend.multiply(gram, offDiagonal);
  const rows = backend.divide(backend.sum(hollow, { axis: 1, keepDims: true }), backend.scalar(size - 2));
  const means = backend.subtract(rows, backend.divide(backend.sum(rows), backend.scalar(2 * (size - 1))));
  const centred = backend.subtract(backend.subtract(hollow, means), backend.transpose(means));
  return backend.multiply(centred, offDiagonal);
}

/** Squared Euclidean distances [n, n] between samples, from their Gram matrix; exactly 0 on the diagonal. */
export function squaredDistances<T>(backend: Backend<T>, gram: T): T {
  const squares = diagonalOf(backend, gram);
  const sums = backend.add(squares, backend.transpose(squares));
  const distances = backend.subtract(sums, backend.multiply(backend.scalar(2), gram));
  return backend.maximum(distances, backend.scalar(0));
}
