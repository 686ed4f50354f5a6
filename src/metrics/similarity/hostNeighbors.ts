/** Nearest neighbours in float64 on the host: tiles of the table of all samples, in memory that grows with their number alone. */
import { product, strided } from '../../algebra/product.ts';
import { roomFor } from '../../algebra/room.ts';
import { emptyLists, type LargestInRows, offer, offerTile } from '../../ops/largestInRows.ts';

/** Extents of a tile: 8 MB. */
const [tileRows, tileColumns] = [512, 2048];

/** Samples [n, width], row-major. */
export interface Samples {
  readonly data: Float64Array;
  readonly width: number;
}

const sizeOf = ({ data, width }: Samples): number => data.length / width;

/** Dot products, or −‖xᵢ − xⱼ‖², of some rows of a with some of b, row-major. */
type Tile = (row: number, rows: number, column: number, columns: number) => Float64Array;

function tilesOf(a: Samples, b: Samples, distances: boolean): Tile {
  const { width } = a;
  const squares = distances ? [squaresOf(a), a === b ? squaresOf(a) : squaresOf(b)] : undefined;
  return (row, rows, column, columns) => {
    const left = strided(a.data, width, false, row * width);
    const right = strided(b.data, width, true, column * width);
    const tile = product(left, right, rows, width, columns, false, roomFor);
    if (squares === undefined) return tile;
    for (let at = 0, i = row; i < row + rows; i++) {
      for (let j = column; j < column + columns; j++, at++)
        tile[at] = 2 * tile[at]! - squares[0]![i]! - squares[1]![j]!;
    }
    return tile;
  };
}

function squaresOf({ data, width }: Samples): Float64Array {
  const squares = new Float64Array(data.length / width);
  for (let row = 0, at = 0; row < squares.length; row++) {
    for (let column = 0; column < width; column++, at++) squares[row]! += data[at]! ** 2;
  }
  return squares;
}

/** Starts and sizes of parts of `from` … `to` − 1. */
function partsOf(from: number, to: number, size: number): readonly (readonly [start: number, size: number])[] {
  return Array.from({ length: Math.ceil((to - from) / size) }, (_, part) => {
    const start = from + part * size;
    return [start, Math.min(size, to - start)] as const;
  });
}

/** The nearest others of each sample; of equally near ones the first comes first. Each pair is looked at once, for both. */
export function nearestAmong(samples: Samples, count: number, distances: boolean): LargestInRows {
  const size = sizeOf(samples);
  const lists = emptyLists(size, count);
  const tileAt = tilesOf(samples, samples, distances);
  for (const [row, rows] of partsOf(0, size, tileRows)) {
    // Places before this row were offered with the tiles above, in rising order.
    for (const [column, columns] of partsOf(row, size, tileColumns)) {
      const tile = tileAt(row, rows, column, columns);
      offerTile(lists, tile, columns, { column, list: row, own: row });
      offerColumns(lists, tile, rows, columns, row, column, Math.max(0, row + rows - column));
    }
  }
  return lists;
}

/** Offers the lists of a tile's columns, from one of them on, its rows as places. */
function offerColumns(
  lists: LargestInRows,
  tile: Float64Array,
  rows: number,
  columns: number,
  firstPlace: number,
  firstList: number,
  from: number,
): void {
  const { values, count } = lists;
  for (let row = 0; row < rows; row++) {
    for (let column = from; column < columns; column++) {
      const value = tile[row * columns + column]!;
      const list = firstList + column;
      if (value > values[list * count + count - 1]!) offer(lists, list, firstPlace + row, value);
    }
  }
}

/** The lists of two parts of the samples as one: each part's samples find neighbours in the other part as well. */
export function mergedNeighbors(
  a: Samples,
  ofA: LargestInRows,
  b: Samples,
  ofB: LargestInRows,
  distances: boolean,
): LargestInRows {
  const [first, second] = [sizeOf(a), sizeOf(b)];
  const { count } = ofA;
  const merged = emptyLists(first + second, count);
  merged.places.set(ofA.places);
  merged.values.set(ofA.values);
  const tileAt = tilesOf(a, b, distances);
  for (const [row, rows] of partsOf(0, first, tileRows)) {
    for (const [column, columns] of partsOf(0, second, tileColumns)) {
      const tile = tileAt(row, rows, column, columns);
      offerTile(merged, tile, columns, { column: first + column, list: row });
      offerColumns(merged, tile, rows, columns, row, first + column, 0);
    }
  }
  // Places in the second part come after all of the first.
  ofB.places.forEach((place, index) => {
    offer(merged, first + Math.floor(index / count), first + place, ofB.values[index]!);
  });
  return merged;
}
