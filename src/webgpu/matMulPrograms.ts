/** Programs of matrix products. Large ones by tiles of 64 × 64 in workgroup memory, 4 × 4 results a lane; small ones a lane each. */
import type { KernelProgram } from './program.ts';

/** Rows and columns of a tile. */
export const TILE = 64;
/** Inner steps that are loaded together, and summed before they join the total. */
export const DEPTH = 16;
/** Vectors between one inner step and the next: one more than a tile holds, so that lanes write to different banks. */
const PITCH = TILE / 4 + 1;
/** Results of a workgroup of the small form. */
export const SMALL_WORKGROUP = 64;

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

/** For products with few rows or columns. */
export function smallProgram(transposeA: boolean, transposeB: boolean): KernelProgram {
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
export function tiledProgram(transposeA: boolean, transposeB: boolean): KernelProgram {
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
