/** Lists of the largest numbers of rows, kept while the rows' numbers come in: on the host, without sorting a row. */

/** For each row its largest numbers, falling, and the places that they came from. */
export interface LargestInRows {
  /** [rows, count]; −1 where there is none yet. */
  readonly places: Float64Array;
  /** [rows, count]; −Infinity where there is none yet. */
  readonly values: Float64Array;
  readonly count: number;
}

/** Lists that hold nothing. */
export function emptyLists(rows: number, count: number): LargestInRows {
  return {
    places: new Float64Array(rows * count).fill(-1),
    values: new Float64Array(rows * count).fill(-Infinity),
    count,
  };
}

/** Offers a row's list a number. Of equal ones that which came first stays before the other. */
export function offer({ places, values, count }: LargestInRows, row: number, place: number, value: number): void {
  const start = row * count;
  let at = start + count - 1;
  if (!(value > values[at]!)) return;
  for (; at > start && values[at - 1]! < value; at--) {
    values[at] = values[at - 1]!;
    places[at] = places[at - 1]!;
  }
  values[at] = value;
  places[at] = place;
}

/** Where a tile lies. */
export interface TilePlace {
  /** The place of its first column. */
  readonly column: number;
  /** The list that its first row is offered to. */
  readonly list: number;
  /** The place of the first row itself, where no row is to be offered its own. */
  readonly own?: number;
}

/** Offers lists a tile [rows, columns], a row each. */
export function offerTile(lists: LargestInRows, tile: ArrayLike<number>, columns: number, at: TilePlace): void {
  const { values, count } = lists;
  const rows = columns === 0 ? 0 : tile.length / columns;
  for (let row = 0; row < rows; row++) {
    const last = (at.list + row) * count + count - 1;
    const start = row * columns;
    const skipped = at.own === undefined ? -1 : at.own + row - at.column;
    for (let column = 0; column < columns; column++) {
      const value = tile[start + column]!;
      if (value > values[last]! && column !== skipped) offer(lists, at.list + row, at.column + column, value);
    }
  }
}
