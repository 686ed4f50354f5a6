/** A file of rows, whatever its format: named columns of numbers, read forward some rows at a time. */
import type { HostTensor } from 'dark-knowledge';

/** A column. */
export interface FileColumn {
  /** Of one row: [] for a single value, [classes] for scores. */
  readonly shape: readonly number[];
  /** Where its kind is not read: words and dates of NumPy. */
  readonly unreadable?: true;
}

/** Values of some rows: numbers, or words and numbers where a column holds words. */
export type ColumnValues = HostTensor | readonly (number | string)[];

/** Some rows. */
export interface RowBatch {
  readonly rows: number;
  readonly columns: Readonly<Record<string, ColumnValues>>;
}

/** A walk over the rows of some columns. */
export interface RowWalk {
  /** At most so many of the next rows; none at the end. */
  next(most: number): Promise<RowBatch>;
}

/** An opened file. */
export interface RowFile {
  readonly name: string;
  readonly columns: Readonly<Record<string, FileColumn>>;
  /** Undefined where only reading to the end tells. */
  readonly rows: number | undefined;
  /** Rows of a column, where columns may differ in them. */
  rowsOf(column: string): number | undefined;
  walk(columns: readonly string[]): RowWalk;
  close(): Promise<void>;
}

/** Whether a column came as numbers. */
export function isNumbers(values: ColumnValues): values is HostTensor {
  return 'shape' in values;
}
