/**
 * What a metric is, and how one runs on a backend: statistics of fixed size on the device, one read, plain arithmetic on
 * the host. Statistics merge, so a metric runs over a stream or over workers and never keeps the samples.
 */
import type { Backend, FusedMetricKernel } from './backend.ts';
import { checkIsBackend, kindError, rangeError } from './check.ts';
import { equalWork } from './equalWork.ts';
import { type Inputs, inputsOn } from './inputs.ts';
import { inputsOfMember, type Member, membersOf } from './metricMembers.ts';
import { checkStatistics, type HostStatistic, type HostStatistics, type StateForm, within } from './metricState.ts';
import { type HostTensor, sizeOf, type TensorLike } from './tensor.ts';

/** Statistics on a device, or plain numbers where the host knows them. */
export type StatisticsOn<Statistic extends string, T> = Readonly<Record<Statistic, T | number>> &
  Readonly<Record<string, T | number>>;

/** What the inputs must be for the number of faults to be 0. */
export interface Fault {
  /** What is at fault: an input's name, or a word for several. */
  readonly argument: string;
  /** `'free of NaN'`, `'whole numbers below the number of classes'` … */
  readonly expected: string;
  /** What is counted: `'rows with NaN'`. */
  readonly counted: string;
  readonly hint?: string;
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
  /** What a fused kernel recognises the metric by: the factory, or an object that kernels can import without it. */
  readonly reference: object;
  /** The factory's options, checked and complete. */
  readonly options: object;
  readonly inputs: readonly Input[];
  readonly optionalInputs: readonly Optional[];
  /** Refuses inputs that do not fit, before any work. Looks at shapes everywhere, at values where reading is free. */
  check<T>(backend: Backend<T>, batch: Inputs<Input, Optional, T>): void;
  /**
   * Small tensors of fixed size, whatever the batch, or, with `condense`, some numbers a row; beside them, under names of
   * `faults`, numbers of faults.
   */
  statistics<T>(backend: Backend<T>, batch: Inputs<Input, Optional, T>): StatisticsOn<Statistic, T>;
  /**
   * What the frame refuses when it reads the statistics: those under these names count what the inputs must be free of.
   * They do not enter the state.
   */
  readonly faults?: Readonly<Record<string, Fault>>;
  /** Numbers of faults that hold for kernels as well: what `check` could not see on a device that is not read. */
  inspect?<T>(backend: Backend<T>, batch: Inputs<Input, Optional, T>): Readonly<Record<string, T>>;
  /** Statistics of fixed size from what was read, by float64 arithmetic on the host; what was read, when left out. */
  condense?(read: HostStatistics<string>): HostStatistics<Statistic>;
  /**
   * Numbers of each row, [rows, ...], from which `fromRows` makes the statistics of any resample of the rows: a bootstrap
   * computes no row twice. Undefined where the statistics of this batch cannot be had so.
   */
  rows?<T>(backend: Backend<T>, batch: Inputs<Input, Optional, T>): Readonly<Record<string, T>> | undefined;
  /** The statistics of the rows that `rows` gave, each counted so many times. */
  fromRows?(rows: HostStatistics<string>, times: Float64Array): HostStatistics<Statistic>;
  /** The metrics that this one is made of: runners compute each of them, and its statistics under its prefix. */
  readonly members?: readonly MetricMember[];
  /** The form of every state, or the forms that it may have: what `restore` and `merge` hold a saved one against. */
  readonly state?: StateForm<Statistic> | readonly StateForm<Statistic>[];
  /** Statistics of both parts from those of each; the element-wise sum when left out. */
  merge?(first: HostStatistics<Statistic>, second: HostStatistics<Statistic>): HostStatistics<Statistic>;
  /** The result from the statistics: plain arithmetic in float64. */
  finish(statistics: HostStatistics<Statistic>): Result;
}

/** Any metric with a given result. */
export type AnyMetric<Result = unknown> = Metric<string, string, Result, string>;

/** A metric that another one is made of. */
export type MetricMember = Member<AnyMetric>;

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
      kernel.kind === 'metric' && kernel.implements === metric.reference && (kernel.supports?.(metric.options) ?? true),
  );
}

/** A metric's statistics on the device, by a fused kernel where the backend has one, and its numbers of faults. */
export function statisticsOf<T>(
  backend: Backend<T>,
  metric: AnyMetric,
  batch: Inputs<string, string, T | TensorLike>,
): Readonly<Record<string, T | number>> {
  return backend.scope(() => statisticsPlaced(backend, metric, inputsOn(backend, metric, batch)));
}

/** The same of tensors that are on the backend, inside a scope of the caller's. */
export function statisticsPlaced<T>(
  backend: Backend<T>,
  metric: AnyMetric,
  batch: Inputs<string, string, T>,
): Readonly<Record<string, T | number>> {
  return statisticsOfMembers(backend, membersOf(metric), batch);
}

/** The same of some of a metric's members. */
export function statisticsOfMembers<T>(
  backend: Backend<T>,
  members: readonly MetricMember[],
  batch: Inputs<string, string, T>,
): Readonly<Record<string, T | number>> {
  if (backend.recorded) {
    const compute = <R>(own: Backend<R>, placed: Inputs<string, string, R>): Readonly<Record<string, R | number>> =>
      statisticsOfMembers(own, members, placed);
    return backend.recorded(batch, compute) as Readonly<Record<string, T | number>>;
  }
  const found: Record<string, T | number> = {};
  const shared = members.length > 1 && isSmall(backend, batch) ? equalWork(backend) : backend;
  for (const member of members) {
    const statistics = ownStatistics(shared, member.metric, inputsOfMember(member, batch));
    for (const [name, value] of Object.entries(statistics)) found[member.prefix + name] = value;
  }
  return found;
}

/** Above it, what metrics have in common is computed again: to keep it would take a multiple of the batch's memory. */
const mostShared = 2 ** 20;

function isSmall<T>(backend: Backend<T>, batch: Inputs<string, string, T>): boolean {
  const sizes = Object.values(batch).map((value) => (value === undefined ? 0 : sizeOf(backend.shapeOf(value))));
  return sizes.reduce((sum, size) => sum + size, 0) <= mostShared;
}

function ownStatistics<T>(
  backend: Backend<T>,
  metric: AnyMetric,
  batch: Inputs<string, string, T>,
): Readonly<Record<string, T | number>> {
  metric.check(backend, batch);
  const statistics = kernelFor(backend, metric)?.statistics(metric.options, batch) ?? metric.statistics(backend, batch);
  return { ...statistics, ...metric.inspect?.(backend, batch) };
}

/** Refuses what is no metric: a factory that was not called, or a loss. */
export function checkIsMetric(where: string, metric: AnyMetric): void {
  if (typeof metric?.finish === 'function') return;
  const uncalled = typeof metric === 'function' ? `Call the factory: ${where}(accuracy(), …).` : undefined;
  throw kindError(where, 'metric', 'a metric, as its factory returns it', metric, uncalled);
}

/** A statistic as read from a device, widened to float64. */
export function widen(value: HostTensor | number): HostStatistic {
  if (typeof value === 'number') return { data: Float64Array.of(value), shape: [] };
  return { data: new Float64Array(value.data), shape: value.shape };
}

/** The statistics that go into a state: what was read, without the faults, which are refused, and condensed. */
export function stateFromRead(metric: AnyMetric, read: HostStatistics<string>): HostStatistics<string> {
  const state: Record<string, HostStatistic> = {};
  for (const { metric: member, prefix } of membersOf(metric)) {
    const found = withoutFaults(member, within(read, prefix));
    const statistics = member.condense?.(found) ?? found;
    checkStatistics(member, statistics);
    for (const [name, statistic] of Object.entries(statistics)) state[prefix + name] = statistic;
  }
  return state;
}

function withoutFaults(metric: AnyMetric, read: HostStatistics<string>): HostStatistics<string> {
  const { faults = {} } = metric;
  const kept: Record<string, HostStatistic> = {};
  for (const [name, statistic] of Object.entries(read)) {
    const fault = faults[name];
    if (fault === undefined) {
      kept[name] = statistic;
      continue;
    }
    const count = statistic.data[0]!;
    // A NaN here is a fault as well.
    if (count !== 0)
      throw rangeError(metric.name, fault.argument, fault.expected, `${count} ${fault.counted}`, fault.hint);
  }
  return kept;
}

/** Reads tensors, widened to float64, and disposes of them. */
export async function readTensors<T>(
  backend: Backend<T>,
  tensors: Readonly<Record<string, T | number>>,
): Promise<HostStatistics<string>> {
  const isNumber = (value: T | number): value is number => typeof value === 'number';
  try {
    const read = await Promise.all(
      Object.entries(tensors).map(async ([name, value]) => {
        return [name, widen(isNumber(value) ? value : await backend.read(value))] as const;
      }),
    );
    return Object.fromEntries(read);
  } finally {
    for (const value of Object.values(tensors)) if (!isNumber(value)) backend.dispose(value);
  }
}

/** Reads statistics, disposes of them, and makes the state of them. */
export async function readStatistics<T>(
  backend: Backend<T>,
  metric: AnyMetric,
  statistics: Readonly<Record<string, T | number>>,
): Promise<HostStatistics<string>> {
  return stateFromRead(metric, await readTensors(backend, statistics));
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
  checkIsBackend('measureOn', backend);
  checkIsMetric('measureOn', metric);
  const statistics = await readStatistics(backend, metric, statisticsOf(backend, metric, batch));
  return metric.finish(statistics) as ResultOf<M>;
}
