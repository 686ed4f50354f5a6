/** A symmetric matrix brought to three diagonals by reflections: what its eigenvalues are then quickly found from. */
import type { Room } from './loops.ts';
import { reflect } from './reflection.ts';

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
 * @param room Where `matrix` was made.
 * @param matrix [size, size], row-major, elements at most about 1 in size. Only the lower triangle is read, and it is
 * overwritten: row i then holds the direction of the reflection I − τ·v·vᵀ that cleared it.
 * @param factors [size]: becomes the τ of each row, 0 where there was nothing to clear.
 */
export function tridiagonalise(
  { loops, array }: Room,
  matrix: Float64Array,
  size: number,
  factors: Float64Array,
): Tridiagonal {
  const diagonal = new Float64Array(size);
  const beside = new Float64Array(size);
  // What is still to be taken off: v·wᵀ + w·vᵀ.
  let [v, w] = [array(size), array(size)];
  let [nextV, nextW] = [array(size), array(size)];
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
    loops.multiplyUpdated(matrix, size, last, v, w, nextV, nextW);
    let share = 0;
    for (let index = 0; index < last; index++) share += nextW[index]! * nextV[index]!;
    share *= (factor * factor) / 2;
    for (let index = 0; index < last; index++) nextW[index] = factor * nextW[index]! - share * nextV[index]!;
    [v, nextV] = [nextV, v];
    [w, nextW] = [nextW, w];
  }
  return { diagonal, beside };
}

/** Makes the product of the reflections that `tridiagonalise` left in `matrix`, in their place: Q with T = Q·A·Qᵀ. */
export function accumulateReflections(
  { loops }: Room,
  matrix: Float64Array,
  size: number,
  factors: Float64Array,
): void {
  for (let count = 0; count < size; count++) {
    // So far the leading `count` rows and columns are made; row `count` holds a reflection of those.
    const row = count * size;
    if (factors[count] !== 0) loops.reflectRows(matrix, size, count, matrix.subarray(row), count, factors[count]!);
    matrix.fill(0, row, row + count);
    matrix[row + count] = 1;
    for (let other = 0; other < count; other++) matrix[other * size + count] = 0;
  }
}
