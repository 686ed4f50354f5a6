/** How a phase walks its rows: which elements are in one vector, and where they are in memory. Two ways implement it. */
import type { Value } from '../../fusion/values.ts';
import type { Code } from './assembler.ts';
import type { Numbers } from './numbers.ts';

/** The code of a row, or of four rows at once, as it grows; what it has computed already. */
export interface RowCode {
  readonly code: Code;
  readonly numbers: Numbers;
  /** Of each label's local, that of the byte in its row that it names. */
  readonly labels: Map<number, number>;
}

/** The elements of one vector. Each function leaves a vector on the stack, or takes a local and stores it. */
export interface Place {
  /** Of a full value in memory. */
  load(code: Code, value: Value): Code;
  store(code: Code, value: Value, from: number): Code;
  /** Of a value that an earlier stage has kept, or that this one keeps. */
  loadKept(code: Code, value: Value): Code;
  storeKept(code: Code, value: Value, from: number): Code;
  /** Of a number of each column in memory. */
  loadColumn(code: Code, value: Value): Code;
  /** A mask of the elements in the column that the row's label names. */
  columnMask(code: Code, label: number): Code;
}

/** A vector in a loop over columns. */
export interface LoopPlace extends Place {
  /** Which copy of an unrolled loop's body this is. */
  readonly slot: number;
  /** The local of a mask of the lanes to be counted; undefined where all are. */
  readonly counted: number | undefined;
  /** Adds a vector to float64 sums of columns in memory, or takes the larger of it and float32 maxima there. */
  addToColumns(code: Code, value: Value, from: number): Code;
}

/** One element of each row: that in the column which its label names. */
export interface PointPlace extends Place {
  /** The local of a mask: whether there is such a column. Where there is none, the first column stands in. */
  readonly valid: number;
}

/** A loop over the columns of a row. */
export interface ColumnLoop {
  /** Vectors that the body takes at once, where so many are left. */
  readonly unroll: number;
  body(places: readonly LoopPlace[]): Code;
  /** Code that begins sums, and that moves what they have so far to float64; undefined where there are none. */
  readonly sums: { readonly begin: Code; readonly move: Code } | undefined;
}

/** A way to walk the rows of a space. */
export interface Walk {
  /** Vectors of a number of each row in float64. */
  readonly width: 1 | 2;
  /** The whole of a row's vector, or of four rows', as float32: a load of a number of each row. */
  loadRow(code: Code, value: Value): Code;
  storeRow(code: Code, value: Value, from: number): Code;
  /** Makes a row of a full value 0. */
  clear(code: Code, value: Value): Code;
  /** The loop as code; what its bodies need of the row's numbers goes to the row's own. */
  loop(row: RowCode, loop: ColumnLoop): Code;
  point(row: RowCode, label: number): PointPlace;
  /** Leaves on the stack which rows have a column that the label names, as a mask. */
  inRange(row: RowCode, label: number): Code;
  /** The local of a mask of the lanes that are rows of their own; undefined where every lane is the same row. */
  readonly present: number | undefined;
  /** Wraps the code of a row into the loop over rows `first` to `end`, with all that must be known before. */
  rows(row: Code): Code;
}
