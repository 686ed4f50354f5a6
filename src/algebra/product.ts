/**
 * The product of two matrices in float64, blocked: a tile of 4 × 4 sums stays in registers, and reads eight numbers for its
 * 32 operations, from panels that were laid out for it.
 */
import type { TypedArray } from '../tensor.ts';
import { multiplyTiles as multiplyHostTiles } from './hostTile.ts';
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
const together = 8;
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
  const multiplyTiles = room?.loops.multiplyTiles ?? multiplyHostTiles;
  const [panelsA, panelsB] = [array(together * deepest * width), array(across * deepest * width)];
  const tiles = array(across * down * width ** 2);
  for (let first = 0; first < rows; first += rowsOfStrip) {
    const end = Math.min(rows, first + rowsOfStrip);
    const needed = symmetric ? Math.ceil(end / width) : across;
    tiles.fill(0);
    for (let start = 0; start < inner; start += depthOfBlock) {
      const depth = Math.min(depthOfBlock, inner - start);
      const size = depth * width;
      for (let panel = 0; panel < needed; panel += together) {
        const panels = panelsB.subarray(panel * size, Math.min(needed, panel + together) * size);
        pack(b, b.columnStep, b.rowStep, { first: panel * width, end: columns, start, depth }, panels);
      }
      for (let group = first; group < end; group += together * width) {
        pack(a, a.rowStep, a.columnStep, { first: group, end, start, depth }, panelsA.subarray(0, together * size));
        for (let row = group, at = 0; row < Math.min(end, group + together * width); row += width, at += size) {
          const count = symmetric ? row / width + 1 : across;
          const line = tiles.subarray(((row - first) / width) * across * width ** 2);
          multiplyTiles(panelsA.subarray(at, at + size), panelsB, depth, count, line);
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

/** Lays rows of a factor out as panels [depth, 4], one behind the other, with zeros where there are no more. */
function pack(
  { data, at }: Strided,
  across: number,
  along: number,
  { first, end, start, depth }: Span,
  panels: Float64Array,
): void {
  const size = depth * width;
  const whole = Math.min(Math.floor(panels.length / size), Math.floor((end - first) / width));
  const [second, third, fourth] = [across, 2 * across, 3 * across];
  for (let step = 0; step < depth; step++) {
    let place = at + first * across + (start + step) * along;
    for (let index = 0, to = step * width; index < whole; index++, place += width * across, to += size) {
      panels[to] = data[place]!;
      panels[to + 1] = data[place + second]!;
      panels[to + 2] = data[place + third]!;
      panels[to + 3] = data[place + fourth]!;
    }
  }
  const edge = panels.subarray(whole * size, (whole + 1) * size);
  if (edge.length < size) return;
  edge.fill(0);
  for (let row = first + whole * width; row < end; row++) {
    const from = at + row * across + start * along;
    for (let step = 0, to = row % width; step < depth; step++, to += width) edge[to] = data[from + step * along]!;
  }
}

/** Copies a strip of tiles to its rows. */
function copyTiles(tiles: Float64Array, out: Float64Array, first: number, end: number, columns: number): void {
  const tile = width ** 2;
  const line = Math.ceil(columns / width) * tile;
  for (let row = first; row < end; row++) {
    let from = Math.floor((row - first) / width) * line + (row % width) * width;
    const last = (row + 1) * columns;
    for (let to = row * columns; to < last; from += tile) {
      for (let lane = from; lane < from + width && to < last; lane++, to++) out[to] = tiles[lane]!;
    }
  }
}

/** Copies the lower triangle onto the upper one. */
function mirror(out: Float64Array, size: number): void {
  for (let row = 0; row < size; row++) {
    for (let column = row + 1; column < size; column++) out[row * size + column] = out[column * size + row]!;
  }
}
