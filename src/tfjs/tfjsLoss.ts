/** From a loss to a function that tfjs differentiates: the stated gradient handed to `tf.customGrad`. */
import * as tf from '@tensorflow/tfjs-core';
import type { Residuals } from '../backend.ts';
import { kindError } from '../check.ts';
import { type Inputs, inputsOn } from '../inputs.ts';
import { type AnyLoss, backwardOf, type Form, forwardOf, type Loss, type LossContext } from '../loss.ts';
import type { TensorLike } from '../tensor.ts';
import { fusedLossKernelsOf } from './kernels/fusedKernels.ts';
import { tfjsOperations } from './tfjsOperations.ts';

/** A scalar, or with `reduction: 'none'` a tensor of one number a row. */
export type TfjsLossValue<LossForm extends Form> = LossForm extends 'scalar' ? tf.Scalar : tf.Tensor;

/** A loss as a function of tfjs tensors (host arrays are copied onto tfjs), differentiable by tfjs. */
export type TfjsLoss<Input extends string, Optional extends string = never, LossForm extends Form = 'scalar'> = (
  inputs: Inputs<Input, Optional, tf.Tensor | TensorLike>,
  context?: LossContext,
) => TfjsLossValue<LossForm>;

/**
 * Makes a loss trainable with TensorFlow.js: the function that comes back may be called inside `optimizer.minimize`,
 * `tf.variableGrads`, `tf.grads` and `tf.valueAndGrads`, and its gradients are those that the loss states. tfjs
 * differentiates nothing in it, so it trains on backends that lack gradients or gradient kernels (wasm, tfjs-core alone).
 *
 * Gradients flow into the loss's `differentiable` inputs alone: the student's tensors and the loss's own parameters, as
 * tensors or as `tf.Variable`s. First order only: a gradient of this gradient is an error of tfjs or wrong.
 *
 * Leaves no tensor behind but the value, which `tf.tidy` and the gradient functions of tfjs free as usual.
 *
 * @param loss A loss, or a `weightedSum` of several.
 * @returns A function of the inputs and, for scheduled weights, of `{ step }`.
 * @throws TypeError when an input is missing, disposed of or of the wrong shape.
 * @example
 * const loss = tfjsLoss(weightedSum({
 *   task: { loss: crossEntropy(), weight: 0.1 },
 *   distillation: { loss: klDivergence({ temperature: 4 }), weight: linearRamp({ end: 1000 }) },
 * }));
 * optimizer.minimize(() => loss({ studentLogits: student.apply(x), teacherLogits, labels }, { step }));
 */
// @__NO_SIDE_EFFECTS__
export function tfjsLoss<
  Input extends string,
  Differentiable extends string,
  Optional extends string,
  LossForm extends Form,
>(loss: Loss<Input, Differentiable, Optional, LossForm>): TfjsLoss<Input, Optional, LossForm> {
  if (typeof loss?.forward !== 'function') throw kindError('tfjsLoss', 'loss', 'a loss', loss);
  const backend = tfjsOperations(fusedLossKernelsOf);
  const anyLoss = loss as unknown as AnyLoss;

  return (inputs, context) =>
    backend.scope(() => {
      const placed = inputsOn(backend, anyLoss, inputs as Inputs<string, string, tf.Tensor | TensorLike>);
      const given = anyLoss.differentiable.map((name) => placed[name]);
      const isGiven = <Value>(value: Value | undefined): value is Value => value !== undefined;
      const operation = tf.customGrad((...argumentsAndSave) => {
        const save = argumentsAndSave.at(-1) as tf.GradSaveFunc;
        const { value, residuals } = forwardOf(backend, anyLoss, placed, context);
        const leaves = leavesOf(residuals);
        // What is not saved is freed; clones are, so a residual may be an input that its owner disposes of.
        save(leaves as tf.Tensor[]);
        return {
          // tfjs takes a function's result for a new tensor.
          value: Object.values(placed).includes(value) ? tf.clone(value) : value,
          gradFunc: (upstream: tf.Tensor, saved: tf.Tensor[]) =>
            backend.scope(() => backwardOf(backend, anyLoss, withLeaves(residuals, saved), upstream).filter(isGiven)),
        };
      });
      return operation(...given.filter(isGiven)) as TfjsLossValue<LossForm>;
    });
}

/** The tensors of a tree of residuals, in the order of its names. */
function leavesOf(residuals: Residuals<tf.Tensor>): readonly tf.Tensor[] {
  return Object.values(residuals).flatMap((branch) =>
    branch === undefined ? [] : branch instanceof tf.Tensor ? [branch] : leavesOf(branch),
  );
}

/** The same tree with other tensors in the same order. */
function withLeaves(residuals: Residuals<tf.Tensor>, leaves: readonly tf.Tensor[]): Residuals<tf.Tensor> {
  const next = leaves.values();
  const rebuild = (branches: Residuals<tf.Tensor>): Residuals<tf.Tensor> =>
    Object.fromEntries(
      Object.entries(branches).map(([name, branch]) => {
        if (branch === undefined) return [name, undefined];
        return [name, branch instanceof tf.Tensor ? next.next().value : rebuild(branch)];
      }),
    );
  return rebuild(residuals);
}
