/** Several metrics as one: one batch, one pass over it, one read, one state. */
import { type AccumulatorOn, accumulateOn } from './accumulate.ts';
import type { Backend } from './backend.ts';
import { kindError, rangeError } from './check.ts';
import type { Inputs } from './inputs.ts';
import {
  type AnyMetric,
  type BatchOf,
  checkIsMetric,
  type Metric,
  type MetricMember,
  measureOn,
  type ResultOf,
  statisticsOfMembers,
} from './metric.ts';
import { addStatistics, type HostStatistic, type HostStatistics, type MetricState, within } from './metricState.ts';
import type { TensorLike } from './tensor.ts';

/**
 * Metrics by the names of their results. The bound names no inputs: by a bound of any inputs TypeScript would infer
 * `accuracy()` in a record as one that takes inputs of every kind.
 */
export type MetricRecord = Readonly<Record<string, Pick<AnyMetric, 'name' | 'options'>>>;

/** The results of several metrics, by the names of the metrics. */
export type ResultsOf<Metrics extends MetricRecord> = { readonly [Name in keyof Metrics]: ResultOf<Metrics[Name]> };

type Intersection<Union> = (Union extends unknown ? (part: Union) => void : never) extends (whole: infer Whole) => void
  ? Whole
  : never;

/** The batches of several metrics: an input that one of them needs is needed. */
export type SharedBatchOf<Metrics extends MetricRecord, Value> = Intersection<
  { readonly [Name in keyof Metrics]: BatchOf<Metrics[Name], Value> }[keyof Metrics]
>;

type InputOf<M> = M extends Metric<infer Input, string, unknown, string> ? Input : never;
type OptionalOf<M> = M extends Metric<string, string, unknown, infer Optional> ? Optional : never;

/**
 * Several metrics as one metric: its batch holds the inputs of all, its result the result of each by its name. All of them
 * are computed in one scope, where a backend that compiles makes what they have in common once; their statistics are read
 * together, and stream, merge, travel and are restored as one state. Each gives what it gives alone.
 *
 * An input of one name goes to every metric that asks for it, masks and weights too; `rename` routes those that should
 * read another one.
 *
 * @param metrics The metrics by the names of their results; at least one, and no name with a point in it.
 * @throws RangeError for no metric, and for a name with a point in it; TypeError for what is no metric.
 * @example
 * const both = metricSet({ accuracy: accuracy(), ece: calibrationError() });
 * const running = accumulate(both);
 * running.update({ logits: [[2, 1], [0, 3]], labels: [0, 0] });
 * const { accuracy: { value }, ece: { bins } } = running.compute();
 */
// @__NO_SIDE_EFFECTS__
export function metricSet<const Metrics extends MetricRecord>(
  metrics: Metrics,
): Metric<InputOf<Metrics[keyof Metrics]>, string, ResultsOf<Metrics>, OptionalOf<Metrics[keyof Metrics]>> {
  if (typeof metrics !== 'object' || metrics === null || Array.isArray(metrics)) {
    throw kindError('metricSet', 'metrics', 'a record of metrics by name', metrics);
  }
  const given = Object.keys(metrics).map((name) => [name, metrics[name] as AnyMetric] as const);
  if (given.length === 0) throw rangeError('metricSet', 'metrics', 'a record of at least one metric', 'none');
  for (const [name, metric] of given) {
    checkIsMetric('metricSet', metric);
    if (name.includes('.')) throw rangeError('metricSet', 'names of metrics', 'without a point', name);
  }
  const members: readonly MetricMember[] = given.map(([name, metric]) => ({ metric, prefix: `${name}.`, names: {} }));
  const inputs = [...new Set(given.flatMap(([, metric]) => metric.inputs))];
  const optional = [...new Set(given.flatMap(([, metric]) => metric.optionalInputs))];

  const whole: Metric<string, string, ResultsOf<Metrics>, string> = {
    name: 'metricSet',
    reference: metricSet,
    options: Object.fromEntries(given.map(([name, { name: metric, options }]) => [name, { metric, options }])),
    inputs,
    optionalInputs: optional.filter((name) => !inputs.includes(name)),
    members,
    check<T>(backend: Backend<T>, batch: Inputs<string, string, T>) {
      for (const { metric } of members) metric.check(backend, batch);
    },
    statistics: <T>(backend: Backend<T>, batch: Inputs<string, string, T>) =>
      statisticsOfMembers(backend, members, batch),
    merge: (first, second) =>
      eachMember(members, (metric, prefix) => {
        const [one, two] = [within(first, prefix), within(second, prefix)];
        return metric.merge?.(one, two) ?? addStatistics(one, two);
      }),
    finish(statistics) {
      const results = given.map(([name, metric]) => [name, metric.finish(within(statistics, `${name}.`))]);
      return Object.fromEntries(results) as ResultsOf<Metrics>;
    },
  };
  return whole as never;
}

/** Statistics of each member under its prefix. */
function eachMember(
  members: readonly MetricMember[],
  make: (metric: AnyMetric, prefix: string) => HostStatistics<string>,
): HostStatistics<string> {
  const all: Record<string, HostStatistic> = {};
  for (const { metric, prefix } of members) {
    for (const [name, statistic] of Object.entries(make(metric, prefix))) all[prefix + name] = statistic;
  }
  return all;
}

/**
 * Computes several metrics of one batch on any backend: one scope, then one read.
 *
 * @param metrics The metrics by the names of their results, as for `metricSet`.
 * @param batch Tensors of the backend; host arrays among them are copied onto it.
 * @returns A promise of the results by name.
 */
export function measureAllOn<T, const Metrics extends MetricRecord>(
  backend: Backend<T>,
  metrics: Metrics,
  batch: SharedBatchOf<Metrics, NoInfer<T> | TensorLike>,
): Promise<ResultsOf<Metrics>> {
  return measureOn(backend, metricSet(metrics) as AnyMetric<ResultsOf<Metrics>>, batch as never);
}

/**
 * Runs several metrics over a stream of batches on any backend, as `accumulateOn` runs one.
 *
 * @param metrics The metrics by the names of their results, as for `metricSet`.
 * @param state A state to go on from, as `state()` or `toJSON()` returned it.
 */
export function accumulateAllOn<T, const Metrics extends MetricRecord>(
  backend: Backend<T>,
  metrics: Metrics,
  state?: MetricState,
): AccumulatorOn<T, SharedBatchOf<Metrics, NoInfer<T> | TensorLike>, ResultsOf<Metrics>> {
  return accumulateOn(backend, metricSet(metrics) as AnyMetric<ResultsOf<Metrics>>, state) as never;
}
