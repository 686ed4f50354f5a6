/** Singular values and vectors of a matrix, in float64 on the host. */
import { type Bidiagonal, type BidiagonalFactors, bidiagonalise } from './bidiagonal.ts';
import { diagonaliseBidiagonal } from './bidiagonalSweeps.ts';
import { reflectRows } from './reflection.ts';
import { rotateDown } from './rotations.ts';
import { scaledCopy } from './scale.ts';

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
 * @throws RangeError for numbers that are not finite.
 * @see Golub and Van Loan, "Matrix computations", 8.6.
 */
export function singularValues(matrix: Float64Array, rows: number, columns: number): Float64Array {
  const { work, scale } = scaledCopy('singularValues', matrix);
  const upright = rows >= columns;
  const [long, short] = upright ? [rows, columns] : [columns, rows];
  const numbers = upright ? work : transposed(work, rows, columns);
  const { bidiagonal } = reduced(numbers, long, short);
  diagonaliseBidiagonal(bidiagonal);
  return bidiagonal.diagonal
    .map((value) => Math.abs(value) * scale)
    .sort()
    .reverse();
}

/** The nuclear norm of a matrix: the sum of its singular values, in the matrix's scale. */
export function nuclearNorm(matrix: Float64Array, rows: number, columns: number): number {
  // From the smallest up, which leaves the least rounding.
  return singularValues(matrix, rows, columns).reduceRight((sum, value) => sum + value, 0);
}

/** The singular values and both sides' vectors of a matrix; see `singularValues`. */
export function singularDecomposition(matrix: Float64Array, rows: number, columns: number): SingularDecomposition {
  const { work, scale } = scaledCopy('singularDecomposition', matrix);
  if (rows < columns) {
    const { values, left, right } = decomposed(transposed(work, rows, columns), columns, rows, scale);
    return { values, left: right, right: left };
  }
  return decomposed(work, rows, columns, scale);
}

function reduced(work: Float64Array, rows: number, columns: number) {
  const factors = { left: new Float64Array(columns), right: new Float64Array(columns) };
  return { bidiagonal: bidiagonalise(work, rows, columns, factors), factors };
}

function decomposed(work: Float64Array, rows: number, columns: number, scale: number): SingularDecomposition {
  const { bidiagonal, factors } = reduced(work, rows, columns);
  const [left, right] = reflections(work, rows, columns, factors);
  diagonaliseBidiagonal(
    bidiagonal,
    (turns, first, end) => rotateDown(left, rows, turns, first, end),
    (turns, first, end) => rotateDown(right, columns, turns, first, end),
  );
  return sorted(bidiagonal, left, rows, right, columns, scale);
}

/** The products of the reflections of both sides, [columns, rows] and [columns, columns]. */
function reflections(work: Float64Array, rows: number, columns: number, factors: BidiagonalFactors) {
  const left = new Float64Array(columns * rows);
  const right = new Float64Array(columns * columns);
  const direction = new Float64Array(rows);
  // Backwards, so that rows before a step's are still those of the identity, which the reflection does not reach.
  for (let step = columns - 1; step >= 0; step--) {
    left[step * rows + step] = 1;
    right[step * columns + step] = 1;
    for (let row = step; row < rows; row++) direction[row] = work[row * columns + step]!;
    reflectRows(left, rows, step * rows + step, columns - step, direction, step, rows - step, factors.left[step]!);
    const after = step + 1;
    reflectRows(
      right,
      columns,
      after * columns + after,
      columns - after,
      work,
      step * columns + after,
      columns - after,
      factors.right[step]!,
    );
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
