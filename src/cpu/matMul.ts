/** The reference matrix product: sums in float64, whatever the precision of the result. */
import type { MatMulOptions } from '../backend.ts';
import { productExtents } from '../memberArguments.ts';
import { type HostTensor, sizeOf } from '../tensor.ts';

/** Multiplies the last two axes, batch by batch. */
export function multiplyMatrices(
  a: HostTensor,
  b: HostTensor,
  { transposeA = false, transposeB = false }: MatMulOptions,
  allocate: (size: number) => Float32Array | Float64Array,
): HostTensor {
  const { batch, rows, inner, columns } = productExtents('cpuBackend.matMul', a.shape, b.shape, {
    transposeA,
    transposeB,
  });
  const data = allocate(sizeOf(batch) * rows * columns);
  const sums = new Float64Array(columns);
  for (let matrix = 0; matrix < sizeOf(batch); matrix++) {
    const left = rowsOf(a, matrix, transposeA, rows, inner);
    const right = rowsOf(b, matrix, transposeB, inner, columns);
    for (let row = 0; row < rows; row++) {
      sums.fill(0);
      for (let k = 0; k < inner; k += STEPS) addRows(sums, left, row * inner + k, right, k, Math.min(STEPS, inner - k));
      data.set(sums, (matrix * rows + row) * columns);
    }
  }
  return { data, shape: [...batch, rows, columns] };
}

/** Inner steps that are added to the sums at a time: a sum is then loaded and stored a quarter as often. */
const STEPS = 4;

/** Adds `steps` rows of the right factor, from row `k` on, each times its number in the left one. */
function addRows(
  sums: Float64Array,
  left: Float64Array,
  at: number,
  right: Float64Array,
  k: number,
  steps: number,
): void {
  const columns = sums.length;
  const start = k * columns;
  if (steps < STEPS) {
    for (let step = 0; step < steps; step++) {
      const factor = left[at + step]!;
      for (let column = 0; column < columns; column++)
        sums[column]! += factor * right[start + step * columns + column]!;
    }
    return;
  }
  const [a, b, c, d] = [left[at]!, left[at + 1]!, left[at + 2]!, left[at + 3]!];
  const [second, third, fourth] = [start + columns, start + 2 * columns, start + 3 * columns];
  for (let column = 0; column < columns; column++) {
    sums[column]! +=
      a * right[start + column]! +
      b * right[second + column]! +
      (c * right[third + column]! + d * right[fourth + column]!);
  }
}

/** One matrix of a batch as [rows, columns] in float64, turned where it is given transposed. */
function rowsOf(
  { data }: HostTensor,
  matrix: number,
  transposed: boolean,
  rows: number,
  columns: number,
): Float64Array {
  const size = rows * columns;
  const own = new Float64Array(data.subarray(matrix * size, (matrix + 1) * size));
  if (!transposed) return own;
  const turned = new Float64Array(size);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) turned[row * columns + column] = own[column * rows + row]!;
  }
  return turned;
}
