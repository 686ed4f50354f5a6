/**
 * Products of matrices that are larger than the device lets a kernel see. Rows of a matrix lie together in memory, so what
 * is cut is rows: those of the result, or those of both factors along the inner axis, whose products are added up.
 */
import { tooLarge, windowRows } from './dispatch.ts';
import { elementwise, elementwiseOperations } from './elementwise.ts';
import type { KernelProgram } from './program.ts';
import type { TensorStore, WebgpuTensor } from './tensors.ts';

/** Rows of a tensor, from an element on. */
export interface Matrix {
  readonly tensor: WebgpuTensor;
  readonly offset: number;
  readonly rows: number;
  readonly columns: number;
}

/** A product of matrices, transposed where asked, as a tensor of its own. */
export type Product = (
  store: TensorStore,
  a: Matrix,
  b: Matrix,
  transposeA: boolean,
  transposeB: boolean,
) => WebgpuTensor;

const WORKGROUP = 256;

/** The product; `whole` computes it where everything fits. */
export function splitProduct(
  store: TensorStore,
  a: Matrix,
  b: Matrix,
  transposeA: boolean,
  transposeB: boolean,
  whole: Product,
): WebgpuTensor {
  const { limits } = store.runtime.device;
  const most = limits.maxStorageBufferBindingSize;
  const [m, k] = transposeA ? [a.columns, a.rows] : [a.rows, a.columns];
  const n = transposeB ? b.rows : b.columns;
  const [aIsLarge, bIsLarge, resultIsLarge] = [m * k, k * n, m * n].map((size) => 4 * size > most);
  const again = (left: Matrix, right: Matrix, transposeLeft: boolean, transposeRight: boolean): WebgpuTensor =>
    store.scope(() => splitProduct(store, left, right, transposeLeft, transposeRight, whole));

  if (!aIsLarge && !bIsLarge && !resultIsLarge) return whole(store, a, b, transposeA, transposeB);
  if (!transposeA && (aIsLarge || resultIsLarge)) {
    const result = store.make([m, n], 'matMul');
    for (const [first, rows] of windows([k, n], m, limits)) {
      store.scope(() => {
        const part = again(rowsOf(a, first, rows), b, false, transposeB);
        copy(store, matrixOf(part, rows, n), { ...matrixOf(result, rows, n), offset: first * n });
      });
    }
    return result;
  }
  // (A·Bᵀ)ᵀ = B·Aᵀ, whose rows are B's.
  if (transposeB && bIsLarge) return turned(store, matrixOf(again(b, a, false, !transposeA), n, m));
  if (resultIsLarge && !aIsLarge) return again(matrixOf(turned(store, a), m, k), b, false, transposeB);
  const left = transposeA ? a : matrixOf(turned(store, a), k, m);
  const right = transposeB ? matrixOf(turned(store, b), k, n) : b;
  let total: WebgpuTensor | undefined;
  for (const [first, rows] of windows([m, n], k, limits)) {
    const part = again(rowsOf(left, first, rows), rowsOf(right, first, rows), true, false);
    total = total ? elementwise(store, elementwiseOperations.add, [total, part]) : part;
  }
  return total!;
}

function matrixOf(tensor: WebgpuTensor, rows: number, columns: number): Matrix {
  return { tensor, offset: 0, rows, columns };
}

function rowsOf(matrix: Matrix, first: number, rows: number): Matrix {
  return { ...matrix, offset: matrix.offset + first * matrix.columns, rows };
}

/** First row and number of rows of each part of `count` rows, which have these widths in the matrices that are cut. */
function windows(widths: readonly number[], count: number, limits: GPUSupportedLimits): readonly [number, number][] {
  const rows = windowRows(widths, limits);
  if (rows === 0) throw tooLarge('matMul', 4 * count * Math.max(...widths), limits.maxStorageBufferBindingSize);
  return Array.from({ length: Math.ceil(count / rows) }, (_, part) => [
    part * rows,
    Math.min(rows, count - part * rows),
  ]);
}

/** The transpose, as a tensor of its own. */
function turned(store: TensorStore, { tensor, offset, rows, columns }: Matrix): WebgpuTensor {
  const { limits } = store.runtime.device;
  const result = store.make([columns, rows], 'matMul');
  for (const [firstRow, rowCount] of windows([columns], rows, limits)) {
    for (const [firstColumn, columnCount] of windows([rows], columns, limits)) {
      const from = { perUnit: 0, offset: offset + firstRow * columns, length: rowCount * columns };
      const to = { perUnit: 0, offset: firstColumn * rows, length: columnCount * rows };
      store.runtime.run({
        key: 'turn rows',
        build: () => turnProgram,
        reads: [{ storage: store.storageOf(tensor, 'matMul'), ...from }],
        writes: [{ storage: result.storage!, ...to }],
        uniforms: { rows, columns, rowCount, firstRow, firstColumn },
        units: rowCount * columnCount,
        groups: (units) => Math.ceil(units / WORKGROUP),
      });
    }
  }
  return result;
}

function copy(store: TensorStore, from: Matrix, to: Matrix): void {
  store.runtime.run({
    key: 'copy rows',
    build: () => copyProgram,
    reads: [{ storage: store.storageOf(from.tensor, 'matMul'), perUnit: 1, offset: from.offset }],
    writes: [{ storage: store.storageOf(to.tensor, 'matMul'), perUnit: 1, offset: to.offset }],
    units: from.rows * from.columns,
    groups: (units) => Math.ceil(units / WORKGROUP),
  });
}

const copyProgram: KernelProgram = {
  name: 'copy rows',
  reads: ['x'],
  writes: ['result'],
  uniforms: {},
  workgroupSize: WORKGROUP,
  body: 'if (index < uniforms.units) { result[index] = x[index]; }',
};

const turnProgram: KernelProgram = {
  name: 'turn rows',
  reads: ['x'],
  writes: ['result'],
  uniforms: { rows: 'u32', columns: 'u32', rowCount: 'u32', firstRow: 'u32', firstColumn: 'u32' },
  workgroupSize: WORKGROUP,
  body: `
  if (index >= uniforms.units) { return; }
  let row = index % uniforms.rowCount;
  let column = index / uniforms.rowCount;
  result[column * uniforms.rows + uniforms.firstRow + row] = x[row * uniforms.columns + uniforms.firstColumn + column];`,
};
