/**
 * The plain-name runners of losses: host arrays in, plain numbers and host tensors out, synchronously.
 *
 * Precision follows the data: where every input that gets a gradient is a `Float32Array`, they run on WebAssembly in
 * float32; doubles (plain numbers, `Float64Array`, ml-matrix) run on `cpu` in float64.
 */
import type { HostBackend } from './backend.ts';
import { doubleBackend, isDouble, singleBackendWith } from './hostBackend.ts';
import { hostInputs, type Inputs, placeOn } from './inputs.ts';
import {
  type AnyLoss,
  checkIsLoss,
  type DifferentiableOf,
  differentiatePlaced,
  evaluatePlaced,
  type Form,
  type Gradients,
  type InputsOf,
  type LossContext,
  type OptionalOf,
} from './loss.ts';
import type { HostTensor, TensorLike } from './tensor.ts';
import { lossKernels } from './wasm/kernels/index.ts';

const singleBackend = /* @__PURE__ */ singleBackendWith(lossKernels);

/** Runs on the backend of the inputs' precision and frees what it made there; `compute` brings its result home. */
function onHost<Result>(
  where: string,
  loss: AnyLoss,
  given: Inputs<string, string, TensorLike>,
  compute: <T>(backend: HostBackend<T>, inputs: Inputs<string, string, T>) => Result,
): Result {
  checkIsLoss(where, loss);
  const inputs = hostInputs(loss, given);
  const double = loss.differentiable.some((name) => isDouble(inputs[name]));
  const run = <T>(backend: HostBackend<T>): Result => backend.scope(() => compute(backend, placeOn(backend, inputs)));
  return double ? run(doubleBackend()) : run(singleBackend() as HostBackend<unknown>);
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
export interface GradientEvaluation<
  Differentiable extends string,
  LossForm extends Form = 'scalar',
  Optional extends string = never,
> extends Evaluation<LossForm> {
  readonly gradients: Gradients<Differentiable, Optional, HostTensor>;
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
export function evaluate<L extends AnyLoss>(
  loss: L,
  inputs: InputsOf<L, TensorLike>,
  context?: LossContext,
): Evaluation<L['form']> {
  const plain: AnyLoss = loss;
  return onHost('evaluate', plain, inputs, (backend, placed) => {
    // In a scope of its own: what is handed over together is computed in one go, whichever part is read first.
    const { value, terms } = backend.scope(() => evaluatePlaced(backend, plain, placed, context));
    return { value: plainValue<L['form']>(loss.form, backend.readSync(value)), terms: plainTerms(backend, terms) };
  });
}

/**
 * Computes a loss and its gradients on host arrays.
 *
 * @returns The value, the value of each term, and a host tensor for each differentiable input.
 * @example
 * const { value, gradients } = valueAndGradients(crossEntropy(), { studentLogits: [[1, 2]], labels: [0] });
 * gradients.studentLogits.data; // d value / d studentLogits
 */
export function valueAndGradients<L extends AnyLoss>(
  loss: L,
  inputs: InputsOf<L, TensorLike>,
  context?: LossContext,
): GradientEvaluation<DifferentiableOf<L>, L['form'], OptionalOf<L>> {
  const plain: AnyLoss = loss;
  return onHost('valueAndGradients', plain, inputs, (backend, placed) => {
    const { value, terms, gradients } = backend.scope(() => differentiatePlaced(backend, plain, placed, context));
    const given = plain.differentiable.filter((name) => gradients[name] !== undefined);
    const read = Object.fromEntries(given.map((name) => [name, backend.readSync(gradients[name]!)]));
    return {
      value: plainValue<L['form']>(loss.form, backend.readSync(value)),
      terms: plainTerms(backend, terms),
      gradients: read as Gradients<DifferentiableOf<L>, OptionalOf<L>, HostTensor>,
    };
  });
}
