/** A loss as an operation of tfjs with a gradient of its own: what `tfjsLoss` and `distill` hand to tfjs. */
import * as tf from '@tensorflow/tfjs-core';
import type { HostBackend } from '../backend.ts';
import { kindError, rangeError } from '../check.ts';
import { type Inputs, inputsOn } from '../inputs.ts';
import { type AnyLoss, checkIsLoss, type LossContext } from '../loss.ts';
import type { TensorLike } from '../tensor.ts';
import { differentiateOnHost } from './hostDifferentiation.ts';
import { liesInHostMemory } from './hostMemory.ts';
import { fusedLossKernelsOf } from './kernels/fusedKernels.ts';
import { type ModelOutput, onlyTensor } from './modelOutput.ts';
import { recordedDifferentiation } from './recordedDifferentiation.ts';
import { differentiateOnTfjs } from './tfjsDifferentiation.ts';
import { tfjsOperations } from './tfjsOperations.ts';

/** A loss's value on tfjs; `observe` sees the terms of a weighted sum, which are freed when it returns. */
export type DifferentiableLoss = (
  inputs: Inputs<string, string, ModelOutput | TensorLike>,
  context: LossContext | undefined,
  observe?: (terms: Readonly<Record<string, tf.Tensor>>) => void,
) => tf.Tensor;

/** Makes the operation; `where` is the public function that asks for it. */
export function differentiableLoss<T>(
  where: string,
  loss: AnyLoss,
  kernels: HostBackend<T> | undefined,
): DifferentiableLoss {
  checkIsLoss(where, loss);
  if (kernels !== undefined) checkKernels(where, kernels);
  const backend = tfjsOperations(fusedLossKernelsOf);
  const differentiateRecorded = recordedDifferentiation(loss);

  return (inputs, context, observe) =>
    backend.scope(() => {
      refuseHigherOrder(where, loss);
      const placed = inputsOn(backend, loss, tensorsOf(loss, inputs));
      const operation = tf.customGrad((...argumentsAndSave) => {
        const save = argumentsAndSave.at(-1) as tf.GradSaveFunc;
        const { recording } = backend;
        const { value, terms, saved, backward } =
          kernels !== undefined && liesInHostMemory()
            ? differentiateOnHost(kernels, loss, placed, context, observe !== undefined)
            : recording !== undefined
              ? differentiateRecorded(recording, placed, context)
              : differentiateOnTfjs(backend, loss, placed, context);
        observe?.(terms);
        // What is not saved is freed; clones are, so what is saved may be an input that its owner disposes of.
        save([...saved]);
        return { value, gradFunc: (upstream: tf.Tensor, kept: tf.Tensor[]) => [...backward(upstream, kept)] };
      });
      return operation(...loss.differentiable.map((name) => placed[name]).filter((input) => input !== undefined));
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

function checkKernels<T>(where: string, kernels: HostBackend<T>): void {
  if (typeof kernels?.readSync === 'function' && typeof kernels.scope === 'function') return;
  const hint = typeof kernels === 'function' ? 'Call the function, and give what it makes.' : undefined;
  throw kindError(where, 'kernels', 'a backend in host memory, such as that of dark-knowledge/wasm', kernels, hint);
}

/** tfjs would take what a backward pass computes from saved numbers for constants. */
function refuseHigherOrder(where: string, { name }: AnyLoss): void {
  const { gradientDepth } = tf.engine().state;
  if (gradientDepth <= 1) return;
  const hint = 'A loss states its gradient, and no gradient of that.';
  throw rangeError(where, `order of ${name}'s gradient`, '1', gradientDepth, hint);
}
