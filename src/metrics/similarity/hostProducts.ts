/** Products of doubles in host memory by the fast loops of the algebra, which the reference backend does without. */
import { product, strided } from '../../algebra/product.ts';
import { roomFor } from '../../algebra/room.ts';
import type { Backend, MatMulOptions } from '../../backend.ts';
import { holdsDoubles } from '../../ops/holdsDoubles.ts';

/** The backend, with the loops for products of two matrices; itself where its results are not doubles in host memory. */
export function withHostProducts<T>(backend: Backend<T>): Backend<T> {
  const { readSync } = backend;
  if (readSync === undefined || !holdsDoubles(backend)) return backend;
  const multiply = (a: T, b: T, options: MatMulOptions = {}): T => {
    const [left, right] = [readSync(a), readSync(b)];
    if (left.shape.length !== 2 || right.shape.length !== 2) return backend.matMul(a, b, options);
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
  };
  // All other members are the backend's own, inherited ones too.
  return Object.create(backend, { matMul: { value: multiply } });
}
