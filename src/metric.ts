/**
 * What a metric is, and how one runs on a backend: statistics of fixed size on the device, one read, plain arithmetic on
 * the host. Statistics merge, so a metric runs over a stream or over workers and never keeps the samples.
 */
import type { Backend, FusedMetricKernel } from './backend.ts';
import { kindError, rangeError } from './check.ts';
import { type Inputs, inputsOn } from './inputs.ts';
import type { HostTensor, TensorLike } from './tensor.ts';

/** Statistics on the host, in float64. */
export type HostStatistics<Statistic extends string> = Readonly<Record<Statistic, HostStatistic>>;

/** One statistic on the host. */
export interface HostStatistic extends HostTensor {
  readonly data: Float64Array;
}

/**
 * A metric. Factories (`calibrationError({ bins: 15 })`) return plain objects of this form.
 *
 * @typeParam Input Names of the required inputs.
 * @typeParam Statistic Names of the statistics.
 * @typeParam Result What `finish` returns: a plain object that carries what a figure of it needs.
 * @typeParam Optional Names of inputs that may be left out.
 */
export interface Metric<Input extends string, Statistic extends string, Result, Optional extends string = never> {
  /** The factory's name, which begins its error messages. */
  readonly name: string;
  /** The factory: by it a fused kernel recognises the metric. */
  readonly reference: (...options: never[]) => unknown;
  /**
   * What makes the statistics, where several factories share it: a kernel that implements it serves them all, and a bundle
   * with the kernel need not hold what their results take, such as a matrix library.
   */
  readonly statisticsReference?: (...options: never[]) => unknown;
  /** The factory's options, checked and complete. */
  readonly options: object;
  readonly inputs: readonly Input[];
  readonly optionalInputs: readonly Optional[];
  /** Refuses inputs that do not fit, before any work. Looks at shapes everywhere, at values where reading is free. */
  check<T>(backend: Backend<T>, batch: Inputs<Input, Optional, T>): void;
  /** Small tensors of fixed size, whatever the batch. */
  statistics<T>(backend: Backend<T>, batch: Inputs<Input, Optional, T>): Readonly<Record<Statistic, T>>;
  /** Statistics of both parts from those of each; the element-wise sum when left out. */
  merge?(first: HostStatistics<Statistic>, second: HostStatistics<Statistic>): HostStatistics<Statistic>;
  /** The result from the statistics: plain arithmetic in float64. */
  finish(statistics: HostStatistics<Statistic>): Result;
}

/** Any metric with a given result. */
export type AnyMetric<Result = unknown> = Metric<string, string, Result, string>;
/** What a metric type returns. */
export type ResultOf<M> = M extends Metric<string, string, infer Result, string> ? Result : never;
/** The batches of a metric type, each input a `Value`. */
export type BatchOf<M, Value> = Inputs<
  M extends Metric<infer Input, string, unknown, string> ? Input : never,
  M extends Metric<string, string, unknown, infer Optional> ? Optional : never,
  Value
>;

function kernelFor<T>(backend: Backend<T>, metric: AnyMetric): FusedMetricKernel<T> | undefined {
  return backend.fusedKernels?.find(
    (kernel): kernel is FusedMetricKernel<T> =>
      kernel.kind === 'metric' &&
      (kernel.implements === metric.reference || kernel.implements === metric.statisticsReference) &&
      (kernel.supports?.(metric.options) ?? true),
  );
}

/** Whether a backend has a fused kernel for a metric. */
export function hasMetricKernel<T>(backend: Backend<T>, metric: AnyMetric): boolean {
  return kernelFor(backend, metric) !== undefined;
}

/** A metric's statistics on the device, by a fused kernel where the backend has one. */
export function statisticsOf<T, Result>(
  backend: Backend<T>,
  metric: AnyMetric<Result>,
  batch: Inputs<string, string, T | TensorLike>,
): Readonly<Record<string, T>> {
  return backend.scope(() => {
    const placed = inputsOn(backend, metric, batch);
    metric.check(backend, placed);
    return kernelFor(backend, metric)?.statistics(metric.options, placed) ?? metric.statistics(backend, placed);
  });
}

/** A statistic as read from a device, widened to float64. */
export function widen(tensor: HostTensor): HostStatistic {
  return { data: Float64Array.from(tensor.data), shape: tensor.shape };
}

async function readStatistics<T>(backend: Backend<T>, statistics: Readonly<Record<string, T>>) {
  const names = Object.keys(statistics);
  try {
    const read = await Promise.all(names.map((name) => backend.read(statistics[name]!)));
    return Object.fromEntries(names.map((name, index) => [name, widen(read[index]!)]));
  } finally {
    for (const name of names) backend.dispose(statistics[name]!);
  }
}

/**
 * Computes a metric on any backend: its statistics on the device, then one read.
 *
 * @param batch Tensors of the backend; host arrays among them are copied onto it.
 * @returns A promise of plain numbers.
 */
export async function measureOn<T, M extends AnyMetric>(
  backend: Backend<T>,
  metric: M,
  batch: BatchOf<M, NoInfer<T> | TensorLike>,
): Promise<ResultOf<M>> {
  const statistics = await readStatistics(backend, statisticsOf(backend, metric, batch));
  return metric.finish(statistics) as ResultOf<M>;
}

/** Merges two parts' statistics by the metric's rule. */
export function mergeStatistics(
  metric: AnyMetric,
  first: HostStatistics<string>,
  second: HostStatistics<string>,
): HostStatistics<string> {
  if (metric.merge) return metric.merge(first, second);
  return Object.fromEntries(
    Object.entries(first).map(([name, { data, shape }]) => {
      const other = second[name];
      if (other === undefined || other.data.length !== data.length) {
        throw kindError(metric.name, `statistic '${name}'`, 'of the same form in both parts', other?.shape);
      }
      return [name, { data: data.map((value, index) => value + other.data[index]!), shape }];
    }),
  );
}

/** A running metric's state as plain JSON. */
export interface MetricState {
  readonly metric: string;
  readonly statistics: Readonly<
    Record<string, { readonly data: readonly (number | string)[]; readonly shape: readonly number[] }>
  > | null;
}

/** Host state shared by the synchronous and the asynchronous accumulator. */
export interface RunningStatistics {
  statistics: HostStatistics<string> | undefined;
}

/** Adds a part to a running state. */
export function addStatistics(metric: AnyMetric, running: RunningStatistics, part: HostStatistics<string>): void {
  running.statistics = running.statistics === undefined ? part : mergeStatistics(metric, running.statistics, part);
}

/** The result of a running state. */
export function finishRunning<Result>(metric: AnyMetric<Result>, running: RunningStatistics): Result {
  if (running.statistics === undefined) {
    throw rangeError(metric.name, 'number of batches', 'at least 1 before compute()', 0);
  }
  return metric.finish(running.statistics);
}

/** State to JSON: −Infinity, Infinity and NaN, which JSON lacks, become strings. */
export function stateToJSON(metric: AnyMetric, running: RunningStatistics): MetricState {
  if (running.statistics === undefined) return { metric: metric.name, statistics: null };
  const statistics = Object.fromEntries(
    Object.entries(running.statistics).map(([name, { data, shape }]) => [
      name,
      { data: Array.from(data, (value) => (Number.isFinite(value) ? value : String(value))), shape: [...shape] },
    ]),
  );
  return { metric: metric.name, statistics };
}

/** JSON to state, refusing another metric's. */
export function stateFromJSON(metric: AnyMetric, state: MetricState): RunningStatistics {
  if (state?.metric !== metric.name) throw rangeError(metric.name, 'state', `one of ${metric.name}`, state?.metric);
  if (state.statistics === null) return { statistics: undefined };
  return {
    statistics: Object.fromEntries(
      Object.entries(state.statistics).map(([name, { data, shape }]) => [
        name,
        { data: Float64Array.from(data, Number), shape: [...shape] },
      ]),
    ),
  };
}

/** A metric over a stream of batches on a device. */
export interface AccumulatorOn<T, Batch, Result> {
  /** Adds a batch; resolves when its statistics are on the host (no need to wait before the next one). */
  update(batch: Batch): Promise<void>;
  /** Adds another accumulator's batches. */
  merge(other: AccumulatorOn<T, Batch, Result>): Promise<void>;
  /** The result over all batches so far. */
  compute(): Promise<Result>;
  /** The state as plain JSON, to go on from or to merge elsewhere. */
  state(): Promise<MetricState>;
}

/**
 * Runs a metric over a stream of batches on any backend. Batches add up in the order of their updates.
 *
 * @param state A state to go on from, as `state()` returned it.
 */
export function accumulateOn<T, M extends AnyMetric>(
  backend: Backend<T>,
  metric: M,
  state?: MetricState,
): AccumulatorOn<T, BatchOf<M, NoInfer<T> | TensorLike>, ResultOf<M>> {
  const running = state === undefined ? { statistics: undefined } : stateFromJSON(metric, state);
  let pending: Promise<void> = Promise.resolve();
  const enqueue = (part: Promise<HostStatistics<string> | undefined>): Promise<void> => {
    const added = pending.then(async () => {
      const statistics = await part;
      if (statistics !== undefined) addStatistics(metric, running, statistics);
    });
    // A failed batch is reported by its own promise and leaves the stream usable.
    pending = added.catch(() => undefined);
    return added;
  };
  return {
    async update(batch) {
      await enqueue(readStatistics(backend, statisticsOf(backend, metric, batch)));
    },
    async merge(other) {
      await enqueue(other.state().then((json) => stateFromJSON(metric, json).statistics));
    },
    async compute() {
      await pending;
      return finishRunning(metric, running) as ResultOf<M>;
    },
    async state() {
      await pending;
      return stateToJSON(metric, running);
    },
  };
}
