/**
 * The plain-name runners of metrics: host arrays in, plain numbers out, synchronously. Sums that decide a result are
 * float64: on `cpu`, or in a fused WebAssembly kernel where the data are float32 and there is one for the metric.
 */
import type { HostBackend } from './backend.ts';
import { doubleBackend, hostInputs, isDouble, singleBackendWith } from './hostBackend.ts';
import type { Inputs } from './inputs.ts';
import {
  type AnyMetric,
  addStatistics,
  type BatchOf,
  finishRunning,
  type HostStatistics,
  hasMetricKernel,
  type MetricState,
  type ResultOf,
  type RunningStatistics,
  stateFromJSON,
  stateToJSON,
  statisticsOf,
  widen,
} from './metric.ts';
import type { TensorLike } from './tensor.ts';
import { metricKernels } from './wasm/kernels/index.ts';

const kernelBackend = /* @__PURE__ */ singleBackendWith(metricKernels);

function hostStatistics(metric: AnyMetric, given: Inputs<string, string, TensorLike>): HostStatistics<string> {
  const inputs = hostInputs(metric, given);
  const run = <T>(backend: HostBackend<T>): HostStatistics<string> =>
    backend.scope(() =>
      Object.fromEntries(
        Object.entries(statisticsOf(backend, metric, inputs)).map(([name, value]) => [
          name,
          widen(backend.readSync(value)),
        ]),
      ),
    );
  // Labels are often plain numbers; what has rows of numbers decides.
  const double = [...metric.inputs, ...metric.optionalInputs].some((name) => isDouble(inputs?.[name], 2));
  const fused = kernelBackend() as HostBackend<unknown>;
  return !double && hasMetricKernel(fused, metric) ? run(fused) : run(doubleBackend());
}

/**
 * Computes a metric on host arrays; sums that decide are float64.
 *
 * @example
 * const { value, bins } = measure(calibrationError({ bins: 15 }), { probabilities, labels });
 */
export function measure<M extends AnyMetric>(metric: M, batch: BatchOf<M, TensorLike>): ResultOf<M> {
  return metric.finish(hostStatistics(metric, batch)) as ResultOf<M>;
}

/** A metric over a stream of batches on the host. */
export interface Accumulator<Batch, Result> {
  /** Adds a batch. */
  update(batch: Batch): void;
  /** Adds another accumulator's batches (from a worker, say); the other one stays as it is. */
  merge(other: { toJSON(): MetricState }): void;
  /** The result over all batches so far. */
  compute(): Result;
  /** The state as plain JSON; `restore` goes on from it. */
  toJSON(): MetricState;
}

/**
 * Runs a metric over a stream of batches on host arrays. The state has a fixed size; samples are not kept.
 *
 * @example
 * const running = accumulate(calibrationError());
 * for (const batch of batches) running.update(batch);
 * const { value } = running.compute();
 */
export function accumulate<M extends AnyMetric>(metric: M): Accumulator<BatchOf<M, TensorLike>, ResultOf<M>> {
  return accumulatorFrom<BatchOf<M, TensorLike>, ResultOf<M>>(metric as AnyMetric<ResultOf<M>>, {
    statistics: undefined,
  });
}

/**
 * An accumulator that goes on from a saved state.
 *
 * @param state What `toJSON` of an accumulator of the same metric returned.
 * @throws RangeError when the state belongs to another metric.
 */
export function restore<M extends AnyMetric>(
  metric: M,
  state: MetricState,
): Accumulator<BatchOf<M, TensorLike>, ResultOf<M>> {
  return accumulatorFrom<BatchOf<M, TensorLike>, ResultOf<M>>(
    metric as AnyMetric<ResultOf<M>>,
    stateFromJSON(metric, state),
  );
}

function accumulatorFrom<Batch extends Inputs<string, string, TensorLike>, Result>(
  metric: AnyMetric<Result>,
  running: RunningStatistics,
): Accumulator<Batch, Result> {
  return {
    update(batch) {
      addStatistics(metric, running, hostStatistics(metric, batch));
    },
    merge(other) {
      const { statistics } = stateFromJSON(metric, other.toJSON());
      if (statistics !== undefined) addStatistics(metric, running, statistics);
    },
    compute: () => finishRunning(metric, running),
    toJSON: () => stateToJSON(metric, running),
  };
}
