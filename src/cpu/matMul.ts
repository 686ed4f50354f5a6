/** The reference matrix product: sums in float64, whatever the precision of the result. */
import { product, strided } from '../algebra/product.ts';
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
  const symmetric = a.data === b.data && transposeA !== transposeB && rows === columns;
  for (let matrix = 0; matrix < sizeOf(batch); matrix++) {
    const left = strided(a.data, aColumns, transposeA, matrix * rows * inner);
    const right = strided(b.data, bColumns, transposeB, matrix * inner * columns);
    data.set(product(left, right, rows, inner, columns, symmetric), matrix * rows * columns);
  }
  return { data, shape: [...batch, rows, columns] };
}
