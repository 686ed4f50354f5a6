/** The reference matrix product: sums in float64, whatever the precision of the result. */
import { product, strided } from '../algebra/product.ts';
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
  const symmetric = a.data === b.data && transposeA !== transposeB && rows === columns;
  for (let matrix = 0; matrix < sizeOf(batch); matrix++) {
    const left = strided(a.data, a.shape.at(-1)!, transposeA, matrix * rows * inner);
    const right = strided(b.data, b.shape.at(-1)!, transposeB, matrix * inner * columns);
    data.set(product(left, right, rows, inner, columns, symmetric), matrix * rows * columns);
  }
  return { data, shape: [...batch, rows, columns] };
}
