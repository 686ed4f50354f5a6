/** The backend's matrix product, and squared distances, which are computed as one. */
import type { Backend } from '../backend.ts';
import { checkRank } from '../check.ts';
import { productExtents } from '../memberArguments.ts';
import { sizeOf } from '../tensor.ts';
import { computeProducts, factor, type ProductHost } from './product.ts';
import type { WasmTensor } from './tensors.ts';

/** Makes `matMul`: blocked, with transposes read through strides, and X·Xᵀ computed by half. */
export function matMulMember(host: ProductHost): Backend<WasmTensor>['matMul'] {
  const { store } = host;
  return (a, b, { transposeA = false, transposeB = false } = {}) => {
    const fromA = store.pointerTo('matMul', a, 'a');
    const fromB = store.pointerTo('matMul', b, 'b');
    const { batch, rows, inner, columns } = productExtents('wasmBackend.matMul', a.shape, b.shape, {
      transposeA,
      transposeB,
    });
    const out = store.make([...batch, rows, columns]);
    const symmetric = a.storage === b.storage && transposeA !== transposeB && rows === columns;
    const products = Array.from({ length: sizeOf(batch) }, (_, matrix) => ({
      a: factor(fromA + matrix * rows * inner * 4, a.shape.at(-1)!, transposeA),
      b: factor(fromB + matrix * inner * columns * 4, b.shape.at(-1)!, transposeB),
      out: out.storage.pointer + matrix * rows * columns * 4,
      rows,
      columns,
      inner,
      symmetric,
    }));
    computeProducts(host, products);
    return out;
  };
}

/** Makes `squaredDistances`: the product's blocks with squared differences in place of products, and half of them. */
export function squaredDistancesMember(host: ProductHost): NonNullable<Backend<WasmTensor>['squaredDistances']> {
  const { store } = host;
  return (x) => {
    const from = store.pointerTo('squaredDistances', x, 'x');
    checkRank('wasmBackend.squaredDistances', 'x', x.shape, 2, '[rows, width]');
    const [rows = 0, width = 0] = x.shape;
    const out = store.make([rows, rows]);
    const [a, b] = [factor(from, width), factor(from, width, true)];
    const at = out.storage.pointer;
    computeProducts(host, [{ a, b, out: at, rows, columns: rows, inner: width, symmetric: true, distances: true }]);
    return out;
  };
}
