/** Singular values and vectors of a matrix, in float64 on the host. */
import { type Bidiagonal, type BidiagonalFactors, bidiagonalise } from './bidiagonal.ts';
import { diagonaliseBidiagonal } from './bidiagonalSweeps.ts';
import type { MakeRoom, Room } from './loops.ts';
import { roomFor } from './room.ts';
import { scaledCopy } from './scale.ts';

/** Vectors of either side's length that the reduction and the sweeps need. */
const besides = 5;

/** A matrix as Σ σ_k·u_k·v_kᵀ, over the smaller of rows and columns. */
export interface SingularDecomposition {
  /** Descending, ≥ 0. */
  readonly values: Float64Array;
  /** [values, rows], row-major: row k is the unit vector u_k. Of the signs of u_k and v_k both may be the others. */
  readonly left: Float64Array;
  /** [values, columns], row-major: row k is the unit vector v_k. */
  readonly right: Float64Array;
}

/**
 * The singular values of a matrix, descending: Golub and Kahan's reduction to two diagonals, then the implicit QR
 * iteration. They are right to rounding of the largest (not each to its own), whatever the matrix: of low rank, with
 * values that coincide, zero, or of any scale. Nothing is squared, so that values of a 1e-8th of the largest keep half of
 * their digits, which the eigenvalues of AᵀA have none of.
 *
 * @param matrix [rows, columns], row-major.
 * @param makeRoom Where it is computed.
 * @throws RangeError for numbers that are not finite.
 * @see Golub and Van Loan, "Matrix computations", 8.6.
 */
export function singularValues(
  matrix: Float64Array,
  rows: number,
  columns: number,
  makeRoom: MakeRoom = roomFor,
): Float64Array {
  const [long, short] = rows >= columns ? [rows, columns] : [columns, rows];
  const room = makeRoom(rows * columns + besides * (rows + columns));
  const upright = rows >= columns ? matrix : transposed(matrix, rows, columns);
  const { work, scale } = scaledCopy('singularValues', room, upright);
  const { bidiagonal } = reduced(room, work, long, short);
  diagonaliseBidiagonal(room, bidiagonal);
  return bidiagonal.diagonal
    .map((value) => Math.abs(value) * scale)
    .sort()
    .reverse();
}

/** The nuclear norm of a matrix: the sum of its singular values, in the matrix's scale. */
export function nuclearNorm(matrix: Float64Array, rows: number, columns: number, makeRoom: MakeRoom = roomFor): number {
  // From the smallest up, which leaves the least rounding.
  return singularValues(matrix, rows, columns, makeRoom).reduceRight((sum, value) => sum + value, 0);
}

/** The singular values and both sides' vectors of a matrix; see `singularValues`. */
export function singularDecomposition(
  matrix: Float64Array,
  rows: number,
  columns: number,
  makeRoom: MakeRoom = roomFor,
): SingularDecomposition {
  if (rows < columns) {
    const { values, left, right } = decomposed(transposed(matrix, rows, columns), columns, rows, makeRoom);
    return { values, left: right, right: left };
  }
  return decomposed(matrix, rows, columns, makeRoom);
}

function reduced(room: Room, work: Float64Array, rows: number, columns: number) {
  const factors = { left: new Float64Array(columns), right: new Float64Array(columns) };
  return { bidiagonal: bidiagonalise(room, work, rows, columns, factors), factors };
}

function decomposed(matrix: Float64Array, rows: number, columns: number, makeRoom: MakeRoom): SingularDecomposition {
  const room = makeRoom(2 * rows * columns + columns * columns + besides * (rows + columns));
  const { work, scale } = scaledCopy('singularDecomposition', room, matrix);
  const { bidiagonal, factors } = reduced(room, work, rows, columns);
  const [left, right] = reflections(room, work, rows, columns, factors);
  diagonaliseBidiagonal(
    room,
    bidiagonal,
    ({ cosines, sines }, first, end) => room.loops.rotateDown(left, rows, cosines, sines, first, end),
    ({ cosines, sines }, first, end) => room.loops.rotateDown(right, columns, cosines, sines, first, end),
  );
  return sorted(bidiagonal, left, rows, right, columns, scale);
}

/** The products of the reflections of both sides, [columns, rows] and [columns, columns]. */
function reflections(
  { loops, array }: Room,
  work: Float64Array,
  rows: number,
  columns: number,
  factors: BidiagonalFactors,
) {
  const left = array(columns * rows);
  const right = array(columns * columns);
  const direction = array(rows);
  // Backwards, so that rows before a step's are still those of the identity, which the reflection does not reach.
  for (let step = columns - 1; step >= 0; step--) {
    left[step * rows + step] = 1;
    right[step * columns + step] = 1;
    for (let row = step; row < rows; row++) direction[row] = work[row * columns + step]!;
    if (factors.left[step] !== 0) {
      const own = left.subarray(step * rows + step);
      loops.reflectRows(own, rows, columns - step, direction.subarray(step), rows - step, factors.left[step]!);
    }
    if (factors.right[step] !== 0) {
      const after = step + 1;
      const own = right.subarray(after * columns + after);
      const across = work.subarray(step * columns + after);
      loops.reflectRows(own, columns, columns - after, across, columns - after, factors.right[step]!);
    }
  }
  return [left, right] as const;
}

function sorted(
  { diagonal }: Bidiagonal,
  left: Float64Array,
  rows: number,
  right: Float64Array,
  columns: number,
  scale: number,
): SingularDecomposition {
  const order = Array.from(diagonal.keys()).sort((a, b) => Math.abs(diagonal[b]!) - Math.abs(diagonal[a]!));
  const sortedLeft = new Float64Array(left.length);
  const sortedRight = new Float64Array(right.length);
  order.forEach((from, to) => {
    sortedLeft.set(left.subarray(from * rows, (from + 1) * rows), to * rows);
    const sign = diagonal[from]! < 0 ? -1 : 1;
    for (let column = 0; column < columns; column++) {
      sortedRight[to * columns + column] = sign * right[from * columns + column]!;
    }
  });
  return {
    values: Float64Array.from(order, (from) => Math.abs(diagonal[from]!) * scale),
    left: sortedLeft,
    right: sortedRight,
  };
}

function transposed(matrix: Float64Array, rows: number, columns: number): Float64Array {
  const turned = new Float64Array(matrix.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) turned[column * rows + row] = matrix[row * columns + column]!;
  }
  return turned;
}
