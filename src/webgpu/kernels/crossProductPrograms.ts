/**
 * Kernels of centred cross-products: column means, weighted column sums, squared lengths of samples, and products by tiles.
 * All take the first sample off before they take off the mean, as `ops/centredSamples.ts` does: differences of
 * neighbouring numbers are exact, so a feature around 1000 keeps its variance. No centred copy is written.
 */
import { specialValues } from '../arithmetic.ts';
import type { KernelProgram } from '../program.ts';
import { TILE, tiledProgram, upperTile, within } from '../tiledSums.ts';
import type { RowLayout } from './rows.ts';

/** Columns of a workgroup of the column kernels. */
export const COLUMNS = 64;
const WORKGROUP = 256;

/** A copy of the first sample, whatever the size of the rest. */
export const firstSampleProgram: KernelProgram = {
  name: 'crossProducts first sample',
  reads: ['x'],
  writes: ['result'],
  uniforms: {},
  workgroupSize: COLUMNS,
  body: '  if (index < uniforms.units) { result[index] = x[index]; }',
};

const uniforms = { samples: 'u32', width: 'u32', segment: 'u32', columns: 'u32', divisor: 'f32' } as const;

/**
 * Sums a column over a segment of the samples; as many lanes share a column as the workgroup has room for.
 *
 * - `'means'`: the first sample taken off, over the divisor.
 * - `'weighted'`: the centred column times `weights`; in the first column of a second result Σ own·weights.
 */
export function columnProgram(kind: 'means' | 'weighted'): KernelProgram {
  const term =
    kind === 'means'
      ? `
    block += vec2f(x[at] - shift[column], 0.0);`
      : `
    let weight = weights[row];
    block += vec2f(weight * (x[at] - shift[column] - offset[column]), select(0.0, weight * own[row], column == 0u));`;
  return {
    name: `crossProducts ${kind}`,
    reads: ['x', 'shift', ...(kind === 'means' ? [] : ['offset', 'weights', 'own'])],
    writes: ['result', ...(kind === 'means' ? [] : ['second'])],
    uniforms,
    workgroupSize: WORKGROUP,
    declarations: `var<workgroup> lanes: array<vec2f, ${WORKGROUP}>;`,
    body: `
  let tiles = (uniforms.width + ${COLUMNS - 1}u) / ${COLUMNS}u;
  let unit = group / tiles;
  if (unit >= uniforms.units) { return; }
  let column = (group % tiles) * ${COLUMNS}u + lane % uniforms.columns;
  let team = lane / uniforms.columns;
  let teams = ${WORKGROUP}u / uniforms.columns;
  let segment = uniforms.firstUnit + unit;
  let start = unit * uniforms.segment;
  let last = start + min(uniforms.segment, uniforms.samples - segment * uniforms.segment);
  var total = vec2f();
  var block = vec2f();
  var count = 0u;
  let works = team < teams && column < uniforms.width;
  for (var row = select(last, start + team, works); row < last; row += teams) {
    let at = row * uniforms.width + column;${term}
    count++;
    if ((count & 15u) == 0u) { total += block; block = vec2f(); }
  }
  lanes[lane] = total + block;
  workgroupBarrier();
  if (lane < uniforms.columns && column < uniforms.width) {
    total = vec2f();
    block = vec2f();
    for (var other = 0u; other < teams; other++) {
      block += lanes[other * uniforms.columns + lane];
      if ((other & 15u) == 15u) { total += block; block = vec2f(); }
    }
    total += block;
    result[segment * uniforms.width + column] = total.x / uniforms.divisor;
    ${kind === 'means' ? '' : 'second[segment * uniforms.width + column] = total.y;'}
  }`,
  };
}

/** The squared length of each centred sample. */
export function squaresProgram(layout: RowLayout): KernelProgram {
  return layout.program({
    name: 'crossProducts squares',
    reads: ['x', 'shift', 'offset'],
    writes: ['result'],
    uniforms: { classes: 'u32' },
    declarations: specialValues,
    vector: 'f32',
    body: `
  var total = 0.0;
  var block = 0.0;
  var count = 0u;
  for (var at = first; at < uniforms.classes; at += step) {
    let centred = x[origin + at] - shift[at] - offset[at];
    block += centred * centred;
    count++;
    if ((count & 15u) == 0u) { total += block; block = 0.0; }
  }
  total = sumOverRow(total + block);
  if (leader) { result[row] = total; }`,
  });
}

/** Σ over samples of centred x times centred y, or of x with itself by the tiles on and above the diagonal alone. */
export function productProgram(symmetric: boolean): KernelProgram {
  const at = (name: string, x: string, extent: string) => `
fn ${name}At(position: u32, inner: u32) -> f32 {
  let column = ${within('position', extent)};
  return ${x}[inner * uniforms.${extent} + column] - ${x}Shift[column] - ${x}Offset[column];
}`;
  return tiledProgram({
    name: symmetric ? 'crossProducts symmetric' : 'crossProducts products',
    reads: ['x', 'xShift', 'xOffset', ...(symmetric ? [] : ['y', 'yShift', 'yOffset'])],
    writes: ['result'],
    uniforms: { samples: 'u32', segment: 'u32', rows: 'u32', columns: 'u32', tiles: 'u32' },
    declarations: `${at('left', 'x', 'rows')}${at('right', symmetric ? 'x' : 'y', 'columns')}${symmetric ? upperTile : ''}`,
    term: 'product',
    contiguous: { left: 'position', right: 'position' },
    before: `
  let unit = group / uniforms.tiles;
  if (unit >= uniforms.units) { return; }
  ${
    symmetric
      ? 'let tile = upperTile(group % uniforms.tiles);'
      : `let across = (uniforms.columns + ${TILE - 1}u) / ${TILE}u;
  let number = group % uniforms.tiles;
  let tile = vec2u(number / across, number % across);`
  }
  let firstRow = tile.x * ${TILE}u;
  let firstColumn = tile.y * ${TILE}u;
  let segment = uniforms.firstUnit + unit;
  let first = unit * uniforms.segment;
  let last = first + min(uniforms.segment, uniforms.samples - segment * uniforms.segment);`,
    after: `
  let origin = segment * uniforms.rows * uniforms.columns;
  for (var r = 0u; r < 4u; r++) {
    let row = firstRow + laneRow * 4u + r;
    for (var c = 0u; c < 4u; c++) {
      let column = firstColumn + laneColumn * 4u + c;
      if (row < uniforms.rows && column < uniforms.columns) {
        result[origin + row * uniforms.columns + column] = total[r][c];
        ${symmetric ? 'if (tile.x != tile.y) { result[origin + column * uniforms.columns + row] = total[r][c]; }' : ''}
      }
    }
  }`,
  });
}
