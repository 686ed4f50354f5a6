/**
 * Sums over an inner axis for 64 × 64 results a workgroup: products, or squared differences. Sides are loaded by functions
 * of the kernel, so that centring costs no copy. 256 lanes hold 4 × 4 results each; sums run over 16 inner steps, then 16
 * of those, then the rest.
 */
import type { KernelProgram } from './program.ts';

/** Results of a tile along each side. */
export const TILE = 64;
/** Results of a tile. */
export const TILE_SIZE = 4096;
/** Lanes of a tile. */
export const TILE_LANES = 256;
const DEPTH = 16;
/** Vectors between one inner step and the next: one more than a tile holds, so that lanes write to different banks. */
const PITCH = TILE / 4 + 1;

/** A kernel by tiles before its tiles are summed. */
export interface TiledProgram extends Omit<KernelProgram, 'workgroupSize' | 'subgroups' | 'body'> {
  /**
   * Declares `leftAt(position, inner)` and `rightAt(position, inner)`. Beyond the extents they return any number; `within`
   * keeps a position among those that there are.
   */
  readonly declarations: string;
  /** What is summed. */
  readonly term: 'product' | 'squaredDifference';
  /** Of each side, which neighbours are neighbours in memory: so are those that neighbouring lanes load. */
  readonly contiguous: Readonly<Record<'left' | 'right', 'inner' | 'position'>>;
  /** Whether neighbouring lanes have results in neighbouring columns (default) or rows: those that lie side by side. */
  readonly lanesAlong?: 'columns' | 'rows';
  /** Statements that define `firstRow`, `firstColumn` and the range of the inner axis, `first` and `last`. */
  readonly before: string;
  /** Statements that see `total`, four rows of four columns, and the lane's place, `laneRow` and `laneColumn`. */
  readonly after: string;
}

const four = (value: (at: number) => string): string => [0, 1, 2, 3].map(value).join(' ');
const zero = 'array<vec4f, 4>(vec4f(), vec4f(), vec4f(), vec4f())';

/** A position, or the last that there is: without a branch, where the result is not used. */
export function within(position: string, extent: string): string {
  return `min(${position}, uniforms.${extent} - 1u)`;
}

/** The kernel. */
export function tiledProgram({
  declarations,
  term,
  contiguous,
  lanesAlong = 'columns',
  before,
  after,
  ...program
}: TiledProgram): KernelProgram {
  const groupOf = (side: 'left' | 'right') => (contiguous[side] === 'inner' ? 'lane / 16u' : 'lane % 16u');
  const innerOf = (side: 'left' | 'right') => (contiguous[side] === 'inner' ? 'lane % 16u' : 'lane / 16u');
  const load = (side: 'left' | 'right', start: string) => {
    const position = `${start} + ${side}Group * 4u`;
    const inner = `start + ${side}Inner`;
    const values = [0, 1, 2, 3].map((at) => `${side}At(${position} + ${at}u, ${inner})`);
    return `${side}Tile[${side}Inner * ${PITCH}u + ${side}Group] = select(vec4f(), vec4f(
      ${values.join(',\n      ')},
    ), ${inner} < last);`;
  };
  const step = (at: number) =>
    term === 'product'
      ? `block[${at}] += rows[${at}] * columns;`
      : `let apart${at} = rows[${at}] - columns; block[${at}] += apart${at} * apart${at};`;
  return {
    ...program,
    workgroupSize: TILE_LANES,
    declarations: `${declarations}
var<workgroup> leftTile: array<vec4f, ${PITCH * DEPTH}>;
var<workgroup> rightTile: array<vec4f, ${PITCH * DEPTH}>;`,
    // A lane writes whole vectors: a write to one component may touch the others, which belong to other lanes.
    body: `${before}
  let laneRow = ${lanesAlong === 'columns' ? 'lane / 16u' : 'lane % 16u'};
  let laneColumn = ${lanesAlong === 'columns' ? 'lane % 16u' : 'lane / 16u'};
  let leftGroup = ${groupOf('left')};
  let leftInner = ${innerOf('left')};
  let rightGroup = ${groupOf('right')};
  let rightInner = ${innerOf('right')};
  var total = ${zero};
  var chunk = ${zero};
  var blocks = 0u;
  for (var start = first; start < last; start += ${DEPTH}u) {
    ${load('left', 'firstRow')}
    ${load('right', 'firstColumn')}
    workgroupBarrier();
    // Written out: some drivers zero a variable of a loop once, not every time round.
    var block = ${zero};
    for (var depth = 0u; depth < ${DEPTH}u; depth++) {
      let rows = leftTile[depth * ${PITCH}u + laneRow];
      let columns = rightTile[depth * ${PITCH}u + laneColumn];
      ${four(step)}
    }
    ${four((at) => `chunk[${at}] += block[${at}];`)}
    blocks++;
    if ((blocks & 15u) == 0u) {
      ${four((at) => `total[${at}] += chunk[${at}];`)}
      chunk = ${zero};
    }
    workgroupBarrier();
  }
  ${four((at) => `total[${at}] += chunk[${at}];`)}
${after}`,
  };
}

/**
 * Tiles of a symmetric matrix on and above its diagonal, numbered column by column: number → (row, column). The root is
 * rounded, so its neighbours are tried too.
 */
export const upperTile: string = `
fn upperTile(number: u32) -> vec2u {
  var column = u32((sqrt(8.0 * f32(number) + 1.0) - 1.0) * 0.5);
  while (column * (column + 1u) / 2u > number) { column--; }
  while ((column + 1u) * (column + 2u) / 2u <= number) { column++; }
  return vec2u(number - column * (column + 1u) / 2u, column);
}`;

/** How many tiles a symmetric matrix of so many rows has on and above its diagonal. */
export function upperTiles(rows: number): number {
  const blocks = Math.ceil(rows / TILE);
  return (blocks * (blocks + 1)) / 2;
}

/** Parts of an inner axis: a long one is cut where the tiles alone would leave the device idle. */
export function partsFor(extent: number, tiles: number): number {
  if (extent <= 512 || tiles >= 256) return 1;
  return Math.min(Math.ceil(extent / 256), Math.ceil(512 / tiles));
}
