import { centredRoot } from '../../ops/centredRoot.ts';
import { studentTCritical } from '../../ops/studentTCritical.ts';
import { between, callback, readOptions, whole } from '../../options.ts';
import { randomPermutation } from '../../random.ts';
import { allRows, finiteNumberFrom, type RowStatistic } from './rowStatistic.ts';

/** Options of `jackknifeInterval`. */
export interface JackknifeOptions {
  /** The number of rows. */
  readonly rows: number;
  /** Groups of rows that are left out in turn, at most as many as rows. Default a row each, up to 200 groups. */
  readonly groups?: number;
  /** The probability that the interval holds, in (0, 1 − 1e-9). Default 0.95. */
  readonly confidence?: number;
  /** Of which rows are in which group, where groups hold several. Default 0. */
  readonly seed?: number;
}

/** What `jackknifeInterval` returns. */
export interface JackknifeInterval {
  /** The statistic of all rows. */
  readonly value: number;
  readonly lower: number;
  readonly upper: number;
  readonly standardError: number;
  /** How much of the value comes from the number of rows being finite: (groups − 1)·(mean without a group − value). */
  readonly bias: number;
  readonly confidence: number;
  /** The statistic without each group: the one farthest off names the rows that matter most. */
  readonly without: Float64Array;
}

/**
 * An interval of a smooth statistic, of rows or of *pairs* of rows, by leaving out a row, or a group of rows, in turn. No
 * row occurs twice, so it serves `cka` and the like, for which a bootstrap is wrong; it takes as many calls as groups and
 * no chance but which rows are grouped.
 *
 * The standard error is √((g − 1)/g·Σ (θ₍ᵢ₎ − θ̄)²), the interval ±t on g − 1 degrees of freedom around the value. Not for what
 * jumps: medians, neighbours, ranks of few rows (`subsamplingInterval` for those). Of unrelated sets it is too wide rather
 * than too narrow.
 *
 * @param statistic Called with row numbers in rising order, all of them first.
 * @throws RangeError for options out of range, or a statistic that is NaN or infinite.
 * @example
 * const { lower, upper } = jackknifeInterval(
 *   (rows) => measure(cka({ debiased: true }), selectRows({ x, y }, rows)).value,
 *   { rows: 1000, groups: 50 },
 * );
 * @see Efron and Tibshirani, "An introduction to the bootstrap", 1993, chapter 11; Shao and Wu, "A general theory for jackknife
 * variance estimation", 1989, for groups.
 */
export function jackknifeInterval(statistic: RowStatistic, options: JackknifeOptions): JackknifeInterval {
  const where = 'jackknifeInterval';
  const compute = finiteNumberFrom(where, callback<RowStatistic>()(where, 'statistic', statistic));
  const { rows } = readOptions(where, { rows: options?.rows }, { rows: whole(3, undefined, 2 ** 30) });
  const { groups, confidence, seed } = readOptions(where, options, {
    rows: whole(3, undefined, 2 ** 30),
    groups: whole(2, Math.min(rows, 200), rows),
    confidence: between(0, 1 - 1e-9, 0.95),
    seed: whole(0, 0),
  });
  const value = compute(allRows(rows));
  const without = leftOut(compute, rows, groups, seed);
  const { mean, root } = centredRoot(without);
  const standardError = Math.sqrt((groups - 1) / groups) * root;
  const reach = studentTCritical(confidence, groups - 1) * standardError;
  return {
    value,
    lower: value - reach,
    upper: value + reach,
    standardError,
    bias: (groups - 1) * (mean - value),
    confidence,
    without,
  };
}

/** The statistic without each of so many groups, whose sizes differ by one row at most. */
export function leftOut(compute: RowStatistic, rows: number, groups: number, seed: number): Float64Array {
  const order = groups === rows ? allRows(rows) : randomPermutation(seed, rows);
  const groupOf = new Int32Array(rows);
  order.forEach((row, place) => {
    groupOf[row] = Math.floor((place * groups) / rows);
  });
  const all = allRows(rows);
  return Float64Array.from({ length: groups }, (_, group) => compute(all.filter((row) => groupOf[row] !== group)));
}
