/** The backend's matrix product. */
import type { Backend } from '../backend.ts';
import { productExtents } from '../memberArguments.ts';
import { sizeOf } from '../tensor.ts';
import type { Kernels } from './assemblyExports.ts';
import type { TensorStore, WasmTensor } from './tensors.ts';
import { rangesOf, type Threads } from './threads.ts';

/** Rows of the kernel's tile: parts of whole tiles waste nothing. */
const tileRows = 5;
/** Products below which a second thread costs more than it brings. */
const worthAThread = 2 ** 21;

/** Makes `matMul`: blocked, with transposes read through strides, and X·Xᵀ computed by half. */
export function matMulMember(kernels: Kernels, store: TensorStore, threads: Threads): Backend<WasmTensor>['matMul'] {
  const scratchBytes = kernels.matrixScratchBytes();
  return (a, b, { transposeA = false, transposeB = false } = {}) => {
    const fromA = store.pointerTo('matMul', a, 'a');
    const fromB = store.pointerTo('matMul', b, 'b');
    const { batch, rows, inner, columns } = productExtents('wasmBackend.matMul', a.shape, b.shape, {
      transposeA,
      transposeB,
    });
    const out = store.make([...batch, rows, columns]);
    const [aRowStep, aColumnStep] = transposeA ? [1, rows] : [inner, 1];
    const [bRowStep, bColumnStep] = transposeB ? [1, inner] : [columns, 1];
    const symmetric = a.storage === b.storage && transposeA !== transposeB && rows === columns;
    // Both halves of a symmetric product together cost less than one thread's share of two.
    const split = symmetric && threads.available() < 3 ? 1 : threads.available();
    const parts = Math.min(split, Math.ceil((rows * columns * inner) / worthAThread));
    const ranges = rangesOf(rows, parts, tileRows);
    const half = symmetric && ranges.length === 1 ? 1 : 0;
    store.withScratch(scratchBytes * ranges.length, (scratch) => {
      for (let matrix = 0; matrix < sizeOf(batch); matrix++) {
        const aStart = fromA + matrix * rows * inner * 4;
        const bStart = fromB + matrix * inner * columns * 4;
        const outStart = out.storage.pointer + matrix * rows * columns * 4;
        threads.run(
          'matrixMultiply',
          ranges.map(({ start, size }, index) => [
            aStart + start * aRowStep * 4,
            aRowStep * 4,
            aColumnStep * 4,
            bStart,
            bRowStep * 4,
            bColumnStep * 4,
            outStart + start * columns * 4,
            size,
            columns,
            inner,
            0,
            half,
            scratch + index * scratchBytes,
          ]),
        );
      }
    });
    return out;
  };
}
