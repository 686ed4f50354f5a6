/** One-hot rows, and rows by number: taken, or replaced. */
import { shapeError } from '../check.ts';
import { checkDepth, checkReplacement } from '../memberArguments.ts';
import { sizeOf } from '../tensor.ts';
import { specialValues } from './arithmetic.ts';
import { type Binding, tooLarge, windowRows } from './dispatch.ts';
import { elementwise, elementwiseOperations } from './elementwise.ts';
import type { KernelProgram } from './program.ts';
import type { TensorStore, WebgpuTensor } from './tensors.ts';

const WORKGROUP = 256;

/** A 1 at each index; an index outside [0, depth) gives zeros. */
export function oneHot(store: TensorStore, indices: WebgpuTensor, depth: number): WebgpuTensor {
  store.check(indices, 'oneHot', 'indices');
  checkDepth('webgpuBackend.oneHot', depth);
  const shape = [...indices.shape, depth];
  const result = store.make(shape, 'oneHot');
  store.runtime.run({
    key: 'oneHot',
    build: () => oneHotProgram,
    reads: [{ storage: store.storageOf(indices, 'oneHot'), perUnit: 1 }],
    writes: [{ storage: result.storage!, perUnit: depth }],
    uniforms: { depth },
    units: sizeOf(indices.shape),
    groups: (units) => Math.ceil((units * depth) / WORKGROUP),
  });
  return result;
}

/** Rows of `x` by number. What is no row number gives a row of NaN: a device cannot throw. */
export function gather(store: TensorStore, x: WebgpuTensor, indices: WebgpuTensor): WebgpuTensor {
  store.check(x, 'gather', 'x');
  store.check(indices, 'gather', 'indices');
  if (x.shape.length === 0) throw shapeError('webgpuBackend.gather', 'x', 'of shape [rows, ...]', x.shape);
  const rowSize = sizeOf(x.shape.slice(1));
  const shape = [...indices.shape, ...x.shape.slice(1)];
  const result = store.make(shape, 'gather');
  // The first window also writes where an index names no row at all.
  for (const { window, firstRow, seen } of rowWindows(store, x, 'gather')) {
    store.runtime.run({
      key: 'gather',
      build: () => gatherProgram,
      reads: [window, { storage: store.storageOf(indices, 'gather'), perUnit: 1 }],
      writes: [{ storage: result.storage!, perUnit: rowSize }],
      uniforms: { rowSize, rows: x.shape[0]!, firstRow, seen },
      units: rowSize === 0 ? 0 : sizeOf(indices.shape),
      groups: (units) => Math.ceil((units * rowSize) / WORKGROUP),
    });
  }
  return result;
}

/** A copy of `x` with other rows at `positions`: one walk over `x`, where a choice by row would make as much again. */
export function replaceRows(
  store: TensorStore,
  x: WebgpuTensor,
  positions: ArrayLike<number>,
  replacement: WebgpuTensor,
): WebgpuTensor {
  store.check(x, 'replaceRows', 'x');
  store.check(replacement, 'replaceRows', 'replacement');
  checkReplacement('webgpuBackend.replaceRows', x.shape, positions, replacement.shape);
  const result = elementwise(store, elementwiseOperations.copy, [x]);
  const rowSize = sizeOf(x.shape.slice(1));
  const places = store.fromHost({ data: Float32Array.from(positions), shape: [positions.length] });
  for (const { window, firstRow, seen } of rowWindows(store, result, 'replaceRows')) {
    store.runtime.run({
      key: 'replaceRows',
      build: () => replaceRowsProgram,
      reads: [
        { storage: store.storageOf(places, 'replaceRows'), perUnit: 1 },
        { storage: store.storageOf(replacement, 'replaceRows'), perUnit: rowSize },
      ],
      writes: [window],
      uniforms: { rowSize, firstRow, seen },
      units: rowSize === 0 ? 0 : positions.length,
      groups: (units) => Math.ceil((units * rowSize) / WORKGROUP),
    });
  }
  store.dispose(places);
  return result;
}

/** A part of a tensor's rows, bound. */
export interface RowWindow {
  readonly window: Binding;
  readonly firstRow: number;
  readonly seen: number;
}

/** What a kernel may see of a tensor's rows at a time: all of them, where they fit a binding. */
export function rowWindows(store: TensorStore, x: WebgpuTensor, operation: string): readonly RowWindow[] {
  const [rows = 0] = x.shape;
  const rowSize = sizeOf(x.shape.slice(1));
  const { limits } = store.runtime.device;
  const bytes = 4 * rows * rowSize;
  const most = bytes > limits.maxStorageBufferBindingSize ? windowRows([rowSize], limits) : Math.max(1, rows);
  if (most === 0) throw tooLarge(operation, bytes, limits.maxStorageBufferBindingSize);
  return Array.from({ length: Math.max(1, Math.ceil(rows / most)) }, (_, part) => {
    const firstRow = part * most;
    const seen = Math.min(most, rows - firstRow);
    const storage = store.storageOf(x, operation);
    return {
      window: { storage, perUnit: 0, offset: firstRow * rowSize, length: Math.max(1, seen * rowSize) },
      firstRow,
      seen,
    };
  });
}

const oneHotProgram: KernelProgram = {
  name: 'oneHot',
  reads: ['indices'],
  writes: ['result'],
  uniforms: { depth: 'u32' },
  workgroupSize: WORKGROUP,
  body: `
  if (index >= uniforms.units * uniforms.depth) { return; }
  let wanted = indices[index / uniforms.depth];
  result[index] = select(0.0, 1.0, wanted == f32(index % uniforms.depth));`,
};

const gatherProgram: KernelProgram = {
  name: 'gather',
  reads: ['x', 'indices'],
  writes: ['result'],
  uniforms: { rowSize: 'u32', rows: 'u32', firstRow: 'u32', seen: 'u32' },
  workgroupSize: WORKGROUP,
  declarations: specialValues,
  body: `
  if (index >= uniforms.units * uniforms.rowSize) { return; }
  let wanted = indices[index / uniforms.rowSize];
  if (!(wanted >= 0.0 && wanted < f32(uniforms.rows)) || wanted != floor(wanted) || isNan(wanted)) {
    if (uniforms.firstRow == 0u) { result[index] = notANumber(); }
    return;
  }
  // Below the rows that are seen the difference wraps round to a large number.
  let row = u32(wanted) - uniforms.firstRow;
  if (row < uniforms.seen) { result[index] = x[row * uniforms.rowSize + index % uniforms.rowSize]; }`,
};

const replaceRowsProgram: KernelProgram = {
  name: 'replaceRows',
  reads: ['positions', 'replacement'],
  writes: ['result'],
  uniforms: { rowSize: 'u32', firstRow: 'u32', seen: 'u32' },
  workgroupSize: WORKGROUP,
  body: `
  if (index >= uniforms.units * uniforms.rowSize) { return; }
  let row = u32(positions[index / uniforms.rowSize]) - uniforms.firstRow;
  if (row < uniforms.seen) { result[row * uniforms.rowSize + index % uniforms.rowSize] = replacement[index]; }`,
};
