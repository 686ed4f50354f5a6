/** From a loss to a function that tfjs differentiates: the stated gradient handed to `tf.customGrad`. */
import * as tf from '@tensorflow/tfjs-core';
import type { HostBackend } from '../backend.ts';
import { kindError, rangeError } from '../check.ts';
import { type Inputs, inputsOn } from '../inputs.ts';
import { type AnyLoss, checkIsLoss, type Form, type Loss, type LossContext } from '../loss.ts';
import { asGiven, readOptions } from '../options.ts';
import type { TensorLike } from '../tensor.ts';
import { differentiateOnHost } from './hostDifferentiation.ts';
import { liesInHostMemory } from './hostMemory.ts';
import { fusedLossKernelsOf } from './kernels/fusedKernels.ts';
import { type ModelOutput, onlyTensor } from './modelOutput.ts';
import { differentiateOnTfjs } from './tfjsDifferentiation.ts';
import { tfjsOperations } from './tfjsOperations.ts';

/** A scalar, or with `reduction: 'none'` a tensor of one number a row. */
export type TfjsLossValue<LossForm extends Form> = LossForm extends 'scalar' ? tf.Scalar : tf.Tensor;

/**
 * A loss as a function of tfjs tensors, differentiable by tfjs. Takes what a tfjs-layers model with one output returns from
 * `apply`, as it is declared; host arrays are copied onto tfjs.
 */
export type TfjsLoss<Input extends string, Optional extends string = never, LossForm extends Form = 'scalar'> = (
  inputs: Inputs<Input, Optional, ModelOutput | TensorLike>,
  context?: LossContext,
) => TfjsLossValue<LossForm>;

/** Options of `tfjsLoss`. */
export interface TfjsLossOptions<KernelTensor = unknown> {
  /**
   * A backend in host memory, `wasmBackend()` above all, that computes the loss where tfjs's tensors lie in host memory
   * too: on tfjs's `cpu`, `wasm` and, without a GPU, `tensorflow`. Where they lie on a GPU (`webgpu`, `webgl`, `tensorflow`
   * of tfjs-node-gpu) it is passed over, and tfjs's operations compute the loss as without it.
   */
  readonly kernels?: HostBackend<KernelTensor>;
}

/**
 * Makes a loss trainable with TensorFlow.js: the function that comes back may be called inside `optimizer.minimize`,
 * `tf.variableGrads`, `tf.grads` and `tf.valueAndGrads`, and its gradients are those that the loss states. tfjs
 * differentiates nothing in it, so it trains on backends that lack gradients or gradient kernels (wasm, tfjs-core alone).
 *
 * Gradients flow into the loss's `differentiable` inputs alone: the student's tensors and the loss's own parameters, as
 * tensors or as `tf.Variable`s. First order only: inside a gradient of a gradient the call is refused.
 *
 * With `kernels: wasmBackend()` a loss over rows is several times faster on tfjs backends in host memory: every input is
 * copied into the kernels' memory, value and gradients are computed there together, and the gradients are kept for the
 * backward pass, so ask `evaluateOn` where only the value is wanted. With `reduction: 'none'` the inputs are kept in their
 * place, and the loss is computed again.
 *
 * Leaves no tensor behind but the value, which `tf.tidy` and the gradient functions of tfjs free as usual.
 *
 * @param loss A loss, or a `weightedSum` of several.
 * @returns A function of the inputs and, for scheduled weights, of `{ step }`.
 * @throws TypeError when an input is missing, disposed of or of the wrong shape, when it is several outputs of a model or
 * a symbolic one.
 * @throws RangeError inside a gradient of a gradient.
 * @example
 * const loss = tfjsLoss(weightedSum({
 *   task: { loss: crossEntropy(), weight: 0.1 },
 *   distillation: { loss: klDivergence({ temperature: 4 }), weight: linearRamp({ end: 1000 }) },
 * }));
 * optimizer.minimize(() => loss({ studentLogits: student.apply(x), teacherLogits, labels }, { step }));
 * @example
 * import { wasmBackend } from 'dark-knowledge/wasm';
 * const faster = tfjsLoss(klDivergence({ temperature: 4 }), { kernels: wasmBackend() });
 */
// @__NO_SIDE_EFFECTS__
export function tfjsLoss<
  Input extends string,
  Differentiable extends string,
  Optional extends string,
  LossForm extends Form,
  KernelTensor = unknown,
>(
  loss: Loss<Input, Differentiable, Optional, LossForm>,
  options: TfjsLossOptions<KernelTensor> = {},
): TfjsLoss<Input, Optional, LossForm> {
  const backend = tfjsOperations(fusedLossKernelsOf);
  const anyLoss = loss as unknown as AnyLoss;
  checkIsLoss('tfjsLoss', anyLoss);
  readOptions('tfjsLoss', options, { kernels: asGiven });
  const { kernels } = options;
  if (kernels !== undefined) checkKernels(kernels);

  return (inputs, context) =>
    backend.scope(() => {
      refuseHigherOrder(anyLoss);
      const placed = inputsOn(backend, anyLoss, tensorsOf(anyLoss, inputs));
      const operation = tf.customGrad((...argumentsAndSave) => {
        const save = argumentsAndSave.at(-1) as tf.GradSaveFunc;
        const { value, saved, backward } =
          kernels !== undefined && liesInHostMemory()
            ? differentiateOnHost(kernels, anyLoss, placed, context)
            : differentiateOnTfjs(backend, anyLoss, placed, context);
        // What is not saved is freed; clones are, so what is saved may be an input that its owner disposes of.
        save([...saved]);
        return { value, gradFunc: (upstream: tf.Tensor, kept: tf.Tensor[]) => [...backward(upstream, kept)] };
      });
      const given = anyLoss.differentiable.map((name) => placed[name]).filter((input) => input !== undefined);
      return operation(...given) as TfjsLossValue<LossForm>;
    });
}

/** The inputs with models' outputs out of their lists. */
function tensorsOf(
  { name: where }: AnyLoss,
  inputs: Inputs<string, string, ModelOutput | TensorLike>,
): Inputs<string, string, tf.Tensor | TensorLike> {
  if (typeof inputs !== 'object' || inputs === null) return inputs;
  const entries = Object.entries(inputs).map(([name, value]) => [name, onlyTensor(where, name, value)]);
  return Object.fromEntries(entries);
}

function checkKernels<T>(kernels: HostBackend<T>): void {
  if (typeof kernels?.readSync === 'function' && typeof kernels.scope === 'function') return;
  const hint = typeof kernels === 'function' ? 'Call it: { kernels: wasmBackend() }.' : undefined;
  throw kindError('tfjsLoss', 'kernels', 'a backend in host memory, such as wasmBackend()', kernels, hint);
}

/** tfjs would take what a backward pass computes from saved numbers for constants. */
function refuseHigherOrder({ name }: AnyLoss): void {
  const { gradientDepth } = tf.engine().state;
  if (gradientDepth <= 1) return;
  const hint = 'A loss states its gradient, and no gradient of that.';
  throw rangeError('tfjsLoss', `order of ${name}'s gradient`, '1', gradientDepth, hint);
}
