import { checkAllFinite, rangeError, shapeError } from '../../check.ts';
import { type TensorLike, toHostTensor } from '../../tensor.ts';

/** A symmetric matrix, row-major. */
export interface SquareMatrix {
  readonly data: Float64Array;
  readonly size: number;
}

/** Reads a symmetric matrix of finite numbers; differences of rounding between its two halves are averaged out. */
export function squareMatrix(where: string, argument: string, value: TensorLike): SquareMatrix {
  const { data, shape } = toHostTensor(value, where, argument);
  const [size = 0, columns] = shape;
  if (shape.length !== 2 || size !== columns || size === 0) {
    throw shapeError(where, argument, 'a square matrix [n, n]', shape);
  }
  checkAllFinite(where, argument, data);
  let largest = 0;
  for (const entry of data) largest = Math.max(largest, Math.abs(entry));
  const symmetric = new Float64Array(size * size);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const here = data[row * size + column]!;
      const there = data[column * size + row]!;
      if (Math.abs(here - there) > 1e-5 * largest) {
        throw rangeError(where, argument, `symmetric at [${row}, ${column}]`, [here, there]);
      }
      symmetric[row * size + column] = (here + there) / 2;
    }
  }
  return { data: symmetric, size };
}
