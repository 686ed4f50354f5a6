/** Correlations of ranks as metrics: ranks need all rows, so the state holds the numbers of every row that counts. */
import type { Backend } from '../../backend.ts';
import { checkNotEmpty } from '../../check.ts';
import type { Metric } from '../../metric.ts';
import { countOf, type HostStatistic, type HostStatistics, numberOf } from '../../metricState.ts';
import { readOptions } from '../../options.ts';
import { type Rows, rowMetric } from '../../rowMetric.ts';
import type { TensorLike } from '../../tensor.ts';
import {
  type CorrelationOptions,
  type CorrelationResult,
  correlationReaders,
  type Series,
  seriesOf,
} from './correlation.ts';

/** A correlation that depends on the order alone. */
export type RankCorrelation = Metric<'x' | 'y', Statistic, CorrelationResult, 'labels' | 'rowWeights'>;

type Statistic = 'x' | 'y' | 'weights';

/** Computes the correlation; a row of weight 2 is as two rows. Every weight is greater than 0. */
export type CorrelateRanks = (series: Series, weights: Float64Array, level: number) => CorrelationResult;

/** The metric, or for two series their correlation at once. */
export function rankCorrelation(
  name: string,
  factory: (...options: never[]) => unknown,
  correlate: CorrelateRanks,
  first: CorrelationOptions | TensorLike | undefined,
  y: TensorLike | undefined,
  options: CorrelationOptions | undefined,
): RankCorrelation | CorrelationResult {
  if (y === undefined) return rankMetric(name, factory, correlate, first);
  const { level } = readOptions(name, options, correlationReaders());
  const series = seriesOf(name, first as TensorLike, y, true);
  return correlate(series, new Float64Array(series.x.length).fill(1), level);
}

function rankMetric(name: string, reference: object, correlate: CorrelateRanks, options: unknown): RankCorrelation {
  const read = readOptions(name, options, correlationReaders());
  return rowMetric<'x' | 'y', Statistic, CorrelationResult>({
    name,
    reference,
    options: read,
    inputs: { x: 'ordered', y: 'ordered' },

    check(backend, { x }) {
      checkNotEmpty(name, 'x', backend.shapeOf(x));
    },

    statistics<T>(backend: Backend<T>, { x, y }: Record<'x' | 'y', T>, { size, weights }: Rows<T>) {
      const even = { data: new Float32Array(size).fill(1), shape: [size] };
      return { x, y, weights: weights ?? backend.fromHost(even) };
    },

    // Their number differs from batch to batch.
    state: { x: numberOf([null]), y: numberOf([null]), weights: countOf([null]) },

    merge(one, two) {
      return { x: joined(one.x, two.x), y: joined(one.y, two.y), weights: joined(one.weights, two.weights) };
    },

    finish({ x, y, weights }: HostStatistics<Statistic>) {
      const counts = (_: number, row: number): boolean => weights.data[row]! > 0;
      const series = { x: x.data.filter(counts), y: y.data.filter(counts) };
      return correlate(series, weights.data.filter(counts), read.level);
    },
  });
}

function joined(first: HostStatistic, second: HostStatistic): HostStatistic {
  const data = new Float64Array(first.data.length + second.data.length);
  data.set(first.data);
  data.set(second.data, first.data.length);
  return { data, shape: [data.length] };
}
