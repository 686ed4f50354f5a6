/** Statistics of numbered rows: how they are called, and what they must return. */
import { checkFunction, rangeError } from '../../check.ts';

/** A number computed from the rows of these numbers; a row may occur several times. */
export type RowStatistic = (rows: Int32Array) => number;

/** The numbers of all rows. */
export function allRows(rows: number): Int32Array {
  return Int32Array.from({ length: rows }, (_, index) => index);
}

/** The statistic, which may not be NaN. */
export function numberFrom(where: string, statistic: RowStatistic): RowStatistic {
  checkFunction(where, 'statistic', statistic);
  return (rows) => {
    const value = statistic(rows);
    if (typeof value !== 'number' || Number.isNaN(value)) throw rangeError(where, 'statistic', 'a number', value);
    return value;
  };
}
