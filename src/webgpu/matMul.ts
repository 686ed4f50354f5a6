/** Matrix products. Large ones by tiles of 64 × 64 in workgroup memory, 4 × 4 results a lane; small ones a lane each. */
import type { MatMulOptions } from '../backend.ts';
import { describeShape } from '../check.ts';
import { sizeOf } from '../tensor.ts';
import type { KernelProgram } from './program.ts';
import { reduce } from './reduction.ts';
import type { TensorStore, WebgpuTensor } from './tensors.ts';

const TILE = 64;
const DEPTH = 16;
/** Vectors between one inner step and the next: one more than a tile holds, so that lanes write to different banks. */
const PITCH = TILE / 4 + 1;
const SMALL_WORKGROUP = 64;

/** The product of the last two axes. */
export function matMul(
  store: TensorStore,
  a: WebgpuTensor,
  b: WebgpuTensor,
  { transposeA = false, transposeB = false }: MatMulOptions = {},
): WebgpuTensor {
  store.check(a, 'matMul');
  store.check(b, 'matMul');
  const leading = a.shape.slice(0, -2);
  const [aRows = 0, aColumns = 0] = a.shape.slice(-2);
  const [bRows = 0, bColumns = 0] = b.shape.slice(-2);
  const [m, k] = transposeA ? [aColumns, aRows] : [aRows, aColumns];
  const [depth, n] = transposeB ? [bColumns, bRows] : [bRows, bColumns];
  const fits = a.shape.length >= 2 && a.shape.length === b.shape.length && k === depth;
  if (!fits || leading.some((extent, axis) => extent !== b.shape[axis])) {
    const shapes = `${describeShape(a.shape)}${transposeA ? ' transposed' : ''} and ${describeShape(b.shape)}`;
    throw new TypeError(
      `matMul: matrices must fit, with equal leading axes, got ${shapes}${transposeB ? ' transposed' : ''}.`,
    );
  }
  const batches = sizeOf(leading);
  const shape = [...leading, m, n];
  const tiled = Math.min(m, n) >= 16;
  const tiles = tiled ? Math.ceil(m / TILE) * Math.ceil(n / TILE) : Math.ceil((m * n) / SMALL_WORKGROUP);
  const segments = segmentsFor(k, batches * tiles);
  const segment = Math.ceil(k / segments / DEPTH) * DEPTH || 1;
  return store.scope(() => {
    const partial = store.make([...leading, segments, m, n], 'matMul');
    store.runtime.run({
      key: `matMul ${tiled} ${transposeA} ${transposeB}`,
      build: () => (tiled ? tiledProgram(transposeA, transposeB) : smallProgram(transposeA, transposeB)),
      reads: [
        { storage: store.storageOf(a, 'matMul'), perUnit: m * k },
        { storage: store.storageOf(b, 'matMul'), perUnit: k * n },
      ],
      writes: [{ storage: partial.storage!, perUnit: segments * m * n }],
      uniforms: { m, n, k, segments, segment },
      units: sizeOf(shape) === 0 ? 0 : batches,
      groups: (units) => units * segments * tiles,
    });
    return segments === 1 ? store.share(partial, shape) : reduce(store, 'sum', partial, { axis: -3 });
  });
}

/** A long inner axis is cut where the results alone would leave the device idle, and where sums would grow long. */
function segmentsFor(k: number, groups: number): number {
  if (k <= 512 || groups >= 256) return 1;
  return Math.min(Math.ceil(k / 256), Math.ceil(512 / groups));
}

const uniforms = { m: 'u32', n: 'u32', k: 'u32', segments: 'u32', segment: 'u32' } as const;

function elementOf(transposeA: boolean, transposeB: boolean): string {
  return `
fn leftAt(batch: u32, row: u32, inner: u32) -> f32 {
  return a[batch * uniforms.m * uniforms.k + ${transposeA ? 'inner * uniforms.m + row' : 'row * uniforms.k + inner'}];
}
fn rightAt(batch: u32, inner: u32, column: u32) -> f32 {
  return b[batch * uniforms.k * uniforms.n + ${transposeB ? 'column * uniforms.k + inner' : 'inner * uniforms.n + column'}];
}`;
}

function smallProgram(transposeA: boolean, transposeB: boolean): KernelProgram {
  return {
    name: 'matMul',
    reads: ['a', 'b'],
    writes: ['result'],
    uniforms,
    workgroupSize: SMALL_WORKGROUP,
    declarations: elementOf(transposeA, transposeB),
    body: `
  let results = uniforms.m * uniforms.n;
  let tiles = (results + ${SMALL_WORKGROUP - 1}u) / ${SMALL_WORKGROUP}u;
  let part = group / tiles;
  let at = (group % tiles) * ${SMALL_WORKGROUP}u + lane;
  if (part >= uniforms.units * uniforms.segments || at >= results) { return; }
  let batch = part / uniforms.segments;
  let first = (part % uniforms.segments) * uniforms.segment;
  let last = min(first + uniforms.segment, uniforms.k);
  let row = at / uniforms.n;
  let column = at % uniforms.n;
  var total = 0.0;
  for (var start = first; start < last; start += ${DEPTH}u) {
    var block = 0.0;
    for (var inner = start; inner < min(start + ${DEPTH}u, last); inner++) {
      block += leftAt(batch, row, inner) * rightAt(batch, inner, column);
    }
    total += block;
  }
  result[part * results + at] = total;`,
  };
}

/** 256 lanes; each sums 4 × 4 results. A tile's sum over 16 inner steps is added to the total as one number. */
function tiledProgram(transposeA: boolean, transposeB: boolean): KernelProgram {
  return {
    name: 'matMul',
    reads: ['a', 'b'],
    writes: ['result'],
    uniforms,
    workgroupSize: 256,
    declarations: `${elementOf(transposeA, transposeB)}
var<workgroup> left: array<vec4f, ${PITCH * DEPTH}>;
var<workgroup> right: array<vec4f, ${PITCH * DEPTH}>;
fn leftOrZero(batch: u32, row: u32, inner: u32, last: u32) -> f32 {
  if (row >= uniforms.m || inner >= last) { return 0.0; }
  return leftAt(batch, row, inner);
}
fn rightOrZero(batch: u32, inner: u32, column: u32, last: u32) -> f32 {
  if (column >= uniforms.n || inner >= last) { return 0.0; }
  return rightAt(batch, inner, column);
}`,
    // Neighbouring lanes load neighbouring addresses, whichever side is transposed. A lane writes whole vectors: a write to
    // one component may touch the others, which belong to other lanes.
    body: `
  let tilesAcross = (uniforms.n + ${TILE - 1}u) / ${TILE}u;
  let tiles = tilesAcross * ((uniforms.m + ${TILE - 1}u) / ${TILE}u);
  let part = group / tiles;
  if (part >= uniforms.units * uniforms.segments) { return; }
  let tile = group % tiles;
  let batch = part / uniforms.segments;
  let first = (part % uniforms.segments) * uniforms.segment;
  let last = min(first + uniforms.segment, uniforms.k);
  let firstRow = (tile / tilesAcross) * ${TILE}u;
  let firstColumn = (tile % tilesAcross) * ${TILE}u;
  let leftGroup = ${transposeA ? 'lane % 16u' : 'lane / 16u'};
  let leftInner = ${transposeA ? 'lane / 16u' : 'lane % 16u'};
  let rightGroup = ${transposeB ? 'lane / 16u' : 'lane % 16u'};
  let rightInner = ${transposeB ? 'lane % 16u' : 'lane / 16u'};
  let laneRow = lane / 16u;
  let laneColumn = lane % 16u;
  var total: array<vec4f, 4>;
  for (var start = first; start < last; start += ${DEPTH}u) {
    let row = firstRow + leftGroup * 4u;
    left[leftInner * ${PITCH}u + leftGroup] = vec4f(
      leftOrZero(batch, row, start + leftInner, last),
      leftOrZero(batch, row + 1u, start + leftInner, last),
      leftOrZero(batch, row + 2u, start + leftInner, last),
      leftOrZero(batch, row + 3u, start + leftInner, last),
    );
    let column = firstColumn + rightGroup * 4u;
    right[rightInner * ${PITCH}u + rightGroup] = vec4f(
      rightOrZero(batch, start + rightInner, column, last),
      rightOrZero(batch, start + rightInner, column + 1u, last),
      rightOrZero(batch, start + rightInner, column + 2u, last),
      rightOrZero(batch, start + rightInner, column + 3u, last),
    );
    workgroupBarrier();
    // Written out: some drivers zero a variable of a loop once, not every time round.
    var block = array<vec4f, 4>(vec4f(), vec4f(), vec4f(), vec4f());
    for (var inner = 0u; inner < ${DEPTH}u; inner++) {
      let rows = left[inner * ${PITCH}u + laneRow];
      let columns = right[inner * ${PITCH}u + laneColumn];
      block[0] += rows.x * columns;
      block[1] += rows.y * columns;
      block[2] += rows.z * columns;
      block[3] += rows.w * columns;
    }
    for (var row = 0u; row < 4u; row++) { total[row] += block[row]; }
    workgroupBarrier();
  }
  let origin = part * uniforms.m * uniforms.n;
  for (var row = 0u; row < 4u; row++) {
    let resultRow = firstRow + laneRow * 4u + row;
    if (resultRow >= uniforms.m) { break; }
    for (var column = 0u; column < 4u; column++) {
      let resultColumn = firstColumn + laneColumn * 4u + column;
      if (resultColumn < uniforms.n) { result[origin + resultRow * uniforms.n + resultColumn] = total[row][column]; }
    }
  }`,
  };
}
