import { between, callback, mostResamples, readOptions, whole } from '../../options.ts';
import { deriveSeed, randomPermutation } from '../../random.ts';
import { quantile } from './quantile.ts';
import { allRows, finiteNumberFrom, type RowStatistic } from './rowStatistic.ts';

/** Options of `subsamplingInterval`. */
export interface SubsamplingOptions {
  /** The number of rows. */
  readonly rows: number;
  /** Rows of a subsample, below `rows`. Default half of them. */
  readonly size?: number;
  /** How many subsamples are drawn. Default 1000. */
  readonly resamples?: number;
  /** The probability that the interval holds, in (0, 1). Default 0.95. */
  readonly confidence?: number;
  /** Same seed, same subsamples. Default 0. */
  readonly seed?: number;
}

/** What `subsamplingInterval` returns. */
export interface SubsamplingInterval {
  /** The statistic of all rows. */
  readonly value: number;
  readonly lower: number;
  readonly upper: number;
  /** The standard deviation of the subsamples' statistics, brought to all rows. */
  readonly standardError: number;
  readonly confidence: number;
  /** Rows of a subsample. */
  readonly size: number;
  /** The statistic of each subsample. */
  readonly resamples: Float64Array;
}

/**
 * An interval of a statistic of *pairs* of rows, by parts of the rows drawn without replacement, seeded: for `cka`,
 * `representationalSimilarity`, neighbours and all else that relates samples with each other. A bootstrap draws rows twice,
 * which are then alike on both sides, and finds likeness in noise; here no row meets itself.
 *
 * Subsamples of m of n rows vary more than the whole: their deviations from their mean are multiplied by √(m/(n − m)), and lie
 * around the value as the value does around what it estimates. Right for statistics whose error falls as 1/√n; where
 * it falls faster, as that of a debiased CKA of unrelated sets does, the interval is too wide rather than too narrow. A statistic
 * whose mean depends on the number of rows (a biased CKA) has an interval around that of all rows. `jackknifeInterval` takes
 * fewer calls where the statistic is smooth.
 *
 * @param statistic Called with row numbers, all of them first, then those of each subsample, in rising order.
 * @throws RangeError for options out of range, or a statistic that is NaN or infinite.
 * @example
 * const interval = subsamplingInterval(
 *   (rows) => measure(cka({ debiased: true }), selectRows({ x, y }, rows)).value,
 *   { rows: 200, resamples: 200, seed: 1 },
 * );
 * @see Politis, Romano and Wolf, "Subsampling", 1999.
 */
export function subsamplingInterval(statistic: RowStatistic, options: SubsamplingOptions): SubsamplingInterval {
  const where = 'subsamplingInterval';
  const compute = finiteNumberFrom(where, callback<RowStatistic>()(where, 'statistic', statistic));
  const { rows } = readOptions(where, { rows: options?.rows }, { rows: whole(2, undefined, 2 ** 30) });
  const { size, resamples, confidence, seed } = readOptions(where, options, {
    rows: whole(2, undefined, 2 ** 30),
    size: whole(1, Math.floor(rows / 2), rows - 1),
    resamples: whole(2, 1000, mostResamples),
    confidence: between(0, 1, 0.95),
    seed: whole(0, 0),
  });
  const value = compute(allRows(rows));
  const found = Float64Array.from({ length: resamples }, (_, index) =>
    compute(randomPermutation(deriveSeed(seed, index), rows).slice(0, size).sort()),
  );
  const mean = found.reduce((sum, each) => sum + each, 0) / resamples;
  const scale = Math.sqrt(size / (rows - size));
  const deviations = found.map((each) => (each - mean) * scale).sort();
  const squares = deviations.reduce((sum, each) => sum + each * each, 0);
  return {
    value,
    lower: value - quantile(deviations, (1 + confidence) / 2),
    upper: value - quantile(deviations, (1 - confidence) / 2),
    standardError: Math.sqrt(squares / (resamples - 1)),
    confidence,
    size,
    resamples: found,
  };
}
