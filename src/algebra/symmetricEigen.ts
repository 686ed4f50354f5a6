/** Eigenvalues and eigenvectors of a symmetric matrix, in float64 on the host. */
import { diagonalise } from './diagonalise.ts';
import type { MakeRoom } from './loops.ts';
import { roomFor } from './room.ts';
import { scaledCopy } from './scale.ts';
import { accumulateReflections, tridiagonalise } from './tridiagonal.ts';

/** Vectors of a matrix's size that its reduction and its sweeps need. */
const besides = 6;

/** A symmetric matrix as Σ λ_k·v_k·v_kᵀ. */
export interface SymmetricEigen {
  /** Descending, [size]. */
  readonly values: Float64Array;
  /** [size, size], row-major: row k is the unit vector of the k-th value. Of a vector's two signs either may come. */
  readonly vectors: Float64Array;
}

/**
 * The eigenvalues, descending, and the eigenvectors of a symmetric matrix: Householder's reduction to three diagonals,
 * then the implicit QL iteration. Values are right to rounding of the largest (not each to its own), vectors orthogonal
 * to rounding, whatever the matrix: of low rank, with values that coincide, zero, or of any scale.
 *
 * @param matrix [size, size], row-major; the lower triangle is read.
 * @param makeRoom Where it is computed.
 * @throws RangeError for numbers that are not finite.
 * @see Golub and Van Loan, "Matrix computations", 8.3.
 */
export function symmetricEigen(matrix: Float64Array, size: number, makeRoom: MakeRoom = roomFor): SymmetricEigen {
  const room = makeRoom(size * size + besides * size);
  const { work, scale } = scaledCopy('symmetricEigen', room, matrix);
  const factors = new Float64Array(size);
  const tridiagonal = tridiagonalise(room, work, size, factors);
  accumulateReflections(room, work, size, factors);
  diagonalise(room, tridiagonal, work);
  return sorted(tridiagonal.diagonal, work, size, scale);
}

/** The eigenvalues of a symmetric matrix, descending, for a third of the work; see `symmetricEigen`. */
export function symmetricEigenvalues(matrix: Float64Array, size: number, makeRoom: MakeRoom = roomFor): Float64Array {
  const room = makeRoom(size * size + besides * size);
  const { work, scale } = scaledCopy('symmetricEigenvalues', room, matrix);
  const tridiagonal = tridiagonalise(room, work, size, new Float64Array(size));
  diagonalise(room, tridiagonal);
  return tridiagonal.diagonal
    .sort()
    .reverse()
    .map((value) => value * scale);
}

function sorted(values: Float64Array, rows: Float64Array, size: number, scale: number): SymmetricEigen {
  const order = Array.from(values.keys()).sort((a, b) => values[b]! - values[a]!);
  const vectors = new Float64Array(size * size);
  order.forEach((from, to) => {
    vectors.set(rows.subarray(from * size, (from + 1) * size), to * size);
  });
  return { values: Float64Array.from(order, (index) => values[index]! * scale), vectors };
}
