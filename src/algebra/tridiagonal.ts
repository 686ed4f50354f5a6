/** A symmetric matrix brought to three diagonals by reflections: what its eigenvalues are then quickly found from. */
import { reflect, reflectRows } from './reflection.ts';

/** A symmetric matrix with nothing but its diagonal and what stands beside it. */
export interface Tridiagonal {
  /** [size] */
  readonly diagonal: Float64Array;
  /** [size]; the last is 0. */
  readonly beside: Float64Array;
}

/**
 * Householder's reduction, from the last row to the first. A step takes a reflection off the matrix and multiplies what
 * is left by the next one; taken together, as here, they read the matrix once.
 *
 * @param matrix [size, size], row-major, elements at most about 1 in size. Only the lower triangle is read, and it is
 * overwritten: row i then holds the direction of the reflection I − τ·v·vᵀ that cleared it.
 * @param factors [size]: becomes the τ of each row, 0 where there was nothing to clear.
 */
export function tridiagonalise(matrix: Float64Array, size: number, factors: Float64Array): Tridiagonal {
  const diagonal = new Float64Array(size);
  const beside = new Float64Array(size);
  // What is still to be taken off: v·wᵀ + w·vᵀ.
  let [v, w] = [new Float64Array(size), new Float64Array(size)];
  let [nextV, nextW] = [new Float64Array(size), new Float64Array(size)];
  factors.fill(0);
  for (let last = size - 1; last >= 0; last--) {
    const row = last * size;
    const [ownV, ownW] = [v[last]!, w[last]!];
    for (let column = 0; column <= last; column++) matrix[row + column]! -= ownV * w[column]! + ownW * v[column]!;
    diagonal[last] = matrix[row + last]!;
    if (last === 0) break;
    const { factor, length } = reflect(matrix, row, last, last - 1);
    factors[last] = factor;
    beside[last - 1] = length;
    nextV.set(matrix.subarray(row, row + last));
    nextW.fill(0, 0, last);
    updateAndMultiply(matrix, size, last, v, w, nextV, nextW);
    let share = 0;
    for (let index = 0; index < last; index++) share += nextW[index]! * nextV[index]!;
    share *= (factor * factor) / 2;
    for (let index = 0; index < last; index++) nextW[index] = factor * nextW[index]! - share * nextV[index]!;
    [v, nextV] = [nextV, v];
    [w, nextW] = [nextW, w];
  }
  return { diagonal, beside };
}

/** Takes v·wᵀ + w·vᵀ off the leading `count` rows, lower triangle, and adds what is left times `direction` to `product`. */
function updateAndMultiply(
  matrix: Float64Array,
  size: number,
  count: number,
  v: Float64Array,
  w: Float64Array,
  direction: Float64Array,
  product: Float64Array,
): void {
  // Rows in pairs: each number of the vectors is then loaded half as often.
  const paired = count & ~1;
  for (let row = 0; row < paired; row += 2) {
    const upper = row * size;
    const lower = upper + size;
    const [v0, w0, direction0] = [v[row]!, w[row]!, direction[row]!];
    const [v1, w1, direction1] = [v[row + 1]!, w[row + 1]!, direction[row + 1]!];
    let sum0 = 0;
    let sum1 = 0;
    for (let column = 0; column < row; column++) {
      const [vc, wc, directionC] = [v[column]!, w[column]!, direction[column]!];
      const a = matrix[upper + column]! - v0 * wc - w0 * vc;
      const b = matrix[lower + column]! - v1 * wc - w1 * vc;
      matrix[upper + column] = a;
      matrix[lower + column] = b;
      sum0 += a * directionC;
      sum1 += b * directionC;
      product[column]! += a * direction0 + b * direction1;
    }
    const corner = matrix[upper + row]! - 2 * v0 * w0;
    const side = matrix[lower + row]! - v1 * w0 - w1 * v0;
    const last = matrix[lower + row + 1]! - 2 * v1 * w1;
    matrix[upper + row] = corner;
    matrix[lower + row] = side;
    matrix[lower + row + 1] = last;
    product[row]! += sum0 + corner * direction0 + side * direction1;
    product[row + 1]! += sum1 + side * direction0 + last * direction1;
  }
  if (paired === count) return;
  const start = paired * size;
  const [ownV, ownW, own] = [v[paired]!, w[paired]!, direction[paired]!];
  let sum = 0;
  for (let column = 0; column < paired; column++) {
    const a = matrix[start + column]! - ownV * w[column]! - ownW * v[column]!;
    matrix[start + column] = a;
    sum += a * direction[column]!;
    product[column]! += a * own;
  }
  const corner = matrix[start + paired]! - 2 * ownV * ownW;
  matrix[start + paired] = corner;
  product[paired]! += sum + corner * own;
}

/** Makes the product of the reflections that `tridiagonalise` left in `matrix`, in their place: Q with T = Q·A·Qᵀ. */
export function accumulateReflections(matrix: Float64Array, size: number, factors: Float64Array): void {
  for (let count = 0; count < size; count++) {
    // So far the leading `count` rows and columns are made; row `count` holds a reflection of those.
    const row = count * size;
    reflectRows(matrix, size, 0, count, matrix, row, count, factors[count]!);
    matrix.fill(0, row, row + count);
    matrix[row + count] = 1;
    for (let other = 0; other < count; other++) matrix[other * size + count] = 0;
  }
}
