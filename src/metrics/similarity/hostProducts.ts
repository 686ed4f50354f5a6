/** Products of doubles in host memory by the fast loops of the algebra, which the reference backend does without. */
import { product, strided } from '../../algebra/product.ts';
import { roomFor } from '../../algebra/room.ts';
import type { Backend, MatMulOptions } from '../../backend.ts';

/** The backend, with the loops for products of two matrices of doubles; itself where values are not doubles in host memory. */
export function withHostProducts<T>(backend: Backend<T>): Backend<T> {
  const { readSync } = backend;
  if (readSync === undefined) return backend;
  return {
    ...backend,
    matMul(a: T, b: T, options: MatMulOptions = {}) {
      const [left, right] = [readSync(a), readSync(b)];
      const areDoubles = left.data instanceof Float64Array && right.data instanceof Float64Array;
      if (!areDoubles || left.shape.length !== 2 || right.shape.length !== 2) return backend.matMul(a, b, options);
      const { transposeA = false, transposeB = false } = options;
      const [rows, inner] = transposeA ? [left.shape[1]!, left.shape[0]!] : [left.shape[0]!, left.shape[1]!];
      const columns = right.shape[transposeB ? 0 : 1]!;
      const data = product(
        strided(left.data, left.shape[1]!, transposeA),
        strided(right.data, right.shape[1]!, transposeB),
        rows,
        inner,
        columns,
        left.data === right.data && transposeA !== transposeB,
        roomFor,
      );
      return backend.fromHost({ data, shape: [rows, columns] });
    },
  };
}
