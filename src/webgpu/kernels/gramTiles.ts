/**
 * Kernels over Gram matrices of samples. Such a matrix is kept as its tiles on and above the diagonal, each in the order of
 * the lanes that computed it: element 4·r + c of lane l is number (4·r + c)·256 + l of its tile, so every pass reads and
 * writes neighbouring addresses, and half of the matrix. Row sums count an element for its row and for its column.
 */
import type { KernelProgram } from '../program.ts';
import { TILE, TILE_LANES, TILE_SIZE, tiledProgram, upperTile, within } from '../tiledSums.ts';

/**
 * What the tiles hold: dot products of samples, or squared distances. Distances are sums of squared differences: exactly 0
 * between equal samples, and free of the digits that |x|² + |y|² − 2x·y loses.
 */
export type GramForm = 'products' | 'distances';

/** A part of the features for each workgroup: [tiles, parts, TILE_SIZE]. */
export function gramProgram(form: GramForm): KernelProgram {
  const at = (name: string) => `
fn ${name}At(position: u32, inner: u32) -> f32 {
  return x[${within('position', 'samples')} * uniforms.width + inner];
}`;
  return tiledProgram({
    name: `gram ${form}`,
    reads: ['x'],
    writes: ['result'],
    uniforms: { samples: 'u32', width: 'u32', part: 'u32', parts: 'u32' },
    declarations: `${at('left')}${at('right')}${upperTile}`,
    term: form === 'distances' ? 'squaredDifference' : 'product',
    contiguous: { left: 'inner', right: 'inner' },
    before: `
  let unit = group / uniforms.parts;
  if (unit >= uniforms.units) { return; }
  let tile = upperTile(uniforms.firstUnit + unit);
  let firstRow = tile.x * ${TILE}u;
  let firstColumn = tile.y * ${TILE}u;
  let first = (group % uniforms.parts) * uniforms.part;
  let last = min(first + uniforms.part, uniforms.width);`,
    after: `
  let origin = group * ${TILE_SIZE}u + lane;
  for (var r = 0u; r < 4u; r++) {
    for (var c = 0u; c < 4u; c++) { result[origin + (4u * r + c) * ${TILE_LANES}u] = total[r][c]; }
  }`,
  });
}

/**
 * Statements that walk a lane's elements, four columns at a time: `body` sees the global `row` and `columns`, which of them
 * lie above the diagonal, `above`, or on it, `onDiagonal`, and a vec4f by the name of each of `arrays`, tiles like these.
 */
export function overTile(arrays: readonly string[], before: string, body: string): string {
  const elements = (name: string) => [0, 1, 2, 3].map((c) => `${name}[at + ${c * TILE_LANES}u]`).join(', ');
  return `
  let tile = upperTile(uniforms.firstUnit + group);
  let laneRow = lane / 16u;
  let laneColumn = lane % 16u;
  let columns = vec4u(tile.y * ${TILE}u + laneColumn * 4u) + vec4u(0u, 1u, 2u, 3u);
  let within = columns < vec4u(uniforms.samples);
  ${before}
  for (var r = 0u; r < 4u; r++) {
    let row = tile.x * ${TILE}u + laneRow * 4u + r;
    let above = (columns > vec4u(row)) & within;
    let onDiagonal = (columns == vec4u(row)) & within;
    let at = group * ${TILE_SIZE}u + 4u * r * ${TILE_LANES}u + lane;
    ${arrays.map((name) => `let ${name}4 = vec4f(${elements(name)});`).join('\n    ')}
    ${body}
  }`;
}

/** What is taken off a lane's four columns, from `[2, padded rows]`: to centre (0) or to U-centre (1). */
export function columnMeans(name: string, means: string, which: 0 | 1): string {
  const at = which === 0 ? '' : 'uniforms.padded + ';
  const four = [0, 1, 2, 3].map((c) => `${means}[${at}min(columns[${c}], uniforms.samples - 1u)]`);
  return `let ${name} = vec4f(${four.join(', ')});`;
}

/** What `writeRowSums` needs declared. */
export function rowJoin(): string {
  return `
var<workgroup> byRow: array<vec4f, ${TILE_LANES}>;
var<workgroup> byColumn: array<vec4f, ${TILE_LANES}>;`;
}

/**
 * Statements that join the lanes' `rowSums` and `columnSums` (vec4f each) and write them, [blocks, fields, rows of blocks],
 * to `result`: rows of one block at the other block's number. All lanes must come here.
 */
export function writeRowSums(field: number, fields: number): string {
  return `
  byRow[lane] = rowSums${field};
  byColumn[lane] = columnSums${field};
  workgroupBarrier();
  if (lane < ${TILE}u) {
    var ofRow = 0.0;
    var ofColumn = 0.0;
    for (var other = 0u; other < 16u; other++) {
      ofRow += byRow[(lane / 4u) * 16u + other][lane % 4u];
      ofColumn += byColumn[other * 16u + lane / 4u][lane % 4u];
    }
    let rowPlace = (tile.y * ${fields}u + ${field}u) * uniforms.padded + tile.x * ${TILE}u + lane;
    let columnPlace = (tile.x * ${fields}u + ${field}u) * uniforms.padded + tile.y * ${TILE}u + lane;
    result[rowPlace] = select(ofRow, ofRow + ofColumn, tile.x == tile.y);
    if (tile.x != tile.y) { result[columnPlace] = ofColumn; }
  }
  workgroupBarrier();`;
}
