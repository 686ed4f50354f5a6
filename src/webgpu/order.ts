/**
 * Order and positions along the last axis, and rows written in parts.
 *
 * Sorting: blocks of 256 by counting what comes before each element, then runs joined in pairs, each element finding its
 * place in the other run by halving. Both keep equal elements in their order.
 */
import type { Shape } from '../backend.ts';
import { checkLastAxis, checkScatter, checkTake, watchRows } from '../memberArguments.ts';
import { sizeOf } from '../tensor.ts';
import { specialValues } from './arithmetic.ts';
import { rowWindows } from './indexing.ts';
import type { KernelProgram } from './program.ts';
import type { TensorStore, WebgpuTensor } from './tensors.ts';

const WORKGROUP = 256;

/** Positions along the last axis in falling order. */
export function argSort(store: TensorStore, x: WebgpuTensor): WebgpuTensor {
  store.check(x, 'argSort', 'x');
  checkLastAxis('webgpuBackend.argSort', 'x', x.shape);
  const count = x.shape.at(-1) ?? 1;
  const units = count === 0 ? 0 : sizeOf(x.shape) / count;
  const bind = (tensor: WebgpuTensor) => ({ storage: store.storageOf(tensor, 'argSort'), perUnit: count });
  const sortInto = (keys: WebgpuTensor, positions: WebgpuTensor | undefined, length: number) => {
    const sorted = store.make(x.shape, 'argSort');
    const order = store.make(x.shape, 'argSort');
    const blocks = Math.ceil(count / WORKGROUP);
    store.runtime.run({
      key: positions ? 'argSort runs' : 'argSort blocks',
      build: () => (positions ? runsProgram : blocksProgram),
      reads: positions ? [bind(keys), bind(positions)] : [bind(keys)],
      writes: [bind(sorted), bind(order)],
      uniforms: positions ? { count, length } : { count, blocks },
      units,
      groups: (rows) => (positions ? Math.ceil((rows * count) / WORKGROUP) : rows * blocks),
    });
    return { sorted, order };
  };
  return store.scope(() => {
    let { sorted, order } = sortInto(x, undefined, 0);
    for (let length = WORKGROUP; length < count; length *= 2) {
      const before = [sorted, order];
      ({ sorted, order } = sortInto(sorted, order, length));
      before.forEach(store.dispose);
    }
    return order;
  });
}

/** Elements along the last axis by position; 0 where an index names none. */
export function takeAlong(store: TensorStore, x: WebgpuTensor, indices: WebgpuTensor): WebgpuTensor {
  store.check(x, 'takeAlong', 'x');
  store.check(indices, 'takeAlong', 'indices');
  checkTake('webgpuBackend.takeAlong', x.shape, indices.shape);
  const leading = indices.shape.slice(0, -1);
  const [count, picks] = [x.shape.at(-1)!, indices.shape.at(-1)!];
  const result = store.make(indices.shape, 'takeAlong');
  store.runtime.run({
    key: 'takeAlong',
    build: () => takeProgram,
    reads: [
      { storage: store.storageOf(x, 'takeAlong'), perUnit: count },
      { storage: store.storageOf(indices, 'takeAlong'), perUnit: picks },
    ],
    writes: [{ storage: result.storage!, perUnit: picks }],
    uniforms: { count, picks },
    units: picks === 0 ? 0 : sizeOf(leading),
    groups: (units) => Math.ceil((units * picks) / WORKGROUP),
  });
  return result;
}

/** Sums by position: each element of the result looks for its updates, so that sums are the same in every run. */
export function scatterAlong(
  store: TensorStore,
  indices: WebgpuTensor,
  updates: WebgpuTensor,
  size: number,
): WebgpuTensor {
  store.check(indices, 'scatterAlong', 'indices');
  store.check(updates, 'scatterAlong', 'updates');
  checkScatter('webgpuBackend.scatterAlong', indices.shape, updates.shape, size);
  const leading = indices.shape.slice(0, -1);
  const picks = indices.shape.at(-1)!;
  const result = store.make([...leading, size], 'scatterAlong');
  store.runtime.run({
    key: 'scatterAlong',
    build: () => scatterProgram,
    reads: [
      { storage: store.storageOf(indices, 'scatterAlong'), perUnit: picks },
      { storage: store.storageOf(updates, 'scatterAlong'), perUnit: picks },
    ],
    writes: [{ storage: result.storage!, perUnit: size }],
    uniforms: { size, picks },
    units: sizeOf(leading),
    groups: (units) => Math.ceil((units * size) / WORKGROUP),
  });
  return result;
}

/** A tensor that is there while its rows are written in parts. */
export interface OpenRows {
  readonly made: WebgpuTensor;
  write(rows: WebgpuTensor): void;
  /** Asks whether all rows are written. */
  complete(): void;
}

/** Makes such a tensor. */
export function openRows(store: TensorStore, shape: Shape): OpenRows {
  const watch = watchRows('webgpuBackend.rowsInParts', shape);
  const made = store.make(shape, 'rowsInParts');
  const rowSize = sizeOf(shape.slice(1));
  let start = 0;
  return {
    made,
    write(rows) {
      store.check(rows, 'rowsInParts', 'rows');
      store.check(made, 'rowsInParts', 'the tensor that is written');
      watch.add(rows.shape);
      const size = sizeOf(rows.shape);
      for (const { window, firstRow, seen } of rowWindows(store, made, 'rowsInParts')) {
        store.runtime.run({
          key: 'rowsInParts',
          build: () => partProgram,
          reads: [{ storage: store.storageOf(rows, 'rowsInParts'), perUnit: 0 }],
          writes: [window],
          uniforms: { size, start: start - firstRow * rowSize, seen: seen * rowSize },
          units: 1,
          groups: () => Math.ceil(size / WORKGROUP),
        });
      }
      start += size;
    },
    complete: watch.complete,
  };
}

/** `sortable` rises with the number; −0 is 0, and NaN is Infinity. */
const sortable = `
fn sortable(x: f32) -> u32 {
  let bits = bitcast<u32>(x);
  if ((bits & 0x7fffffffu) > 0x7f800000u) { return 0xff800000u; }
  if ((bits & 0x7fffffffu) == 0u) { return 0x80000000u; }
  return select(bits | 0x80000000u, ~bits, (bits & 0x80000000u) != 0u);
}
`;

const blocksProgram: KernelProgram = {
  name: 'argSort blocks',
  reads: ['x'],
  writes: ['sorted', 'order'],
  uniforms: { count: 'u32', blocks: 'u32' },
  workgroupSize: WORKGROUP,
  declarations: `${sortable}
var<workgroup> keys: array<u32, ${WORKGROUP}>;`,
  body: `
  let base = (group / uniforms.blocks) * uniforms.count;
  let first = (group % uniforms.blocks) * ${WORKGROUP}u;
  let inside = group < uniforms.units * uniforms.blocks && first + lane < uniforms.count;
  var value = 0.0;
  if (inside) { value = x[base + first + lane]; }
  let key = sortable(value);
  keys[lane] = key;
  workgroupBarrier();
  if (!inside) { return; }
  let size = min(${WORKGROUP}u, uniforms.count - first);
  var place = 0u;
  for (var other = 0u; other < size; other++) {
    place += u32(keys[other] > key || (keys[other] == key && other < lane));
  }
  sorted[base + first + place] = value;
  order[base + first + place] = f32(first + lane);`,
};

const runsProgram: KernelProgram = {
  name: 'argSort runs',
  reads: ['keys', 'positions'],
  writes: ['sorted', 'order'],
  uniforms: { count: 'u32', length: 'u32' },
  workgroupSize: WORKGROUP,
  declarations: sortable,
  body: `
  if (index >= uniforms.units * uniforms.count) { return; }
  let at = index % uniforms.count;
  let base = index - at;
  let run = at / uniforms.length;
  let own = run * uniforms.length;
  let second = (run & 1u) == 1u;
  let sibling = select(own + uniforms.length, own - uniforms.length, second);
  let start = min(sibling, uniforms.count);
  let key = sortable(keys[index]);
  var low = start;
  var high = min(sibling + uniforms.length, uniforms.count);
  while (low < high) {
    let middle = (low + high) / 2u;
    let other = sortable(keys[base + middle]);
    // Equal elements of the first run come before those of the second.
    if (other > key || (second && other == key)) { low = middle + 1u; } else { high = middle; }
  }
  let place = base + min(own, sibling) + (at - own) + (low - start);
  sorted[place] = keys[index];
  order[place] = positions[index];`,
};

const isPlace = `${specialValues}
fn isPlace(index: f32, count: u32) -> bool {
  return !isNan(index) && index >= 0.0 && index < f32(count) && index == floor(index);
}
`;

const takeProgram: KernelProgram = {
  name: 'takeAlong',
  reads: ['x', 'indices'],
  writes: ['result'],
  uniforms: { count: 'u32', picks: 'u32' },
  workgroupSize: WORKGROUP,
  declarations: isPlace,
  body: `
  if (index >= uniforms.units * uniforms.picks) { return; }
  let wanted = indices[index];
  var taken = 0.0;
  if (isPlace(wanted, uniforms.count)) {
    taken = x[(index / uniforms.picks) * uniforms.count + u32(wanted)];
  }
  result[index] = taken;`,
};

const scatterProgram: KernelProgram = {
  name: 'scatterAlong',
  reads: ['indices', 'updates'],
  writes: ['result'],
  uniforms: { size: 'u32', picks: 'u32' },
  workgroupSize: WORKGROUP,
  body: `
  if (index >= uniforms.units * uniforms.size) { return; }
  let first = (index / uniforms.size) * uniforms.picks;
  let place = f32(index % uniforms.size);
  var total = 0.0;
  for (var pick = first; pick < first + uniforms.picks; pick++) {
    if (indices[pick] == place) { total += updates[pick]; }
  }
  result[index] = total;`,
};

const partProgram: KernelProgram = {
  name: 'rowsInParts',
  reads: ['part'],
  writes: ['result'],
  uniforms: { size: 'u32', start: 'i32', seen: 'u32' },
  workgroupSize: WORKGROUP,
  body: `
  if (index >= uniforms.size) { return; }
  // Before what is seen the place is negative, which wraps round to a large number.
  let place = u32(i32(index) + uniforms.start);
  if (place < uniforms.seen) { result[place] = part[index]; }`,
};
