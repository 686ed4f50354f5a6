/** From a loss to a function that tfjs differentiates: the stated gradient handed to `tf.customGrad`. */
import type * as tf from '@tensorflow/tfjs-core';
import type { HostBackend } from '../backend.ts';
import type { Inputs } from '../inputs.ts';
import type { AnyLoss, Form, Loss, LossContext } from '../loss.ts';
import { asGiven, readOptions } from '../options.ts';
import type { TensorLike } from '../tensor.ts';
import { differentiableLoss } from './differentiableLoss.ts';
import type { ModelOutput } from './modelOutput.ts';

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
  readOptions('tfjsLoss', options, { kernels: asGiven });
  const evaluate = differentiableLoss('tfjsLoss', loss as unknown as AnyLoss, options.kernels);
  return (inputs, context) => evaluate(inputs, context) as TfjsLossValue<LossForm>;
}
