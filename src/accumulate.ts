/** A metric over a stream: parts that add up to one state, on the host or on any backend. */
import type { Backend } from './backend.ts';
import { checkIsBackend, kindError, rangeError } from './check.ts';
import { type AnyMetric, type BatchOf, checkIsMetric, type ResultOf, readStatistics, statisticsOf } from './metric.ts';
import {
  addStatistics,
  checkSameForm,
  checkStatistics,
  type HostStatistics,
  type MetricState,
  stateOf,
  stateToJSON,
  statisticsFrom,
} from './metricState.ts';
import type { TensorLike } from './tensor.ts';

/** The state of a running metric, shared by the accumulators of the host and of devices. */
export interface Running<Result> {
  add(part: HostStatistics<string>): void;
  /** Adds what another accumulator's `state()` or a saved state holds. */
  addState(state: MetricState): void;
  result(): Result;
  state(): MetricState;
  toJSON(): MetricState;
}

/** Starts from nothing, or from a saved state. */
export function runningFrom<Result>(where: string, metric: AnyMetric<Result>, saved?: MetricState): Running<Result> {
  checkIsMetric(where, metric);
  let total = saved === undefined ? undefined : statisticsFrom(metric, saved);
  const add = (part: HostStatistics<string>): void => {
    if (total === undefined) {
      total = part;
      return;
    }
    checkSameForm(metric, total, part);
    const merged = metric.merge?.(total, part) ?? addStatistics(total, part);
    // Weights may add up to Infinity, and infinities of both signs to NaN, where no part holds either.
    checkStatistics(metric, merged);
    total = merged;
  };
  return {
    add,
    addState(state) {
      const part = statisticsFrom(metric, state);
      if (part !== undefined) add(part);
    },
    result() {
      if (total === undefined) throw rangeError(metric.name, 'number of batches', 'at least 1 before compute()', 0);
      return metric.finish(total);
    },
    state: () => stateOf(metric, total),
    toJSON: () => stateToJSON(metric, total),
  };
}

/** Whether something to merge is an accumulator; a state otherwise. */
export function isAccumulator<Kind extends { state(): unknown }>(other: Kind | MetricState): other is Kind {
  return typeof (other as Partial<Kind> | null)?.state === 'function';
}

/** A saved state to merge; one without batches says nothing, so that it is likely a mistake. */
export function stateToMerge(metric: AnyMetric, state: MetricState): MetricState {
  if (typeof state !== 'object' || state === null) {
    throw kindError(metric.name, 'what is merged', 'an accumulator or a state', state);
  }
  if (state.statistics === null) {
    throw rangeError(metric.name, 'state', 'one of at least one batch', 'none', 'An empty accumulator may be merged.');
  }
  return state;
}

/** A metric over a stream of batches on a device. */
export interface AccumulatorOn<T, Batch, Result> {
  /** Adds a batch; resolves when its statistics are on the host (no need to wait before the next one). */
  update(batch: Batch): Promise<void>;
  /** Adds another accumulator's batches, or those of a saved state. */
  merge(other: AccumulatorOn<T, Batch, Result> | MetricState): Promise<void>;
  /** The result over all batches so far. */
  compute(): Promise<Result>;
  /** The state with typed arrays, for `structuredClone` and workers; `accumulateOn` and `restore` go on from it. */
  state(): Promise<MetricState>;
  /** The state as plain JSON. A promise: `JSON.stringify(await running.toJSON())`. */
  toJSON(key?: string): Promise<MetricState>;
}

/**
 * Runs a metric over a stream of batches on any backend. Batches add up in the order of their updates.
 *
 * @param state A state to go on from, as `state()` or `toJSON()` returned it.
 * @throws RangeError for a state of another metric, of other options, or that no batches can have left; a promise is
 *   rejected with one for a batch whose shapes are not those of the batches before.
 */
export function accumulateOn<T, M extends AnyMetric>(
  backend: Backend<T>,
  metric: M,
  state?: MetricState,
): AccumulatorOn<T, BatchOf<M, NoInfer<T> | TensorLike>, ResultOf<M>> {
  checkIsBackend('accumulateOn', backend);
  const running = runningFrom('accumulateOn', metric, state);
  let pending: Promise<void> = Promise.resolve();
  const enqueue = <Part>(part: Promise<Part>, add: (part: Part) => void): Promise<void> => {
    const added = pending.then(async () => add(await part));
    // A failed batch is reported by its own promise and leaves the stream usable.
    pending = added.catch(() => undefined);
    return added;
  };
  return {
    async update(batch) {
      await enqueue(readStatistics(backend, metric, statisticsOf(backend, metric, batch)), running.add);
    },
    async merge(other) {
      const state = isAccumulator(other) ? other.state() : Promise.resolve(stateToMerge(metric, other));
      await enqueue(state, running.addState);
    },
    async compute() {
      await pending;
      return running.result() as ResultOf<M>;
    },
    async state() {
      await pending;
      return running.state();
    },
    async toJSON(key) {
      // JSON.stringify calls this with a key and does not wait: it would write {} without a word.
      if (key !== undefined) {
        throw kindError(metric.name, 'accumulator', 'awaited', 'a promise', 'JSON.stringify(await running.toJSON()).');
      }
      await pending;
      return running.toJSON();
    },
  };
}
