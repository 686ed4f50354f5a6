/** Matrix products: shapes, and the device's limit on what a kernel sees of a matrix. */
import type { MatMulOptions } from '../backend.ts';
import { productExtents } from '../memberArguments.ts';
import { sizeOf } from '../tensor.ts';
import { DEPTH, largeProgram, SMALL_WORKGROUP, smallProgram } from './matMulPrograms.ts';
import { type Matrix, splitProduct } from './matMulSplit.ts';
import { reduce } from './reduction.ts';
import type { TensorStore, WebgpuTensor } from './tensors.ts';
import { partsFor, TILE } from './tiledSums.ts';

/** The product of the last two axes. */
export function matMul(
  store: TensorStore,
  a: WebgpuTensor,
  b: WebgpuTensor,
  { transposeA = false, transposeB = false }: MatMulOptions = {},
): WebgpuTensor {
  store.check(a, 'matMul', 'a');
  store.check(b, 'matMul', 'b');
  const transposed = { transposeA, transposeB };
  const { batch, rows: m, inner: k, columns: n } = productExtents('webgpuBackend.matMul', a.shape, b.shape, transposed);
  const batches = sizeOf(batch);
  const left = { tensor: a, offset: 0, rows: transposeA ? k : m, columns: transposeA ? m : k };
  const right = { tensor: b, offset: 0, rows: transposeB ? n : k, columns: transposeB ? k : n };
  return store.scope(() => {
    const most = store.runtime.device.limits.maxStorageBufferBindingSize;
    const isSplit = batches === 1 && 4 * Math.max(m * k, k * n, m * n) > most;
    const result = isSplit
      ? splitProduct(store, left, right, transposeA, transposeB, product)
      : product(store, left, right, transposeA, transposeB, batches);
    return store.share(result, [...batch, m, n]);
  });
}

/** Of matrices that a kernel can see whole: [batches, m, n]. */
function product(
  store: TensorStore,
  a: Matrix,
  b: Matrix,
  transposeA: boolean,
  transposeB: boolean,
  batches = 1,
): WebgpuTensor {
  const [m, k] = transposeA ? [a.columns, a.rows] : [a.rows, a.columns];
  const n = transposeB ? b.rows : b.columns;
  const tiled = Math.min(m, n) >= 16;
  const tiles = tiled ? Math.ceil(m / TILE) * Math.ceil(n / TILE) : Math.ceil((m * n) / SMALL_WORKGROUP);
  const room = Math.floor(store.runtime.device.limits.maxStorageBufferBindingSize / Math.max(4, 4 * m * n));
  const segments = Math.max(1, Math.min(room, partsFor(k, batches * tiles)));
  const segment = Math.ceil(k / segments / DEPTH) * DEPTH || 1;
  const partial = store.make([batches, segments, m, n], 'matMul');
  store.runtime.run({
    key: `matMul ${tiled} ${transposeA} ${transposeB}`,
    build: () => (tiled ? largeProgram(transposeA, transposeB) : smallProgram(transposeA, transposeB)),
    reads: [
      { storage: store.storageOf(a.tensor, 'matMul'), perUnit: m * k, offset: a.offset },
      { storage: store.storageOf(b.tensor, 'matMul'), perUnit: k * n, offset: b.offset },
    ],
    writes: [{ storage: partial.storage!, perUnit: segments * m * n }],
    uniforms: { m, n, k, segments, segment },
    units: m * n === 0 ? 0 : batches,
    groups: (units) => units * segments * tiles,
  });
  return segments === 1 ? store.share(partial, [batches, m, n]) : reduce(store, 'sum', partial, { axis: 1 });
}
