/** A matrix brought to two diagonals by reflections from both sides: what its singular values are then found from. */
import type { Room } from './loops.ts';
import { reflect } from './reflection.ts';

/** A matrix with nothing but its diagonal and what stands right of it. */
export interface Bidiagonal {
  /** [columns] */
  readonly diagonal: Float64Array;
  /** [columns]; the last is 0. */
  readonly beside: Float64Array;
}

/** The τ of the reflections on both sides, 0 where there was nothing to clear. */
export interface BidiagonalFactors {
  /** [columns] */
  readonly left: Float64Array;
  /** [columns] */
  readonly right: Float64Array;
}

/**
 * The reduction of Golub and Kahan, B = L·A·R. A step takes a reflection off from each side and multiplies what is left by
 * the next ones; taken together as far as they can be, they read the matrix twice.
 *
 * @param room Where `matrix` was made.
 * @param matrix [rows, columns], row-major, with rows ≥ columns and elements at most about 1 in size. It is overwritten:
 * column k then holds, from the diagonal down, the direction of the reflection that cleared it from the left, and row k,
 * right of the diagonal, that from the right.
 */
export function bidiagonalise(
  { loops, array }: Room,
  matrix: Float64Array,
  rows: number,
  columns: number,
  factors: BidiagonalFactors,
): Bidiagonal {
  const diagonal = new Float64Array(columns);
  const beside = new Float64Array(columns);
  // What is still to be taken off: left·acrossᵀ + down·rightᵀ.
  const [left, down, direction] = [array(rows), array(rows), array(rows)];
  const [across, right, product] = [array(columns), array(columns), array(columns)];
  for (let step = 0; step < columns; step++) {
    const corner = step * columns + step;
    for (let row = step; row < rows; row++) {
      matrix[row * columns + step]! -= left[row]! * across[step]! + down[row]! * right[step]!;
    }
    const fromLeft = reflect(matrix, corner, rows - step, 0, columns);
    diagonal[step] = fromLeft.length;
    factors.left[step] = fromLeft.factor;
    if (step + 1 === columns) break;
    for (let row = step; row < rows; row++) direction[row] = matrix[row * columns + step]!;
    product.fill(0);
    const after = step + 1;
    loops.gatherUpdated(
      matrix.subarray(corner + 1),
      columns,
      rows - step,
      columns - after,
      left.subarray(step),
      across.subarray(after),
      down.subarray(step),
      right.subarray(after),
      direction.subarray(step),
      product.subarray(after),
    );
    left.set(direction);
    for (let column = after; column < columns; column++) {
      const share = fromLeft.factor * product[column]!;
      across[column] = share;
      // The reflection's direction is 1 in this row.
      matrix[step * columns + column]! -= left[step]! * share;
    }
    const fromRight = reflect(matrix, corner + 1, columns - after, 0);
    beside[step] = fromRight.length;
    factors.right[step] = fromRight.factor;
    let overlap = 0;
    for (let column = after; column < columns; column++) {
      right[column] = matrix[step * columns + column]!;
      overlap += across[column]! * right[column]!;
    }
    const rest = matrix.subarray(corner + columns + 1);
    loops.multiplyRows(rest, columns, rows - after, columns - after, right.subarray(after), down.subarray(after));
    for (let row = after; row < rows; row++) down[row] = fromRight.factor * (down[row]! - left[row]! * overlap);
  }
  return { diagonal, beside };
}
