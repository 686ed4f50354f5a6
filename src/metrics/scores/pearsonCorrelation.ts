import type { Backend } from '../../backend.ts';
import { checkNotEmpty } from '../../check.ts';
import type { Metric } from '../../metric.ts';
import { countOf, type HostStatistics, numberOf, scalarStatistics, scalarsOf } from '../../metricState.ts';
import {
  correlationOf,
  mergePairMoments,
  momentNames,
  type PairMoments,
  pairMomentsOf,
  pairMomentsOn,
} from '../../ops/pairMoments.ts';
import { readOptions } from '../../options.ts';
import { type Rows, rowMetric } from '../../rowMetric.ts';
import type { TensorLike } from '../../tensor.ts';
import {
  type CorrelationOptions,
  type CorrelationResult,
  constantResult,
  correlationReaders,
  fisherInterval,
  seriesOf,
  tTest,
} from './correlation.ts';

/** Moments, and extremes as they are given; `low…` hold −minimum, so that both extremes merge by the larger. */
type Extreme = 'lowX' | 'highX' | 'lowY' | 'highY';
type Statistic = keyof PairMoments | Extreme;

const extremes: readonly Extreme[] = ['lowX', 'highX', 'lowY', 'highY'];

/**
 * Pearson's correlation of two series of numbers.
 *
 *     Σ (x − x̄)(y − ȳ) / √(Σ (x − x̄)²·Σ (y − ȳ)²)
 *
 * Inputs: `x` and `y` of one shape, a row each number; optional `rowWeights` and `labels` with `ignoreIndex`, by which rows
 * do not count, or count more. Streams: means and centred sums of parts merge by Chan's formula, so that a large mean does
 * not cancel what is measured, and each side is scaled by a power of two, so that neither large nor small numbers leave the
 * range of their squares.
 *
 * Called with two series, it gives their correlation at once.
 *
 * @returns A metric, or for two series `{ value, status, count, interval, pValue }`: Fisher's interval, and the two-sided t test of
 *   no correlation, exact for normal numbers.
 * @throws RangeError for NaN or Infinity; TypeError for shapes that differ.
 * @example
 * const { value } = measure(pearsonCorrelation(), { x: [1, 2, 3], y: [1, 3, 2] }); // 0.5
 * @see Chan, Golub, LeVeque: Updating formulae and a pairwise algorithm for computing sample variances (1979)
 */
// @__NO_SIDE_EFFECTS__
export function pearsonCorrelation(options?: CorrelationOptions): PearsonCorrelation;
/** The correlation of two series at once. */
export function pearsonCorrelation(x: TensorLike, y: TensorLike, options?: CorrelationOptions): CorrelationResult;
export function pearsonCorrelation(
  first?: CorrelationOptions | TensorLike,
  y?: TensorLike,
  options?: CorrelationOptions,
): PearsonCorrelation | CorrelationResult {
  if (y === undefined) return pearsonMetric(first);
  const { level } = readOptions('pearsonCorrelation', options, correlationReaders());
  const series = seriesOf('pearsonCorrelation', first as TensorLike, y, false);
  const isConstant = (values: Float64Array): boolean => values.every((value) => value === values[0]);
  if (isConstant(series.x) || isConstant(series.y)) return constantResult(series.x.length);
  return resultOf(pairMomentsOf(series.x, series.y), level);
}

/** Pearson's correlation as a metric. */
export type PearsonCorrelation = Metric<'x' | 'y', Statistic, CorrelationResult, 'labels' | 'rowWeights'>;

function resultOf(moments: PairMoments, level: number): CorrelationResult {
  const value = correlationOf(moments);
  const { count } = moments;
  const interval = fisherInterval(value, level, 1 / (count - 3));
  return { value, status: 'ok', count, interval, pValue: tTest(value, count) };
}

function pearsonMetric(options: unknown): PearsonCorrelation {
  const read = readOptions('pearsonCorrelation', options, correlationReaders());
  return rowMetric<'x' | 'y', Statistic, CorrelationResult>({
    name: 'pearsonCorrelation',
    reference: pearsonCorrelation,
    options: read,
    inputs: { x: 'numbers', y: 'numbers' },

    check(backend, { x }) {
      checkNotEmpty('pearsonCorrelation', 'x', backend.shapeOf(x));
    },

    statistics<T>(backend: Backend<T>, { x, y }: Record<'x' | 'y', T>, { weights }: Rows<T>) {
      const none = backend.scalar(-Infinity);
      const largest = (values: T): T =>
        backend.max(weights === undefined ? values : backend.where(weights, values, none));
      const negated = (values: T): T => backend.subtract(backend.scalar(0), values);
      return {
        ...pairMomentsOn(backend, x, y, weights),
        lowX: largest(negated(x)),
        highX: largest(x),
        lowY: largest(negated(y)),
        highY: largest(y),
      };
    },

    state: {
      count: countOf(),
      meanX: numberOf(),
      meanY: numberOf(),
      xx: countOf(),
      xy: numberOf(),
      yy: countOf(),
      factorX: countOf(),
      factorY: countOf(),
      lowX: numberOf(),
      highX: numberOf(),
      lowY: numberOf(),
      highY: numberOf(),
    },

    merge(first, second) {
      const [one, two] = [scalarsOf(first, extremes), scalarsOf(second, extremes)];
      return scalarStatistics<Statistic>({
        ...mergePairMoments(momentsOf(first), momentsOf(second)),
        lowX: Math.max(one.lowX, two.lowX),
        highX: Math.max(one.highX, two.highX),
        lowY: Math.max(one.lowY, two.lowY),
        highY: Math.max(one.highY, two.highY),
      });
    },

    finish(statistics) {
      const moments = momentsOf(statistics);
      const { lowX, highX, lowY, highY } = scalarsOf(statistics, extremes);
      return highX > -lowX && highY > -lowY ? resultOf(moments, read.level) : constantResult(moments.count);
    },
  });
}

function momentsOf(statistics: HostStatistics<keyof PairMoments>): PairMoments {
  return scalarsOf(statistics, momentNames);
}
