/** Rows of a column-major tensor: they lie apart in the file, a piece of each column. */
import type { Place } from './fault.ts';
import { type Bytes, roomFor } from './source.ts';

/** What is read at a time, so that each column's piece is long, and that a deflated member is passed seldom. */
const blockBytes = 2 ** 25;

/** Where a column-major tensor lies. */
interface ColumnMajor {
  readonly bytes: Bytes;
  readonly start: number;
  readonly elementSize: number;
  readonly shape: readonly number[];
}

/** A run of rows as read, column after column. */
interface Block {
  readonly first: number;
  readonly rows: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, extent) => size * extent, 1);
}

/** Reads rows [from, to) as row-major bytes; the block that holds them is kept for the next call. */
export function columnMajorRows({
  bytes,
  start,
  elementSize,
  shape,
}: ColumnMajor): (place: Place, from: number, to: number) => Promise<Uint8Array<ArrayBuffer>> {
  const [rows = 1, ...axes] = shape;
  const columns = sizeOf(axes);
  const rowsOfBlock = Math.max(1, Math.floor(blockBytes / (columns * elementSize)));
  let targets: Float64Array | undefined;
  let kept: Block = { first: 0, rows: 0, bytes: new Uint8Array(0) };

  const readBlock = async (place: Place, first: number, to: number): Promise<Block> => {
    const count = Math.min(rows, Math.max(to, first + rowsOfBlock)) - first;
    const whole = count === rows;
    const [length, pieces] = whole ? [rows * columns, 1] : [count, columns];
    const read = await bytes.read(
      place,
      start + first * elementSize,
      length * elementSize,
      pieces,
      (whole ? length : rows) * elementSize,
    );
    return { first, rows: count, bytes: read };
  };

  return async (place, from, to) => {
    let block = kept;
    if (from < block.first || to > block.first + block.rows) {
      kept = { first: 0, rows: 0, bytes: new Uint8Array(0) };
      block = await readBlock(place, from, to);
      // A block as long as what was asked for has nothing for a later call.
      if (block.rows > to - from) kept = block;
    }
    // Made when the columns have been read, not when a header announces them.
    targets ??= Float64Array.from({ length: columns }, (_, index) => lastAxisFastest(index, axes));
    return rowMajor(place, block, from - block.first, to - from, targets, elementSize);
  };
}

/** An index that counts the first of the axes fastest, as one that counts the last fastest. */
export function lastAxisFastest(index: number, axes: readonly number[]): number {
  let stride = sizeOf(axes);
  let turned = 0;
  let rest = index;
  for (const extent of axes) {
    stride /= extent;
    turned += (rest % extent) * stride;
    rest = Math.floor(rest / extent);
  }
  return turned;
}

/** So few rows at a time that what is written stays in the cache from one column to the next. */
const tile = 64;

/** Rows of a block as row-major bytes; `targets` has the column of each column in the file. */
function rowMajor(
  place: Place,
  block: Block,
  skip: number,
  rows: number,
  targets: Float64Array,
  elementSize: number,
): Uint8Array<ArrayBuffer> {
  const columns = targets.length;
  const out = roomFor(place, 0, rows * columns * elementSize);
  // Elements of 8 bytes go as two words: as numbers, the bits of a NaN might change on the way.
  const Words = elementSize === 1 ? Uint8Array : elementSize === 2 ? Uint16Array : Uint32Array;
  const words = elementSize === 8 ? 2 : 1;
  const source = new Words(block.bytes.buffer);
  const target = new Words(out.buffer);
  const step = columns * words;
  for (let top = 0; top < rows; top += tile) {
    const height = Math.min(tile, rows - top);
    for (let column = 0; column < columns; column++) {
      let write = (top * columns + targets[column]!) * words;
      const read = (column * block.rows + skip + top) * words;
      if (words === 1) {
        for (let row = read; row < read + height; row++, write += step) target[write] = source[row]!;
      } else {
        for (let row = read; row < read + 2 * height; row += 2, write += step) {
          target[write] = source[row]!;
          target[write + 1] = source[row + 1]!;
        }
      }
    }
  }
  return out;
}
