/** Rows of a column-major tensor: they lie apart in the file, a piece of each column. */
import type { Place } from './fault.ts';
import type { Bytes } from './source.ts';

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

/** Reads rows [from, to) as row-major bytes; the block that holds them is kept for the next call. */
export function columnMajorRows({
  bytes,
  start,
  elementSize,
  shape,
}: ColumnMajor): (place: Place, from: number, to: number) => Promise<Uint8Array<ArrayBuffer>> {
  const rows = shape[0]!;
  const columns = shape.slice(1).reduce((count, extent) => count * extent, 1);
  const rowsOfBlock = Math.max(1, Math.floor(blockBytes / (columns * elementSize)));
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
    return rowMajor(block, from - block.first, to - from, columns, elementSize, shape.slice(1));
  };
}

/** An index that counts the first of the axes fastest, as one that counts the last fastest. */
export function lastAxisFastest(index: number, axes: readonly number[]): number {
  let stride = axes.reduce((size, extent) => size * extent, 1);
  let turned = 0;
  let rest = index;
  for (const extent of axes) {
    stride /= extent;
    turned += (rest % extent) * stride;
    rest = Math.floor(rest / extent);
  }
  return turned;
}

/** As many columns as write one cache line of a row. */
const tile = 16;

function rowMajor(
  block: Block,
  skip: number,
  rows: number,
  columns: number,
  elementSize: number,
  axes: readonly number[],
): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(rows * columns * elementSize);
  // Elements of 8 bytes go as two words: as numbers, the bits of a NaN might change on the way.
  const Words = elementSize === 1 ? Uint8Array : elementSize === 2 ? Uint16Array : Uint32Array;
  const words = elementSize === 8 ? 2 : 1;
  const source = new Words(block.bytes.buffer);
  const target = new Words(out.buffer);
  for (let first = 0; first < columns; first += tile) {
    const size = Math.min(tile, columns - first);
    const from: number[] = [];
    const to: number[] = [];
    for (let index = first; index < first + size; index++) {
      from.push((index * block.rows + skip) * words);
      to.push(lastAxisFastest(index, axes) * words);
    }
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < size; column++) {
        const read = from[column]! + row * words;
        const write = to[column]! + row * columns * words;
        target[write] = source[read]!;
        if (words === 2) target[write + 1] = source[read + 1]!;
      }
    }
  }
  return out;
}
