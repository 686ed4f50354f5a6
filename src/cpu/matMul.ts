/** The reference matrix product: sums in float64, whatever the precision of the result. */
import type { MatMulOptions } from '../backend.ts';
import { describeShape } from '../check.ts';
import { type HostTensor, sizeOf } from '../tensor.ts';

/** Multiplies the last two axes, batch by batch. */
export function multiplyMatrices(
  a: HostTensor,
  b: HostTensor,
  { transposeA = false, transposeB = false }: MatMulOptions,
  allocate: (size: number) => Float32Array | Float64Array,
): HostTensor {
  const batch = a.shape.slice(0, -2);
  const [aRows = 1, aColumns = 1] = a.shape.slice(-2);
  const [bRows = 1, bColumns = 1] = b.shape.slice(-2);
  const [rows, inner] = transposeA ? [aColumns, aRows] : [aRows, aColumns];
  const [innerOfB, columns] = transposeB ? [bColumns, bRows] : [bRows, bColumns];
  const batchOfB = b.shape.slice(0, -2);
  if (
    a.shape.length < 2 ||
    inner !== innerOfB ||
    batch.length !== batchOfB.length ||
    batch.some((n, i) => n !== batchOfB[i])
  ) {
    throw new TypeError(
      `matMul: shapes must agree in leading axes and inner extent, got ${describeShape(a.shape)} and ` +
        `${describeShape(b.shape)} with transposeA ${transposeA}, transposeB ${transposeB}.`,
    );
  }
  const data = allocate(sizeOf(batch) * rows * columns);
  const sums = new Float64Array(columns);
  for (let matrix = 0; matrix < sizeOf(batch); matrix++) {
    const startA = matrix * rows * inner;
    const startB = matrix * inner * columns;
    for (let row = 0; row < rows; row++) {
      sums.fill(0);
      for (let k = 0; k < inner; k++) {
        const left = a.data[startA + (transposeA ? k * rows + row : row * inner + k)]!;
        const offset = startB + (transposeB ? k : k * columns);
        const stride = transposeB ? inner : 1;
        for (let column = 0; column < columns; column++) {
          sums[column]! += left * b.data[offset + column * stride]!;
        }
      }
      data.set(sums, (matrix * rows + row) * columns);
    }
  }
  return { data, shape: [...batch, rows, columns] };
}
