/** The backend's matrix product, and squared distances, which are computed as one. */
import type { Backend, Shape } from '../backend.ts';
import { checkRank } from '../check.ts';
import { productExtents } from '../memberArguments.ts';
import { sizeOf } from '../tensor.ts';
import type { Pointer } from './assemblyExports.ts';
import { computeProducts, factor, type Product, type ProductHost } from './product.ts';
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
    const symmetric = a.storage === b.storage && transposeA !== transposeB && rows === columns;
    return productsIn(host, [...batch, rows, columns], (out) =>
      Array.from({ length: sizeOf(batch) }, (_, matrix) => ({
        a: factor(fromA + matrix * rows * inner * 4, a.shape.at(-1)!, transposeA),
        b: factor(fromB + matrix * inner * columns * 4, b.shape.at(-1)!, transposeB),
        out: out + matrix * rows * columns * 4,
        rows,
        columns,
        inner,
        symmetric,
      })),
    );
  };
}

/** Makes `squaredDistances`: the product's blocks with squared differences in place of products, and half of them. */
export function squaredDistancesMember(host: ProductHost): NonNullable<Backend<WasmTensor>['squaredDistances']> {
  const { store } = host;
  return (x) => {
    const from = store.pointerTo('squaredDistances', x, 'x');
    checkRank('wasmBackend.squaredDistances', 'x', x.shape, 2, '[rows, width]');
    const [rows = 0, width = 0] = x.shape;
    const [a, b] = [factor(from, width), factor(from, width, true)];
    const square = { a, b, rows, columns: rows, inner: width, symmetric: true, distances: true };
    return productsIn(host, [rows, rows], (out) => [{ ...square, out }]);
  };
}

/** A tensor of products: gone again where there is no memory for computing them. */
function productsIn(host: ProductHost, shape: Shape, products: (out: Pointer) => readonly Product[]): WasmTensor {
  return host.store.scope(() => {
    const out = host.store.make(shape);
    computeProducts(host, products(out.storage.pointer));
    return out;
  });
}
