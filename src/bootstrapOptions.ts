/** What both bootstraps of metrics have in common, on the host and on devices: options, the number, its interval. */
import { rangeError } from './check.ts';
import type { AnyMetric } from './metric.ts';
import type { HostStatistics } from './metricState.ts';
import type { BootstrapDifference, BootstrapInterval } from './metrics/scores/bootstrap.ts';
import { type BootstrapBoundsOptions, boundsReaders, type CheckedBounds } from './metrics/scores/bootstrapBounds.ts';
import { signPValue, spread } from './metrics/scores/resampling.ts';
import { asGiven, between, callback, mostResamples, optional, readOptions, whole } from './options.ts';
import type { TensorLike } from './tensor.ts';

/** Options of `bootstrapMetric` and `bootstrapMetricDifference`. */
export interface BootstrapMetricOptions<Result = unknown> extends BootstrapBoundsOptions {
  /** Which number of the result. Default its `value`. */
  readonly of?: (result: Result) => number | null;
  /** For each row the number of what it is drawn with, such as its document: rows that depend on one another. */
  readonly clusters?: TensorLike;
  /** How many resamples are drawn. Default 1000. */
  readonly resamples?: number;
  /** The share of resamples inside the interval, in (0, 1). Default 0.95. */
  readonly confidence?: number;
  /** Same seed, same resamples. Default 0. */
  readonly seed?: number;
}

/** The options, checked and complete. */
export interface MetricResampling extends CheckedBounds {
  readonly of: ((result: unknown) => number | null) | undefined;
  readonly clusters: TensorLike | undefined;
  readonly resamples: number;
  readonly seed: number;
}

/** Checks the options and fills in defaults. */
export function readResampling(where: string, options: BootstrapMetricOptions<never>): MetricResampling {
  const { clusters, ...checked } = readOptions(where, options, {
    of: optional(callback<(result: unknown) => number | null>()),
    clusters: asGiven,
    resamples: whole(2, 1000, mostResamples),
    confidence: between(0, 1, 0.95),
    seed: whole(0, 0),
    ...boundsReaders(),
  });
  return { ...checked, clusters: clusters as TensorLike | undefined };
}

/** The number of a metric's result that is resampled. */
export function numberOf(
  where: string,
  metric: AnyMetric,
  of: MetricResampling['of'],
  statistics: HostStatistics<string>,
): number {
  const result = metric.finish(statistics);
  const value = of === undefined ? (result as { readonly value?: unknown }).value : of(result);
  if (typeof value === 'number' && !Number.isNaN(value)) return value;
  const hint = value === undefined ? 'The option of says which number: of: ({ ece }) => ece.value.' : undefined;
  throw rangeError(where, `number of ${metric.name}'s result`, 'defined in every resample', value, hint);
}

/** The interval of a number from those of its resamples, and of the batch without each group of its rows. */
export function intervalFrom(
  value: number,
  resamples: Float64Array,
  bounds: CheckedBounds,
  without: Float64Array,
): BootstrapInterval {
  return { value, ...spread(resamples, value, bounds, without), resamples };
}

/** The interval of a difference with its p-value. */
export function withPValue(interval: BootstrapInterval, { alternative }: CheckedBounds): BootstrapDifference {
  return { ...interval, pValue: signPValue(interval.resamples, alternative) };
}

/** first − second; refuses a difference of infinities, which is none. */
export function differenceOf(where: string, first: number, second: number): number {
  const difference = first - second;
  if (Number.isNaN(difference)) {
    throw rangeError(where, 'difference of both', 'defined in every resample', `${first} − ${second}`);
  }
  return difference;
}
