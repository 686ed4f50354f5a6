/**
 * The product of two matrices in float64, blocked: a tile of 4 × 4 sums stays in registers, and reads eight numbers for its
 * 32 operations, from panels that were laid out for it.
 */
import type { TypedArray } from '../tensor.ts';
import { multiplyTile as multiplyHostTile } from './hostTile.ts';
import type { MakeRoom } from './loops.ts';

/** A matrix, wherever its numbers are: element (i, j) is `data[at + i·rowStep + j·columnStep]`. */
export interface Strided {
  readonly data: TypedArray;
  readonly at: number;
  readonly rowStep: number;
  readonly columnStep: number;
}

/** A row-major matrix of so many columns, or its transpose. */
export function strided(data: TypedArray, columns: number, transposed = false, at = 0): Strided {
  return transposed ? { data, at, rowStep: 1, columnStep: columns } : { data, at, rowStep: columns, columnStep: 1 };
}

/** Inner steps of a panel: one of each side lies in the first-level cache. */
const depthOfBlock = 256;
const width = 4;
/** Products up to here are done before panels would be laid out. */
const smallest = 2048;

/**
 * A·B, [rows, columns] row-major, summed in float64 whatever the factors are.
 *
 * @param symmetric The product is known to equal its transpose (X·Xᵀ): half of it is computed, and mirrored.
 * @param makeRoom `roomFor`, for loops faster than the host's, and a bundle a little larger.
 */
export function product(
  a: Strided,
  b: Strided,
  rows: number,
  inner: number,
  columns: number,
  symmetric = false,
  makeRoom?: MakeRoom,
): Float64Array {
  const out = new Float64Array(rows * columns);
  if (rows * inner * columns <= smallest) {
    multiplyPlainly(a, b, rows, inner, columns, out);
    return out;
  }
  const deepest = Math.min(inner, depthOfBlock);
  const room = makeRoom?.(deepest * (columns + 2 * width) + width * width);
  const array = room?.array ?? ((size: number) => new Float64Array(size));
  const multiplyTile = room?.loops.multiplyTile ?? multiplyHostTile;
  const panelA = array(deepest * width);
  const panelsB = Array.from({ length: Math.ceil(columns / width) }, () => array(deepest * width));
  const tile = array(width * width);
  for (let start = 0; start < inner; start += depthOfBlock) {
    const depth = Math.min(depthOfBlock, inner - start);
    panelsB.forEach((panel, index) => {
      pack(b, b.columnStep, b.rowStep, index * width, Math.min(width, columns - index * width), start, depth, panel);
    });
    for (let row = 0; row < rows; row += width) {
      const tileRows = Math.min(width, rows - row);
      pack(a, a.rowStep, a.columnStep, row, tileRows, start, depth, panelA);
      const last = symmetric ? row + tileRows : columns;
      for (let column = 0; column < last; column += width) {
        multiplyTile(panelA, panelsB[column / width]!, depth, tile);
        addTile(tile, tileRows, Math.min(width, columns - column), out, row * columns + column, columns);
      }
    }
  }
  if (symmetric) mirror(out, rows);
  return out;
}

function multiplyPlainly(
  a: Strided,
  b: Strided,
  rows: number,
  inner: number,
  columns: number,
  out: Float64Array,
): void {
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      let sum = 0;
      let left = a.at + row * a.rowStep;
      let right = b.at + column * b.columnStep;
      for (let step = 0; step < inner; step++, left += a.columnStep, right += b.rowStep) {
        sum += a.data[left]! * b.data[right]!;
      }
      out[row * columns + column] = sum;
    }
  }
}

/** Lays `count` rows of a factor (or columns, by the steps) out as a panel [depth, 4], with zeros at the edge. */
function pack(
  { data, at }: Strided,
  across: number,
  along: number,
  first: number,
  count: number,
  start: number,
  depth: number,
  panel: Float64Array,
): void {
  const from = at + first * across + start * along;
  if (count < width) panel.fill(0);
  if (count === width) {
    const [second, third, fourth] = [across, 2 * across, 3 * across];
    for (let step = 0, to = 0, place = from; step < depth; step++, to += width, place += along) {
      panel[to] = data[place]!;
      panel[to + 1] = data[place + second]!;
      panel[to + 2] = data[place + third]!;
      panel[to + 3] = data[place + fourth]!;
    }
    return;
  }
  for (let lane = 0; lane < count; lane++) {
    for (let step = 0; step < depth; step++) panel[step * width + lane] = data[from + lane * across + step * along]!;
  }
}

function addTile(
  tile: Float64Array,
  rows: number,
  columns: number,
  out: Float64Array,
  at: number,
  stride: number,
): void {
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) out[at + row * stride + column]! += tile[row * width + column]!;
  }
}

/** Copies the lower triangle onto the upper one. */
function mirror(out: Float64Array, size: number): void {
  for (let row = 0; row < size; row++) {
    for (let column = row + 1; column < size; column++) out[row * size + column] = out[column * size + row]!;
  }
}
