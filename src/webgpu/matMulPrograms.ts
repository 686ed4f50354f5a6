/** Programs of matrix products: large ones by tiles, small ones with a lane for each result. */
import type { KernelProgram } from './program.ts';
import { TILE, tiledProgram, within } from './tiledSums.ts';

/** Inner steps that are summed before they join the total. */
export const DEPTH = 16;
/** Results of a workgroup of the small form. */
export const SMALL_WORKGROUP = 64;

const uniforms = { m: 'u32', n: 'u32', k: 'u32', segments: 'u32', segment: 'u32' } as const;

/** Numbers of the matrices of `batch`, by a row or column of the result and an inner step. */
function elementsOf(transposeA: boolean, transposeB: boolean): string {
  const [row, column] = [within('row', 'm'), within('column', 'n')];
  return `
var<private> batch: u32;
fn leftAt(row: u32, inner: u32) -> f32 {
  return a[batch * uniforms.m * uniforms.k + ${transposeA ? `inner * uniforms.m + ${row}` : `${row} * uniforms.k + inner`}];
}
fn rightAt(column: u32, inner: u32) -> f32 {
  return b[batch * uniforms.k * uniforms.n + ${transposeB ? `${column} * uniforms.k + inner` : `inner * uniforms.n + ${column}`}];
}`;
}

/** The part of the inner axis that a workgroup sums. */
const range = `
  if (part >= uniforms.units * uniforms.segments) { return; }
  batch = part / uniforms.segments;
  let first = (part % uniforms.segments) * uniforms.segment;
  let last = min(first + uniforms.segment, uniforms.k);`;

/** For products with few rows or columns. */
export function smallProgram(transposeA: boolean, transposeB: boolean): KernelProgram {
  return {
    name: 'matMul',
    reads: ['a', 'b'],
    writes: ['result'],
    uniforms,
    workgroupSize: SMALL_WORKGROUP,
    declarations: elementsOf(transposeA, transposeB),
    body: `
  let results = uniforms.m * uniforms.n;
  let tiles = (results + ${SMALL_WORKGROUP - 1}u) / ${SMALL_WORKGROUP}u;
  let part = group / tiles;
  let at = (group % tiles) * ${SMALL_WORKGROUP}u + lane;
  if (at >= results) { return; }${range}
  var total = 0.0;
  for (var start = first; start < last; start += ${DEPTH}u) {
    var block = 0.0;
    for (var inner = start; inner < min(start + ${DEPTH}u, last); inner++) {
      block += leftAt(at / uniforms.n, inner) * rightAt(at % uniforms.n, inner);
    }
    total += block;
  }
  result[part * results + at] = total;`,
  };
}

/** For the others. */
export function largeProgram(transposeA: boolean, transposeB: boolean): KernelProgram {
  return tiledProgram({
    name: 'matMul',
    reads: ['a', 'b'],
    writes: ['result'],
    uniforms,
    declarations: elementsOf(transposeA, transposeB),
    term: 'product',
    contiguous: { left: transposeA ? 'position' : 'inner', right: transposeB ? 'inner' : 'position' },
    before: `
  let tilesAcross = (uniforms.n + ${TILE - 1}u) / ${TILE}u;
  let tiles = tilesAcross * ((uniforms.m + ${TILE - 1}u) / ${TILE}u);
  let part = group / tiles;${range}
  let tile = group % tiles;
  let firstRow = (tile / tilesAcross) * ${TILE}u;
  let firstColumn = (tile % tilesAcross) * ${TILE}u;`,
    after: `
  for (var r = 0u; r < 4u; r++) {
    let row = firstRow + laneRow * 4u + r;
    if (row >= uniforms.m) { break; }
    for (var c = 0u; c < 4u; c++) {
      let column = firstColumn + laneColumn * 4u + c;
      if (column < uniforms.n) { result[(part * uniforms.m + row) * uniforms.n + column] = total[r][c]; }
    }
  }`,
  });
}
