/**
 * The plain-name runners of metrics: host arrays in, plain numbers out, synchronously. Sums that decide a result are
 * float64: on `cpu`, or in a fused WebAssembly kernel where the data are float32 and there is one for the metric.
 */

import { isAccumulator, type Running, runningFrom, stateToMerge } from './accumulate.ts';
import type { HostBackend } from './backend.ts';
import { doubleBackend, isDouble, singleBackendWith } from './hostBackend.ts';
import { hostInputs, type Inputs, placeOn } from './inputs.ts';
import {
  type AnyMetric,
  type BatchOf,
  checkIsMetric,
  type MetricMember,
  type ResultOf,
  stateFromRead,
  statisticsOfMembers,
  widen,
} from './metric.ts';
import { inputsOfMember, inputsOfMembers, membersOf } from './metricMembers.ts';
import type { HostStatistics, MetricState } from './metricState.ts';
import type { HostTensor, TensorLike } from './tensor.ts';
import { metricKernels } from './wasm/kernels/index.ts';

const singleBackend = /* @__PURE__ */ singleBackendWith(metricKernels);

/** A batch's statistics, in float64 on the host. */
export function hostStatistics(metric: AnyMetric, given: Inputs<string, string, TensorLike>): HostStatistics<string> {
  const inputs = hostInputs(metric, given);
  const run = <T>(backend: HostBackend<T>, members: readonly MetricMember[]): HostStatistics<string> => {
    if (members.length === 0) return {};
    return backend.scope(() => {
      const placed = placeOn(backend, inputsOfMembers(members, inputs));
      // In a scope of their own: what is handed over together is computed in one go, whichever is read first.
      const found = Object.entries(backend.scope(() => statisticsOfMembers(backend, members, placed)));
      return Object.fromEntries(
        found.map(([name, value]) => [name, widen(typeof value === 'number' ? value : backend.readSync(value))]),
      );
    });
  };
  const members = membersOf(metric);
  const isDoubled = (member: MetricMember): boolean => decidedByDoubles(inputsOfMember(member, inputs));
  const single = members.filter((member) => !isDoubled(member));
  const read = {
    ...run(doubleBackend(), members.filter(isDoubled)),
    ...(single.length > 0 && run(singleBackend() as HostBackend<unknown>, single)),
  };
  return stateFromRead(metric, read);
}

/**
 * Labels are often plain numbers or 64-bit integers: the inputs of most axes, logits or activations, decide, unless float32
 * does not hold the weights.
 */
function decidedByDoubles(inputs: Inputs<string, string, HostTensor>): boolean {
  if (Object.entries(inputs).some(([name, value]) => /rowWeights$/i.test(name) && leavesSingle(value))) return true;
  const given = Object.values(inputs).filter((value) => value !== undefined);
  const rank = Math.max(...given.map(({ shape }) => shape.length));
  return given.some((value) => value.shape.length === rank && isDouble(value));
}

/** Whether float32 would turn numbers, or their sum, into 0 or Infinity. */
function leavesSingle(value: HostTensor | undefined): boolean {
  if (!(value?.data instanceof Float64Array)) return false;
  let sum = 0;
  for (const number of value.data) {
    if (number !== 0 && Math.fround(number) === 0) return true;
    sum += number;
  }
  return Math.fround(sum) === Infinity;
}

/**
 * Computes a metric on host arrays; sums that decide are float64.
 *
 * @example
 * const { value, bins } = measure(calibrationError({ bins: 15 }), { probabilities, labels });
 */
export function measure<M extends AnyMetric>(metric: M, batch: BatchOf<M, TensorLike>): ResultOf<M> {
  checkIsMetric('measure', metric);
  return metric.finish(hostStatistics(metric, batch)) as ResultOf<M>;
}

/** A metric over a stream of batches on the host. */
export interface Accumulator<Batch, Result> {
  /** Adds a batch. */
  update(batch: Batch): void;
  /** Adds another accumulator's batches, or those of a saved state (from a worker, say); the other stays as it is. */
  merge(other: Pick<Accumulator<Batch, Result>, 'state'> | MetricState): void;
  /** The result over all batches so far. */
  compute(): Result;
  /** The state with typed arrays, for `structuredClone` and workers; `restore` and `merge` take it. */
  state(): MetricState;
  /** The state as plain JSON, which `JSON.stringify(running)` writes; `restore` and `merge` take it too. */
  toJSON(): MetricState;
}

/**
 * Runs a metric over a stream of batches on host arrays. The state has a fixed size; samples are not kept.
 *
 * @throws RangeError for a batch whose shapes (the number of classes, of features) are not those of the batches before.
 * @example
 * const running = accumulate(calibrationError());
 * for (const batch of batches) running.update(batch);
 * const { value } = running.compute();
 */
export function accumulate<M extends AnyMetric>(metric: M): Accumulator<BatchOf<M, TensorLike>, ResultOf<M>> {
  return accumulatorFrom(metric, runningFrom('accumulate', metric));
}

/**
 * An accumulator that goes on from a saved state.
 *
 * @param state What `state` or `toJSON` of an accumulator of the same metric, with the same options, returned.
 * @throws RangeError when the state belongs to another metric or to other options, or when no batches can have left it.
 */
export function restore<M extends AnyMetric>(
  metric: M,
  state: MetricState,
): Accumulator<BatchOf<M, TensorLike>, ResultOf<M>> {
  return accumulatorFrom(metric, runningFrom('restore', metric, state));
}

function accumulatorFrom<M extends AnyMetric>(
  metric: M,
  running: Running<unknown>,
): Accumulator<BatchOf<M, TensorLike>, ResultOf<M>> {
  return {
    update(batch) {
      running.add(hostStatistics(metric, batch));
    },
    merge(other) {
      running.addState(isAccumulator(other) ? other.state() : stateToMerge(metric, other));
    },
    compute: () => running.result() as ResultOf<M>,
    state: running.state,
    toJSON: running.toJSON,
  };
}
