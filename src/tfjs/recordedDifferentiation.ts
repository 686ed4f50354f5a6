/** A loss on tfjs tensors computed by kernels that are generated for it. */
import type * as tf from '@tensorflow/tfjs-core';
import type { Forward, Residuals } from '../backend.ts';
import type { Inputs } from '../inputs.ts';
import { type AnyLoss, backwardOf, evaluatePlaced, forwardOf, type LossContext } from '../loss.ts';
import type { TfjsRecording } from './fusion/recording.ts';
import { type Differentiation, leavesOf, withLeaves } from './tfjsDifferentiation.ts';

/** Makes the function that computes a loss's value, and its gradients for later. */
export function recordedDifferentiation(
  loss: AnyLoss,
): (
  recording: TfjsRecording,
  inputs: Inputs<string, string, tf.Tensor>,
  context: LossContext | undefined,
) => Differentiation {
  /** Whether a forward pass has needed more than its kernels: products, or kernels by hand. */
  let isCostly = false;

  return (recording, inputs, context) => {
    const before = recording.foreign();
    const made = isCostly
      ? recording.run(inputs, (own, placed) => {
          loss.check(own, placed);
          return { ...forwardOf(own, loss, placed, context) };
        })
      : recording.run(inputs, (own, placed) => ({ ...evaluatePlaced(own, loss, placed, context) }));
    isCostly ||= recording.foreign() > before;
    const { value, terms = {}, residuals } = made as Partial<Forward<tf.Tensor>> & { readonly value: tf.Tensor };
    return residuals === undefined
      ? { value, terms, ...fromInputs(recording, loss, inputs, context) }
      : { value, terms, ...fromResiduals(recording, loss, residuals) };
  };
}

type Backward = Pick<Differentiation, 'saved' | 'backward'>;

/**
 * The backward pass from the inputs: a program has one output, so a gradient is a program of its own in any case, and what
 * it needs of the forward pass is found in the walks that it makes anyway. Nothing but the inputs is kept.
 */
function fromInputs(
  recording: TfjsRecording,
  loss: AnyLoss,
  inputs: Inputs<string, string, tf.Tensor>,
  context: LossContext | undefined,
): Backward {
  const names = Object.keys(inputs).filter((name) => inputs[name] !== undefined);
  return {
    saved: names.map((name) => inputs[name]!),
    backward(upstream, saved) {
      const given = Object.fromEntries(names.map((name, at) => [name, saved[at]]));
      const gradients = recording.run({ ...given, upstream }, (own, { upstream: above, ...placed }) => {
        const { residuals } = forwardOf(own, loss, placed, context);
        return byPlace(backwardOf(own, loss, residuals, above!));
      });
      return Object.values(gradients) as tf.Tensor[];
    },
  };
}

/** The backward pass from what the forward pass has left: products are not computed twice. */
function fromResiduals(recording: TfjsRecording, loss: AnyLoss, residuals: Residuals<tf.Tensor>): Backward {
  return {
    saved: leavesOf(residuals),
    backward(upstream, saved) {
      const gradients = recording.run({ ...byPlace(saved), upstream }, (own, { upstream: above, ...leaves }) =>
        byPlace(backwardOf(own, loss, withLeaves(residuals, Object.values(leaves)), above!)),
      );
      return Object.values(gradients) as tf.Tensor[];
    },
  };
}

/** A list as a record, which keeps its order; what was not given stays out of it. */
function byPlace<T>(tensors: readonly (T | undefined)[]): Readonly<Record<string, T>> {
  const given = tensors.filter((tensor): tensor is T & {} => tensor !== undefined);
  return Object.fromEntries(given.map((tensor, at) => [String(at), tensor]));
}
