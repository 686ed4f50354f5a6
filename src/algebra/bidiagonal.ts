/** A matrix brought to two diagonals by reflections from both sides: what its singular values are then found from. */
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
 * @param matrix [rows, columns], row-major, with rows ≥ columns and elements at most about 1 in size. It is overwritten:
 * column k then holds, from the diagonal down, the direction of the reflection that cleared it from the left, and row k,
 * right of the diagonal, that from the right.
 */
export function bidiagonalise(
  matrix: Float64Array,
  rows: number,
  columns: number,
  factors: BidiagonalFactors,
): Bidiagonal {
  const diagonal = new Float64Array(columns);
  const beside = new Float64Array(columns);
  // What is still to be taken off: left·across + down·right, columns times rows.
  const pending: Pending = {
    left: new Float64Array(rows),
    across: new Float64Array(columns),
    down: new Float64Array(rows),
    right: new Float64Array(columns),
  };
  const { left, across, down, right } = pending;
  const direction = new Float64Array(rows);
  const product = new Float64Array(columns);
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
    updateAndGather(matrix, rows, columns, step, pending, direction, product);
    left.set(direction);
    for (let column = step + 1; column < columns; column++) {
      const share = fromLeft.factor * product[column]!;
      across[column] = share;
      // The reflection's direction is 1 in this row.
      matrix[step * columns + column]! -= left[step]! * share;
    }
    const fromRight = reflect(matrix, corner + 1, columns - step - 1, 0);
    beside[step] = fromRight.length;
    factors.right[step] = fromRight.factor;
    let overlap = 0;
    for (let column = step + 1; column < columns; column++) {
      right[column] = matrix[step * columns + column]!;
      overlap += across[column]! * right[column]!;
    }
    multiplyRows(matrix, rows, columns, step + 1, right, down);
    for (let row = step + 1; row < rows; row++) down[row] = fromRight.factor * (down[row]! - left[row]! * overlap);
  }
  return { diagonal, beside };
}

interface Pending {
  readonly left: Float64Array;
  readonly across: Float64Array;
  readonly down: Float64Array;
  readonly right: Float64Array;
}

/** Takes the pending products off rows and columns after `step` (and its row), and adds directionᵀ·what is left to `product`. */
function updateAndGather(
  matrix: Float64Array,
  rows: number,
  columns: number,
  step: number,
  { left, across, down, right }: Pending,
  direction: Float64Array,
  product: Float64Array,
): void {
  let row = step;
  // Rows in pairs: each number of the vectors is then loaded half as often.
  for (; row + 2 <= rows; row += 2) {
    const upper = row * columns;
    const lower = upper + columns;
    const [left0, down0, along0] = [left[row]!, down[row]!, direction[row]!];
    const [left1, down1, along1] = [left[row + 1]!, down[row + 1]!, direction[row + 1]!];
    for (let column = step + 1; column < columns; column++) {
      const a = matrix[upper + column]! - left0 * across[column]! - down0 * right[column]!;
      const b = matrix[lower + column]! - left1 * across[column]! - down1 * right[column]!;
      matrix[upper + column] = a;
      matrix[lower + column] = b;
      product[column]! += a * along0 + b * along1;
    }
  }
  for (; row < rows; row++) {
    const start = row * columns;
    for (let column = step + 1; column < columns; column++) {
      const a = matrix[start + column]! - left[row]! * across[column]! - down[row]! * right[column]!;
      matrix[start + column] = a;
      product[column]! += a * direction[row]!;
    }
  }
}

/** out = matrix·direction, over rows and columns from `from` on. */
function multiplyRows(
  matrix: Float64Array,
  rows: number,
  columns: number,
  from: number,
  direction: Float64Array,
  out: Float64Array,
): void {
  let row = from;
  for (; row + 4 <= rows; row += 4) {
    const a = row * columns;
    const [b, c, d] = [a + columns, a + 2 * columns, a + 3 * columns];
    let [sumA, sumB, sumC, sumD] = [0, 0, 0, 0];
    for (let column = from; column < columns; column++) {
      const along = direction[column]!;
      sumA += matrix[a + column]! * along;
      sumB += matrix[b + column]! * along;
      sumC += matrix[c + column]! * along;
      sumD += matrix[d + column]! * along;
    }
    out[row] = sumA;
    out[row + 1] = sumB;
    out[row + 2] = sumC;
    out[row + 3] = sumD;
  }
  for (; row < rows; row++) {
    let sum = 0;
    for (let column = from; column < columns; column++) sum += matrix[row * columns + column]! * direction[column]!;
    out[row] = sum;
  }
}
