/** Columns of numbers that grow with the rows: how many there will be is not always known. */

type Numbers = Float64Array | Int32Array;

/** A column. */
export interface Growing<Data extends Numbers> {
  /** An array with room for so many rows in all; what was written before is kept. */
  room(rows: number): Data;
  /** The first rows. */
  taken(rows: number): Data;
}

/** A column that doubles where its room ends. */
export function growing<Data extends Numbers>(make: new (length: number) => Data): Growing<Data> {
  let data = new make(1024);
  return {
    room(rows) {
      if (rows > data.length) {
        const larger = new make(Math.max(rows, Math.ceil(1.5 * data.length)));
        larger.set(data);
        data = larger;
      }
      return data;
    },
    taken: (rows) => data.subarray(0, rows) as Data,
  };
}
