/** What all correlations of two series share: options, result, interval and test, and the series themselves. */
import { checkAllFinite, checkNoNaN, checkNotEmpty, checkSameShape } from '../../check.ts';
import { normalCritical } from '../../ops/normalTail.ts';
import { studentTTail } from '../../ops/studentTTail.ts';
import { type OptionReader, within } from '../../options.ts';
import { type RowMetricOptions, rowMask } from '../../rowMetric.ts';
import { type TensorLike, toHostTensor } from '../../tensor.ts';

/** Options of every correlation. */
export interface CorrelationOptions extends RowMetricOptions {
  /** The probability that the interval holds. Default 0.95. */
  readonly level?: number;
}

/** An interval of a correlation. */
export interface CorrelationInterval {
  readonly low: number;
  readonly high: number;
  readonly level: number;
}

/** What every correlation returns. */
export interface CorrelationResult {
  /** In [−1, 1]; 0 where the status is not `'ok'`. */
  readonly value: number;
  /** `'constant'` where all of x, or all of y, are equal: the correlation is not defined. */
  readonly status: 'ok' | 'constant';
  /** Rows, or the sum of their weights. */
  readonly count: number;
  /** Of the correlation, on Fisher's scale; null for fewer than 4 rows (5 for Kendall's), and where it is not defined. */
  readonly interval: CorrelationInterval | null;
  /** Two-sided, of no correlation; null for fewer than 3 rows, and where it is not defined. */
  readonly pValue: number | null;
}

/** Readers of these options. */
export function correlationReaders(): {
  readonly level: OptionReader<number>;
  readonly ignoreIndex: OptionReader<number | null>;
} {
  return { level: within(0, 1 - 1e-9, 0.95), ...rowMask() };
}

/** The result of two series of which one is constant. */
export function constantResult(count: number): CorrelationResult {
  return { value: 0, status: 'constant', count, interval: null, pValue: null };
}

/**
 * The interval around a correlation on Fisher's scale, artanh r, where its error hardly depends on it.
 *
 * @param variance Of artanh r; that of Pearson's correlation, 1/(n − 3), when left out.
 */
export function fisherInterval(value: number, level: number, variance: number): CorrelationInterval | null {
  if (!(variance > 0 && variance < Infinity)) return null;
  const reach = normalCritical(level) * Math.sqrt(variance);
  const centre = Math.atanh(value);
  return { low: Math.tanh(centre - reach), high: Math.tanh(centre + reach), level };
}

/** The two-sided p-value of no correlation, by r·√((n − 2)/(1 − r²)), Student's t on n − 2 degrees of freedom. */
export function tTest(value: number, count: number): number | null {
  if (!(count > 2)) return null;
  const rest = (1 - value) * (1 + value);
  return 2 * studentTTail(Math.abs(value) * Math.sqrt((count - 2) / rest), count - 2);
}

/** Two series on the host. */
export interface Series {
  readonly x: Float64Array;
  readonly y: Float64Array;
}

/** Reads two series of one shape; refuses NaN and, where asked, infinities. */
export function seriesOf(where: string, x: TensorLike, y: TensorLike, mayBeInfinite: boolean): Series {
  const [first, second] = [toHostTensor(x, where, 'x'), toHostTensor(y, where, 'y')];
  checkNotEmpty(where, 'x', first.shape);
  checkSameShape(where, 'y', second.shape, 'x', first.shape);
  const check = mayBeInfinite ? checkNoNaN : checkAllFinite;
  check(where, 'x', first.data);
  check(where, 'y', second.data);
  return { x: Float64Array.from(first.data), y: Float64Array.from(second.data) };
}
