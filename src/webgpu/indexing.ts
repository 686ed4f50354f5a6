/** One-hot rows, and rows by number. */
import { shapeError } from '../check.ts';
import { sizeOf } from '../tensor.ts';
import { specialValues } from './arithmetic.ts';
import { tooLarge, windowRows } from './dispatch.ts';
import type { KernelProgram } from './program.ts';
import type { TensorStore, WebgpuTensor } from './tensors.ts';

const WORKGROUP = 256;

/** A 1 at each index; an index outside [0, depth) gives zeros. */
export function oneHot(store: TensorStore, indices: WebgpuTensor, depth: number): WebgpuTensor {
  store.check(indices, 'oneHot');
  const shape = [...indices.shape, depth];
  const result = store.make(shape, 'oneHot');
  store.runtime.run({
    key: 'oneHot',
    build: () => oneHotProgram,
    reads: [{ storage: store.storageOf(indices, 'oneHot'), perUnit: 1 }],
    writes: [{ storage: result.storage!, perUnit: depth }],
    uniforms: { depth },
    units: depth === 0 ? 0 : sizeOf(indices.shape),
    groups: (units) => Math.ceil((units * depth) / WORKGROUP),
  });
  return result;
}

/** Rows of `x` by number. A number outside the rows gives a row of NaN: a device cannot throw. */
export function gather(store: TensorStore, x: WebgpuTensor, indices: WebgpuTensor): WebgpuTensor {
  store.check(x, 'gather');
  store.check(indices, 'gather');
  if (x.shape.length === 0) throw shapeError('gather', 'x', 'of shape [rows, ...]', x.shape);
  const rowSize = sizeOf(x.shape.slice(1));
  const shape = [...indices.shape, ...x.shape.slice(1)];
  const result = store.make(shape, 'gather');
  const [rows = 0] = x.shape;
  const { limits } = store.runtime.device;
  const isSplit = 4 * rows * rowSize > limits.maxStorageBufferBindingSize;
  const window = isSplit ? windowRows([rowSize], limits) : Math.max(1, rows);
  if (window === 0) throw tooLarge('gather', 4 * rows * rowSize, limits.maxStorageBufferBindingSize);
  // A kernel sees some of the rows, and writes where an index names one of them; the first also where it names none at all.
  for (let firstRow = 0; firstRow < Math.max(1, rows); firstRow += window) {
    const seen = Math.min(window, rows - firstRow);
    store.runtime.run({
      key: 'gather',
      build: () => gatherProgram,
      reads: [
        {
          storage: store.storageOf(x, 'gather'),
          perUnit: 0,
          offset: firstRow * rowSize,
          length: Math.max(1, seen * rowSize),
        },
        { storage: store.storageOf(indices, 'gather'), perUnit: 1 },
      ],
      writes: [{ storage: result.storage!, perUnit: rowSize }],
      uniforms: { rowSize, rows, firstRow, seen },
      units: rowSize === 0 ? 0 : sizeOf(indices.shape),
      groups: (units) => Math.ceil((units * rowSize) / WORKGROUP),
    });
  }
  return result;
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
  if (!(wanted >= 0.0 && wanted < f32(uniforms.rows)) || isNan(wanted)) {
    if (uniforms.firstRow == 0u) { result[index] = notANumber(); }
    return;
  }
  // Below the rows that are seen the difference wraps round to a large number.
  let row = u32(wanted) - uniforms.firstRow;
  if (row < uniforms.seen) { result[index] = x[row * uniforms.rowSize + index % uniforms.rowSize]; }`,
};
