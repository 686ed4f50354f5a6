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
/** Panels that are laid out together: of rows whose numbers lie side by side they read whole lines of the cache. */
const together = 4;
/** Rows whose sums are kept as tiles until they are complete. */
const rowsOfStrip = 512;
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
  if (rows * inner * columns <= smallest || rows < width || columns < width) {
    multiplyPlainly(a, b, rows, inner, columns, out);
    return out;
  }
  const deepest = Math.min(inner, depthOfBlock);
  const [across, down] = [Math.ceil(columns / width), Math.ceil(Math.min(rows, rowsOfStrip) / width)];
  const room = makeRoom?.(deepest * width * (across + together) + across * down * width ** 2);
  const array = room?.array ?? ((size: number) => new Float64Array(size));
  const multiplyTile = room?.loops.multiplyTile ?? multiplyHostTile;
  const panelsOf = (count: number) => Array.from({ length: count }, () => array(deepest * width));
  const [panelsA, panelsB] = [panelsOf(together), panelsOf(across)];
  const tiles = Array.from({ length: across * down }, () => array(width ** 2));
  for (let first = 0; first < rows; first += rowsOfStrip) {
    const end = Math.min(rows, first + rowsOfStrip);
    const needed = symmetric ? Math.ceil(end / width) : across;
    for (const tile of tiles) tile.fill(0);
    for (let start = 0; start < inner; start += depthOfBlock) {
      const depth = Math.min(depthOfBlock, inner - start);
      const span = { start, depth };
      for (let panel = 0; panel < needed; panel += together) {
        const panels = panelsB.slice(panel, Math.min(needed, panel + together));
        pack(b, b.columnStep, b.rowStep, { first: panel * width, end: columns, ...span }, panels);
      }
      for (let group = first; group < end; group += together * width) {
        pack(a, a.rowStep, a.columnStep, { first: group, end, ...span }, panelsA);
        for (let row = group, at = 0; row < Math.min(end, group + together * width); row += width, at++) {
          const last = symmetric ? row / width + 1 : across;
          const line = ((row - first) / width) * across;
          for (let panel = 0; panel < last; panel++) {
            multiplyTile(panelsA[at]!, panelsB[panel]!, depth, tiles[line + panel]!);
          }
        }
      }
    }
    copyTiles(tiles, out, first, end, columns);
  }
  if (symmetric) mirror(out, rows);
  return out;
}

/** In the order in which the numbers of the right factor lie. */
function multiplyPlainly(
  a: Strided,
  b: Strided,
  rows: number,
  inner: number,
  columns: number,
  out: Float64Array,
): void {
  if (b.columnStep < b.rowStep) {
    for (let row = 0; row < rows; row++) {
      for (let step = 0, left = a.at + row * a.rowStep; step < inner; step++, left += a.columnStep) {
        const factor = a.data[left]!;
        let right = b.at + step * b.rowStep;
        for (let to = row * columns; to < (row + 1) * columns; to++, right += b.columnStep) {
          out[to]! += factor * b.data[right]!;
        }
      }
    }
    return;
  }
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

/** Which rows (or columns, by the steps) of a factor are laid out, and which of their numbers. */
interface Span {
  readonly first: number;
  /** The row after the last that there is. */
  readonly end: number;
  readonly start: number;
  readonly depth: number;
}

/** Lays rows of a factor out as panels [depth, 4], with zeros where there are no more. */
function pack(
  { data, at }: Strided,
  across: number,
  along: number,
  { first, end, start, depth }: Span,
  panels: readonly Float64Array[],
): void {
  const whole = Math.min(panels.length, Math.floor((end - first) / width));
  const [second, third, fourth] = [across, 2 * across, 3 * across];
  for (let step = 0, to = 0; step < depth; step++, to += width) {
    let place = at + first * across + (start + step) * along;
    for (let index = 0; index < whole; index++, place += width * across) {
      const panel = panels[index]!;
      panel[to] = data[place]!;
      panel[to + 1] = data[place + second]!;
      panel[to + 2] = data[place + third]!;
      panel[to + 3] = data[place + fourth]!;
    }
  }
  const edge = panels[whole];
  if (edge === undefined) return;
  edge.fill(0);
  for (let row = first + whole * width; row < end; row++) {
    const from = at + row * across + start * along;
    for (let step = 0, to = row % width; step < depth; step++, to += width) edge[to] = data[from + step * along]!;
  }
}

/** Copies a strip of tiles to its rows. */
function copyTiles(
  tiles: readonly Float64Array[],
  out: Float64Array,
  first: number,
  end: number,
  columns: number,
): void {
  const across = Math.ceil(columns / width);
  for (let row = first; row < end; row++) {
    const line = Math.floor((row - first) / width) * across;
    const from = (row % width) * width;
    for (let column = 0; column < columns; column++) {
      out[row * columns + column] = tiles[line + Math.floor(column / width)]![from + (column % width)]!;
    }
  }
}

/** Copies the lower triangle onto the upper one. */
function mirror(out: Float64Array, size: number): void {
  for (let row = 0; row < size; row++) {
    for (let column = row + 1; column < size; column++) out[row * size + column] = out[column * size + row]!;
  }
}
