/** The plain-name runners: host arrays in, plain numbers and host tensors out, synchronously. */
import type { HostBackend } from './backend.ts';
import { type CpuTensor, cpuBackend } from './cpu/index.ts';
import type { Inputs } from './inputs.ts';
import { evaluateOn, type Form, type Loss, type LossContext, valueAndGradientsOn } from './loss.ts';
import {
  type AnyMetric,
  addStatistics,
  finishRunning,
  type Metric,
  type MetricState,
  type RunningStatistics,
  stateFromJSON,
  stateToJSON,
  statisticsOf,
  widen,
} from './metric.ts';
import type { HostTensor, TensorLike } from './tensor.ts';

let float64: HostBackend<CpuTensor> | undefined;

/** The host backend in double precision, made at first use. */
function doubleBackend(): HostBackend<CpuTensor> {
  float64 ??= cpuBackend({ precision: 'float64' });
  return float64;
}

/** A loss's value as a plain number; one number a row, as a host tensor, with `reduction: 'none'`. */
export type HostValue<LossForm extends Form> = LossForm extends 'scalar' ? number : HostTensor;

/** What `evaluate` returns. */
export interface Evaluation<LossForm extends Form = 'scalar'> {
  readonly value: HostValue<LossForm>;
  /** Each part of a `weightedSum` before its weight; empty for a simple loss. */
  readonly terms: Readonly<Record<string, number>>;
}

/** What `valueAndGradients` returns. */
export interface GradientEvaluation<Differentiable extends string, LossForm extends Form = 'scalar'>
  extends Evaluation<LossForm> {
  readonly gradients: Readonly<Record<Differentiable, HostTensor>>;
}

function plainValue<LossForm extends Form>(form: LossForm, value: HostTensor): HostValue<LossForm> {
  return (form === 'scalar' ? value.data[0]! : value) as HostValue<LossForm>;
}

function plainTerms<T>(backend: HostBackend<T>, terms: Readonly<Record<string, T>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(terms).map(([name, value]) => [name, backend.readSync(value).data[0]!]));
}

/**
 * Computes a loss on host arrays.
 *
 * @param loss A loss, or a `weightedSum` of several.
 * @param inputs Host tensors, nested arrays, ml-matrix matrices or `{ data, dims }`, by name.
 * @param context The training step, where a weight is scheduled.
 * @returns The value, and the value of each term.
 * @example
 * const { value } = evaluate(klDivergence({ temperature: 2 }), {
 *   studentLogits: [[1, 2, 3]],
 *   teacherLogits: [[3, 2, 1]],
 * });
 */
export function evaluate<
  Input extends string,
  Differentiable extends string,
  Optional extends string,
  LossForm extends Form,
>(
  loss: Loss<Input, Differentiable, Optional, LossForm>,
  inputs: Inputs<Input, Optional, TensorLike>,
  context?: LossContext,
): Evaluation<LossForm> {
  const backend = doubleBackend();
  const { value, terms } = evaluateOn(backend, loss, inputs, context);
  return { value: plainValue(loss.form, backend.readSync(value)), terms: plainTerms(backend, terms) };
}

/**
 * Computes a loss and its gradients on host arrays.
 *
 * @returns The value, the value of each term, and a host tensor for each differentiable input.
 * @example
 * const { value, gradients } = valueAndGradients(crossEntropy(), { studentLogits: [[1, 2]], labels: [0] });
 * gradients.studentLogits.data; // d value / d studentLogits
 */
export function valueAndGradients<
  Input extends string,
  Differentiable extends string,
  Optional extends string,
  LossForm extends Form,
>(
  loss: Loss<Input, Differentiable, Optional, LossForm>,
  inputs: Inputs<Input, Optional, TensorLike>,
  context?: LossContext,
): GradientEvaluation<Differentiable, LossForm> {
  const backend = doubleBackend();
  const { value, terms, gradients } = valueAndGradientsOn(backend, loss, inputs, context);
  const read: Partial<Record<Differentiable, HostTensor>> = {};
  for (const name of loss.differentiable) read[name] = backend.readSync(gradients[name]);
  return {
    value: plainValue(loss.form, backend.readSync(value)),
    terms: plainTerms(backend, terms),
    gradients: read as Record<Differentiable, HostTensor>,
  };
}

function hostStatistics(metric: AnyMetric, batch: Inputs<string, string, TensorLike>) {
  const backend = doubleBackend();
  return Object.fromEntries(
    Object.entries(statisticsOf(backend, metric, batch)).map(([name, value]) => [name, widen(backend.readSync(value))]),
  );
}

/**
 * Computes a metric on host arrays, in float64.
 *
 * @example
 * const { value, bins } = measure(calibrationError({ bins: 15 }), { probabilities, labels });
 */
export function measure<Input extends string, Statistic extends string, Result, Optional extends string>(
  metric: Metric<Input, Statistic, Result, Optional>,
  batch: Inputs<Input, Optional, TensorLike>,
): Result {
  const anyMetric = metric as unknown as AnyMetric<Result>;
  return anyMetric.finish(hostStatistics(anyMetric, batch));
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
export function accumulate<Input extends string, Statistic extends string, Result, Optional extends string>(
  metric: Metric<Input, Statistic, Result, Optional>,
): Accumulator<Inputs<Input, Optional, TensorLike>, Result> {
  return accumulatorFrom(metric as unknown as AnyMetric<Result>, { statistics: undefined });
}

/**
 * An accumulator that goes on from a saved state.
 *
 * @param state What `toJSON` of an accumulator of the same metric returned.
 * @throws RangeError when the state belongs to another metric.
 */
export function restore<Input extends string, Statistic extends string, Result, Optional extends string>(
  metric: Metric<Input, Statistic, Result, Optional>,
  state: MetricState,
): Accumulator<Inputs<Input, Optional, TensorLike>, Result> {
  const anyMetric = metric as unknown as AnyMetric<Result>;
  return accumulatorFrom(anyMetric, stateFromJSON(anyMetric, state));
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
