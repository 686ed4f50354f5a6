/**
 * Kernels over Gram matrices of samples. Such a matrix is kept as its tiles on and above the diagonal, each in the order of
 * the lanes that computed it: element 4·r + c of lane l is number (4·r + c)·256 + l of its tile, so every pass reads and
 * writes neighbouring addresses, and half of the matrix. Row sums count an element for its row and for its column.
 */
import { exponential, specialValues } from '../arithmetic.ts';
import type { KernelProgram } from '../program.ts';
import { joinLanes } from '../workgroup.ts';
import { TILE, TILE_LANES, TILE_SIZE, tiledProgram, upperTile } from './tiledSums.ts';

/**
 * What the tiles hold: dot products of samples as they are or centred, or squared distances. Distances are sums of squared
 * differences: exactly 0 between equal samples, and free of the digits that |x|² + |y|² − 2x·y loses.
 */
export type GramForm = 'plain' | 'centred' | 'distances';

/** A part of the features for each workgroup: [tiles, parts, TILE_SIZE]. */
export function gramProgram(form: GramForm): KernelProgram {
  const taken = form === 'centred' ? ' - shift[inner] - offset[inner]' : '';
  const at = (name: string) => `
fn ${name}At(position: u32, inner: u32) -> f32 {
  if (position >= uniforms.samples) { return 0.0; }
  return x[position * uniforms.width + inner]${taken};
}`;
  return tiledProgram({
    name: `gram ${form}`,
    reads: ['x', ...(form === 'centred' ? ['shift', 'offset'] : [])],
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

/** Statements that walk a lane's elements: `body` sees the global `row` and `column`, and `at` in the tiles' arrays. */
export function overTile(body: string): string {
  return `
  let tile = upperTile(uniforms.firstUnit + group);
  let laneRow = lane / 16u;
  let laneColumn = lane % 16u;
  for (var r = 0u; r < 4u; r++) {
    let row = tile.x * ${TILE}u + laneRow * 4u + r;
    for (var c = 0u; c < 4u; c++) {
      let column = tile.y * ${TILE}u + laneColumn * 4u + c;
      let at = group * ${TILE_SIZE}u + (4u * r + c) * ${TILE_LANES}u + lane;
      ${body}
    }
  }`;
}

/** How an element becomes the kernel's: dot products stay, distances d² become exp(−d²/(2σ²·median)). */
export type GramKernel = 'linear' | 'rbf';

/** A function `name`(element). A median of 0 is the limit of a narrow kernel: 1 between equal samples, else 0. */
export function kernelFunction(kernel: GramKernel, name: string, median: string): string {
  if (kernel === 'linear') return `\nfn ${name}(element: f32) -> f32 { return element; }`;
  return `
fn ${name}(element: f32) -> f32 {
  if (isZero(element)) { return 1.0; }
  let middle = ${median}[0];
  if (isZero(middle)) { return 0.0; }
  return exponential(element / (middle * uniforms.scale));
}`;
}

/** Declarations of `addToRows`: joins what lanes hold for their rows and columns, for the rows of both blocks. */
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

/** Row sums of a kernel's matrix without its diagonal, by blocks of 64 columns: [blocks, padded rows]. */
export function rowSumProgram(kernel: GramKernel): KernelProgram {
  return {
    name: 'gram row sums',
    reads: ['elements', ...(kernel === 'rbf' ? ['median'] : [])],
    writes: ['result'],
    uniforms: { samples: 'u32', padded: 'u32', scale: 'f32' },
    workgroupSize: TILE_LANES,
    declarations: `${specialValues}${exponential}${upperTile}${kernelFunction(kernel, 'kernelOf', 'median')}${rowJoin()}`,
    body: `
  if (group >= uniforms.units) { return; }
  var rowSums0 = vec4f();
  var columnSums0 = vec4f();${overTile(`if (row < column && column < uniforms.samples) {
        let value = kernelOf(elements[at]);
        rowSums0[r] += value;
        columnSums0[c] += value;
      }`)}${writeRowSums(0, 1)}`,
  };
}

/**
 * What is taken off row i and column i of a kernel's matrix, [2, padded rows]: to centre it whole, and to U-centre it
 * without its diagonal (0 for fewer than 4 samples). One workgroup.
 */
export function meansProgram(kernel: GramKernel): KernelProgram {
  const diagonal = kernel === 'rbf' ? '1.0' : 'squares[row]';
  return {
    name: 'gram means',
    reads: ['hollow', ...(kernel === 'rbf' ? [] : ['squares'])],
    writes: ['result'],
    uniforms: { samples: 'u32', padded: 'u32' },
    workgroupSize: TILE_LANES,
    declarations: `var<workgroup> lanes: array<vec2f, ${TILE_LANES}>;`,
    body: `
  if (group > 0u) { return; }
  var sums = vec2f();
  var block = vec2f();
  var count = 0u;
  for (var row = lane; row < uniforms.samples; row += ${TILE_LANES}u) {
    block += vec2f(hollow[row], ${diagonal});
    count++;
    if ((count & 15u) == 0u) { sums += block; block = vec2f(); }
  }
  lanes[lane] = sums + block;${joinLanes(TILE_LANES, 'first + second')}
  workgroupBarrier();
  let total = lanes[0];
  let n = f32(uniforms.samples);
  let whole = (total.x + total.y) / n / (2.0 * n);
  for (var row = lane; row < uniforms.samples; row += ${TILE_LANES}u) {
    result[row] = (hollow[row] + ${diagonal}) / n - whole;
    var unbiased = 0.0;
    if (uniforms.samples > 3u) { unbiased = hollow[row] / (n - 2.0) - total.x / (n - 2.0) / (2.0 * (n - 1.0)); }
    result[uniforms.padded + row] = unbiased;
  }`,
  };
}

/**
 * Inner products of two kernels' matrices, and of each with itself, over one tile: first all centred, then all U-centred,
 * [tiles, 6]. Elements are centred before they are multiplied, so that nothing cancels in the sums.
 */
export function alignProgram(kernel: GramKernel): KernelProgram {
  const medians = kernel === 'rbf' ? ['xMedian', 'yMedian'] : [];
  return {
    name: 'gram align',
    reads: ['xElements', 'yElements', 'xMeans', 'yMeans', ...medians],
    writes: ['result'],
    uniforms: { samples: 'u32', padded: 'u32', scale: 'f32' },
    workgroupSize: TILE_LANES,
    declarations: `${specialValues}${exponential}${upperTile}
${kernelFunction(kernel, 'ofX', 'xMedian')}${kernelFunction(kernel, 'ofY', 'yMedian')}
var<workgroup> lanes: array<mat2x3f, ${TILE_LANES}>;
fn products(x: f32, y: f32) -> vec3f { return vec3f(x * y, x * x, y * y); }`,
    body: `
  if (group >= uniforms.units) { return; }
  var sums = mat2x3f();${overTile(`if (row <= column && column < uniforms.samples) {
        let x = ofX(xElements[at]);
        let y = ofY(yElements[at]);
        let weight = select(2.0, 1.0, row == column);
        let unbiasedWeight = select(2.0, 0.0, row == column);
        let u = uniforms.padded;
        sums += mat2x3f(
          weight * products(x - xMeans[row] - xMeans[column], y - yMeans[row] - yMeans[column]),
          unbiasedWeight * products(x - xMeans[u + row] - xMeans[u + column], y - yMeans[u + row] - yMeans[u + column]),
        );
      }`)}
  lanes[lane] = sums;${joinLanes(TILE_LANES, 'first + second')}
  if (lane < 6u) { result[group * 6u + lane] = lanes[0][lane / 3u][lane % 3u]; }`,
  };
}

/** The six sums over all tiles, times the factors of the biased and the unbiased alignment. One workgroup. */
export function alignmentProgram(): KernelProgram {
  const names = ['xy', 'xx', 'yy'];
  const results = [...names.map((name) => `${name}Biased`), ...names.map((name) => `${name}Unbiased`)];
  return {
    name: 'gram alignment',
    reads: ['sums'],
    writes: results,
    uniforms: { tiles: 'u32', biased: 'f32', unbiased: 'f32' },
    workgroupSize: TILE_LANES,
    declarations: `var<workgroup> lanes: array<mat2x3f, ${TILE_LANES}>;`,
    body: `
  if (group > 0u) { return; }
  var total = mat2x3f();
  var block = mat2x3f();
  var count = 0u;
  for (var tile = lane; tile < uniforms.tiles; tile += ${TILE_LANES}u) {
    let at = tile * 6u;
    block += mat2x3f(vec3f(sums[at], sums[at + 1u], sums[at + 2u]), vec3f(sums[at + 3u], sums[at + 4u], sums[at + 5u]));
    count++;
    if ((count & 15u) == 0u) { total += block; block = mat2x3f(); }
  }
  lanes[lane] = total + block;${joinLanes(TILE_LANES, 'first + second')}
  if (lane == 0u) {
    ${results.map((name, at) => `${name}[0] = lanes[0][${Math.floor(at / 3)}][${at % 3}] * uniforms.${at < 3 ? 'biased' : 'unbiased'};`).join('\n    ')}
  }`,
  };
}
