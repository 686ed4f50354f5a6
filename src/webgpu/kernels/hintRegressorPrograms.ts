/**
 * The hint loss with a regressor as products by tiles: the first has the differences, their squares and the gradient in the
 * regressed features where the sums end, the others take that gradient to the student's features and to the weight.
 * Features are read where they lie, channels first or last, so no tensor is transposed; a row is a position of a sample.
 */
import type { FeatureLayout } from '../../ops/affine.ts';
import { specialValues } from '../arithmetic.ts';
import type { KernelProgram } from '../program.ts';
import { TILE, TILE_LANES, tiledProgram, within } from '../tiledSums.ts';

const uniforms = {
  /** Positions of all samples. */
  rows: 'u32',
  /** Positions of a sample. */
  positions: 'u32',
  /** The student's channels. */
  fromWidth: 'u32',
  /** The teacher's channels. */
  toWidth: 'u32',
  across: 'u32',
} as const;

/** Where a row's channel lies. */
function addressOf(layout: FeatureLayout): string {
  return layout === 'channelsLast'
    ? '\nfn addressOf(row: u32, channel: u32, channels: u32) -> u32 { return row * channels + channel; }'
    : `
fn addressOf(row: u32, channel: u32, channels: u32) -> u32 {
  return ((row / uniforms.positions) * channels + channel) * uniforms.positions + row % uniforms.positions;
}`;
}

/** Neighbours in memory are neighbouring channels or neighbouring positions. */
const lanesAlong = (layout: FeatureLayout) => (layout === 'channelsLast' ? 'columns' : 'rows');

/** A side that is features, [rows, channels] from the outside. */
const features = (side: string, name: string, channels: string) => `
fn ${side}At(position: u32, inner: u32) -> f32 {
  return ${name}[addressOf(${within('position', 'rows')}, inner, uniforms.${channels})];
}`;

const place = `
  let firstRow = (tile / uniforms.across) * ${TILE}u;
  let firstColumn = (tile % uniforms.across) * ${TILE}u;`;

/** Statements for each of a lane's results that lies within `rows` × `columns`. */
const eachResult = (rows: string, columns: string, body: string) => `
  for (var r = 0u; r < 4u; r++) {
    let row = firstRow + laneRow * 4u + r;
    if (row >= ${rows}) { break; }
    for (var c = 0u; c < 4u; c++) {
      let column = firstColumn + laneColumn * 4u + c;
      if (column < ${columns}) { ${body} }
    }
  }`;

const four = (statement: (at: number) => string): string => [0, 1, 2, 3].map(statement).join('\n    ');

/**
 * Row losses by tiles of the teacher's channels, [rows, across]; the gradient in the regressed features; that in the bias, by
 * tiles of the rows.
 */
export function hintRegressorProgram(layout: FeatureLayout, withGradient: boolean, rowScaled: boolean): KernelProgram {
  const scaled = withGradient && rowScaled;
  return tiledProgram({
    name: 'hint regressor',
    reads: ['student', 'weight', 'bias', 'teacher', ...(scaled ? ['rowScale'] : [])],
    writes: ['losses', ...(withGradient ? ['gradient', 'biasGradient'] : [])],
    uniforms: { ...uniforms, factor: 'f32', scale: 'f32' },
    declarations: `${specialValues}${addressOf(layout)}${features('left', 'student', 'fromWidth')}
fn rightAt(position: u32, inner: u32) -> f32 {
  return weight[inner * uniforms.toWidth + ${within('position', 'toWidth')}];
}
var<workgroup> squares: array<vec4f, ${TILE_LANES}>;${
      withGradient ? `\nvar<workgroup> slopes: array<vec4f, ${TILE_LANES}>;` : ''
    }`,
    term: 'product',
    contiguous: { left: layout === 'channelsLast' ? 'inner' : 'position', right: 'position' },
    lanesAlong: lanesAlong(layout),
    before: `
  let tile = group;
  if (tile >= uniforms.units) { return; }${place}
  let first = 0u;
  let last = uniforms.fromWidth;`,
    after: `
  let columns = vec4u(firstColumn + laneColumn * 4u) + vec4u(0u, 1u, 2u, 3u);
  let within = columns < vec4u(uniforms.toWidth);
  let stride = ${layout === 'channelsLast' ? '1u' : 'uniforms.positions'};
  var offset4 = vec4f();
  ${four((c) => `if (within[${c}]) { offset4[${c}] = bias[columns[${c}]]; }`)}
  var sums = vec4f();
  ${withGradient ? 'var slopeSums = vec4f();' : ''}
  for (var r = 0u; r < 4u; r++) {
    let row = firstRow + laneRow * 4u + r;
    if (row >= uniforms.rows) { break; }
    let at = addressOf(row, columns.x, uniforms.toWidth);
    var wanted = vec4f();
    ${four((c) => `if (within[${c}]) { wanted[${c}] = teacher[at + ${c}u * stride]; }`)}
    let difference = select(vec4f(), total[r] + offset4 - wanted, within);
    sums[r] = dot(difference, difference);
    ${
      withGradient
        ? `let scale = ${scaled ? 'rowScale[row / uniforms.positions]' : 'uniforms.scale'};
    let slope = select(2.0 * uniforms.factor * scale * difference, vec4f(), isZero(scale));
    slopeSums += slope;
    ${four((c) => `if (within[${c}]) { gradient[at + ${c}u * stride] = slope[${c}]; }`)}`
        : ''
    }
  }
  squares[laneRow * 16u + laneColumn] = sums;
  ${withGradient ? 'slopes[laneColumn * 16u + laneRow] = slopeSums;' : ''}
  workgroupBarrier();
  let lossRow = firstRow + lane;
  if (lane < ${TILE}u && lossRow < uniforms.rows) {
    var sum = 0.0;
    for (var other = 0u; other < 16u; other++) { sum += squares[(lane / 4u) * 16u + other][lane % 4u]; }
    losses[lossRow * uniforms.across + tile % uniforms.across] = uniforms.factor * sum;
  }
  ${
    withGradient
      ? `let slopeColumn = firstColumn + lane;
  if (lane < ${TILE}u && slopeColumn < uniforms.toWidth) {
    var sum = 0.0;
    for (var other = 0u; other < 16u; other++) { sum += slopes[(lane / 4u) * 16u + other][lane % 4u]; }
    biasGradient[(tile / uniforms.across) * uniforms.toWidth + slopeColumn] = sum;
  }`
      : ''
  }`,
  });
}

/** The gradient in the student's features, by parts of the teacher's channels: [parts, …features]. */
export function hintFeatureGradientProgram(layout: FeatureLayout): KernelProgram {
  return tiledProgram({
    name: 'hint feature gradient',
    reads: ['gradient', 'weight'],
    writes: ['result'],
    uniforms: { ...uniforms, tiles: 'u32', part: 'u32' },
    declarations: `${addressOf(layout)}${features('left', 'gradient', 'toWidth')}
fn rightAt(position: u32, inner: u32) -> f32 {
  return weight[${within('position', 'fromWidth')} * uniforms.toWidth + inner];
}`,
    term: 'product',
    contiguous: { left: layout === 'channelsLast' ? 'inner' : 'position', right: 'inner' },
    lanesAlong: lanesAlong(layout),
    before: `
  let unit = group / uniforms.tiles;
  if (unit >= uniforms.units) { return; }
  let tile = group % uniforms.tiles;${place}
  let first = unit * uniforms.part;
  let last = min(first + uniforms.part, uniforms.toWidth);
  let origin = unit * uniforms.rows * uniforms.fromWidth;`,
    after: eachResult(
      'uniforms.rows',
      'uniforms.fromWidth',
      'result[origin + addressOf(row, column, uniforms.fromWidth)] = total[r][c];',
    ),
  });
}

/**
 * The gradient in the regressor's weight, by parts of the rows: [parts, from, to]. A sample of weight 0 enters as 0·x,
 * which must be 0 for every x.
 */
export function hintWeightGradientProgram(layout: FeatureLayout, masked: boolean): KernelProgram {
  const contiguous = layout === 'channelsLast' ? 'position' : 'inner';
  const side = (name: string, tensor: string, channels: string, isMasked: boolean) => `
fn ${name}At(position: u32, inner: u32) -> f32 {
  let value = ${tensor}[addressOf(inner, ${within('position', channels)}, uniforms.${channels})];
  return ${isMasked ? 'select(value, 0.0, isZero(rowWeights[inner / uniforms.positions]))' : 'value'};
}`;
  return tiledProgram({
    name: 'hint weight gradient',
    reads: ['student', 'gradient', ...(masked ? ['rowWeights'] : [])],
    writes: ['result'],
    uniforms: { ...uniforms, tiles: 'u32', part: 'u32' },
    declarations: `${specialValues}${addressOf(layout)}
${side('left', 'student', 'fromWidth', masked)}
${side('right', 'gradient', 'toWidth', false)}`,
    term: 'product',
    contiguous: { left: contiguous, right: contiguous },
    before: `
  let unit = group / uniforms.tiles;
  if (unit >= uniforms.units) { return; }
  let tile = group % uniforms.tiles;${place}
  let first = unit * uniforms.part;
  let last = min(first + uniforms.part, uniforms.rows);
  let origin = unit * uniforms.fromWidth * uniforms.toWidth;`,
    after: eachResult(
      'uniforms.fromWidth',
      'uniforms.toWidth',
      'result[origin + row * uniforms.toWidth + column] = total[r][c];',
    ),
  });
}
