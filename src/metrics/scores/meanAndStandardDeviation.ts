import { checkAllFinite, checkNotEmpty } from '../../check.ts';
import { centredRoot } from '../../ops/centredRoot.ts';
import { readOptions, whole } from '../../options.ts';
import { type TensorLike, toHostTensor } from '../../tensor.ts';

/** What `meanAndStandardDeviation` returns. */
export interface MeanAndStandardDeviation {
  /** The mean. The same as `mean`. */
  readonly value: number;
  readonly mean: number;
  /** √(Σ (x − mean)²/(n − ddof)); null where n ≤ ddof: one trial has no spread. */
  readonly standardDeviation: number | null;
  /** standardDeviation/√n, the standard error of the mean; null where that is. */
  readonly standardError: number | null;
  readonly count: number;
  readonly ddof: number;
}

/**
 * Mean and standard deviation over trials (seeds), of numbers of any size.
 *
 * @param values One number a trial.
 * @param options `ddof`: what is taken off the count in the divisor; default 1, the estimate of a population's spread from
 * a sample. 0 is the spread of the values themselves (NumPy's default): state which one a table shows.
 * @throws RangeError for no value, or one that is not finite.
 * @example
 * const { mean, standardDeviation } = meanAndStandardDeviation([0.97, 0.98, 0.99]); // 0.98 and 0.01
 */
export function meanAndStandardDeviation(
  values: TensorLike,
  options: { readonly ddof?: number } = {},
): MeanAndStandardDeviation {
  const { ddof } = readOptions('meanAndStandardDeviation', options, { ddof: whole(0, 1) });
  const { data, shape } = toHostTensor(values, 'meanAndStandardDeviation', 'values');
  checkNotEmpty('meanAndStandardDeviation', 'values', shape);
  checkAllFinite('meanAndStandardDeviation', 'values', data);
  const numbers = Float64Array.from(data);
  const count = numbers.length;
  const { mean, root } = centredRoot(numbers);
  // All values equal: their mean may be off by a rounding, their spread is exactly 0.
  const constant = numbers.every((value) => value === numbers[0]);
  const standardDeviation = count <= ddof ? null : constant ? 0 : root / Math.sqrt(count - ddof);
  return {
    value: constant ? numbers[0]! : mean,
    mean: constant ? numbers[0]! : mean,
    standardDeviation,
    standardError: standardDeviation === null ? null : standardDeviation / Math.sqrt(count),
    count,
    ddof,
  };
}
