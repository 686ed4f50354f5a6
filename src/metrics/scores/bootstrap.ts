import { checkNotEmpty, checkRecord, kindError, rangeError, shapeError } from '../../check.ts';
import { type HostTensor, type TensorLike, toHostTensor } from '../../tensor.ts';
import { type BootstrapAlternative, type BootstrapMethod, groupsLeftOut } from './bootstrapBounds.ts';
import { leftOut } from './jackknife.ts';
import { type BootstrapOptions, checkBootstrap, resampledRows, signPValue, spread } from './resampling.ts';
import { allRows, numberFrom, type RowStatistic } from './rowStatistic.ts';

/** What `bootstrapInterval` returns. */
export interface BootstrapInterval {
  /** The statistic of the rows as they are. */
  readonly value: number;
  /** −Infinity where the upper bound alone was asked for. */
  readonly lower: number;
  /** Infinity where the lower bound alone was asked for. */
  readonly upper: number;
  /** The standard deviation of the resamples' statistics; Infinity where one of them is infinite. */
  readonly standardError: number;
  readonly confidence: number;
  readonly method: BootstrapMethod;
  readonly alternative: BootstrapAlternative;
  /** The statistic of each resample: a histogram of them shows the spread. */
  readonly resamples: Float64Array;
}

/** What `pairedBootstrapDifference` returns. */
export interface BootstrapDifference extends BootstrapInterval {
  /**
   * Twice the smaller share of resamples on one side of 0, at most 1; with `alternative` `'greater'` or `'less'` the share on
   * the other side. The sample itself counts as one resample.
   */
  readonly pValue: number;
}

/**
 * A bootstrap interval of a statistic of rows, seeded: for what each row adds to by itself, an accuracy or a loss. By
 * percentiles, basic, or bias-corrected and accelerated (BCa), with two bounds or one.
 *
 * **Not for what relates rows with each other** (`cka`, `representationalSimilarity`, neighbours): a row that is drawn twice is
 * alike on both sides, and the interval finds likeness in noise: around .65 for unrelated sets whose debiased CKA is 0.
 * `subsamplingInterval` and `jackknifeInterval` serve those.
 *
 * **A statistic that noise raises** has resamples above its value, since they hold the noise twice: the percentile interval of a
 * calibration error of a calibrated model lies above the error itself. It says where such errors lie, not where the true
 * one does: the mean of the resamples is about as far above the value as the value is above the truth. Here too
 * `subsamplingInterval` gives one around the value; `'basic'` puts the resamples' excess below the value.
 *
 * @param statistic Called with row numbers, first 0 … rows − 1, then each resample, and for `'bca'` all but some; must
 * return a number.
 * @throws RangeError for options out of range, or a statistic that is NaN.
 * @example
 * const interval = bootstrapInterval(
 *   (chosen) => measure(calibrationError(), selectRows({ logits, labels }, chosen)).value,
 *   { rows: 100, resamples: 200, seed: 1 },
 * );
 * @see Efron, Tibshirani: An introduction to the bootstrap (1993), chapters 13 and 14
 */
export function bootstrapInterval(statistic: RowStatistic, options: BootstrapOptions): BootstrapInterval {
  if (typeof statistic !== 'function') throw kindError('bootstrapInterval', 'statistic', 'a function', statistic);
  const checked = checkBootstrap('bootstrapInterval', options);
  const compute = numberFrom('bootstrapInterval', statistic);
  return intervalOf(compute, checked);
}

/** The statistic of all rows, then of each resample. */
function intervalOf(compute: RowStatistic, checked: Required<BootstrapOptions>): BootstrapInterval {
  const value = compute(allRows(checked.rows));
  const resamples = Float64Array.from({ length: checked.resamples }, (_, index) =>
    compute(resampledRows(checked, index)),
  );
  const without = leftOut(compute, checked.rows, groupsLeftOut(checked, checked.rows), checked.seed);
  return { value, ...spread(resamples, value, checked, without), resamples };
}

/**
 * A bootstrap interval of the difference first − second of two models on the same rows: each resample draws one
 * set of rows for both, so that what is hard for both cancels.
 *
 * @throws RangeError for options out of range, or a statistic that is NaN.
 * @example
 * const difference = pairedBootstrapDifference(
 *   (rows) => measure(accuracy(), selectRows({ logits: distilledLogits, labels }, rows)).value,
 *   (rows) => measure(accuracy(), selectRows({ logits: independentLogits, labels }, rows)).value,
 *   { rows: 1000, seed: 1 },
 * );
 * const distilledIsBetter = difference.lower > 0;
 * @see Efron, Tibshirani: An introduction to the bootstrap (1993), chapters 13 and 16
 */
export function pairedBootstrapDifference(
  first: RowStatistic,
  second: RowStatistic,
  options: BootstrapOptions,
): BootstrapDifference {
  const checked = checkBootstrap('pairedBootstrapDifference', options);
  const [computeFirst, computeSecond] = [first, second].map((statistic) =>
    numberFrom('pairedBootstrapDifference', statistic),
  );
  const difference = numberFrom(
    'pairedBootstrapDifference',
    (rows) => computeFirst!(rows) - computeSecond!(rows),
    'difference',
  );
  const interval = intervalOf(difference, checked);
  return { ...interval, pValue: signPValue(interval.resamples, checked.alternative) };
}

/**
 * A batch of the rows with these numbers, in this order: for statistics of a bootstrap.
 *
 * @param batch Host arrays by name; the first axis of each is the row.
 * @param rows Row numbers; a row may occur several times.
 * @throws RangeError for a row number out of range; TypeError for arrays with different numbers of rows.
 * @example
 * const { value } = measure(accuracy(), selectRows({ logits, labels }, [0, 0, 2]));
 */
export function selectRows<Name extends string>(
  batch: Readonly<Record<Name, TensorLike>>,
  rows: ArrayLike<number>,
): Record<Name, HostTensor> {
  checkRecord('selectRows', 'batch', batch, 'a record of host arrays');
  if (!Array.isArray(rows) && !isTypedList(rows)) throw kindError('selectRows', 'rows', 'a list of rows', rows);
  let count: number | undefined;
  const selected: Partial<Record<Name, HostTensor>> = {};
  for (const name of Object.keys(batch) as Name[]) {
    const { data, shape } = toHostTensor(batch[name], 'selectRows', name);
    if (shape.length === 0) throw shapeError('selectRows', name, 'of shape [rows, ...]', shape);
    checkNotEmpty('selectRows', name, shape);
    count ??= shape[0]!;
    if (shape[0] !== count) throw shapeError('selectRows', name, `of ${count} rows as the others`, shape);
    const size = data.length / count;
    const chosen = new (data.constructor as new (length: number) => typeof data)(rows.length * size);
    for (let index = 0; index < rows.length; index++) {
      const row = rows[index]!;
      if (!(Number.isInteger(row) && row >= 0 && row < count)) {
        throw rangeError('selectRows', 'rows', `whole numbers in [0, ${count})`, row);
      }
      for (let column = 0; column < size; column++) chosen[index * size + column] = data[row * size + column]!;
    }
    selected[name] = { data: chosen, shape: [rows.length, ...shape.slice(1)] };
  }
  return selected as Record<Name, HostTensor>;
}

/** Whether a value is a typed array: a view with a length, which a `DataView` has not. */
function isTypedList(value: unknown): boolean {
  return ArrayBuffer.isView(value) && 'length' in value;
}
