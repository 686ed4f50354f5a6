/** Statistics of numbered rows: how they are called, and what they must return. */
import { checkFunction, rangeError } from '../../check.ts';

/** A number computed from the rows of these numbers; a row may occur several times. */
export type RowStatistic = (rows: Int32Array) => number;

/** The numbers of all rows. */
export function allRows(rows: number): Int32Array {
  return Int32Array.from({ length: rows }, (_, index) => index);
}

/** The statistic, which may not be NaN; `argument` is what errors call it. */
export function numberFrom(where: string, statistic: RowStatistic, argument = 'statistic'): RowStatistic {
  checkFunction(where, argument, statistic);
  return (rows) => {
    const value = statistic(rows);
    if (typeof value !== 'number' || Number.isNaN(value)) throw rangeError(where, argument, 'a number', value);
    return value;
  };
}

/** The same of a statistic that may not be infinite either: what lies around its mean could not be told. */
export function finiteNumberFrom(where: string, statistic: RowStatistic): RowStatistic {
  const compute = numberFrom(where, statistic);
  return (rows) => {
    const value = compute(rows);
    if (!Number.isFinite(value)) throw rangeError(where, 'statistic', 'finite', value);
    return value;
  };
}
