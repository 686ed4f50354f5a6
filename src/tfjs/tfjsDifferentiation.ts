/** A loss on tfjs tensors computed by tfjs's own operations. */
import * as tf from '@tensorflow/tfjs-core';
import type { Backend, Residuals } from '../backend.ts';
import type { Inputs } from '../inputs.ts';
import { type AnyLoss, backwardOf, forwardOf, type LossContext } from '../loss.ts';

/** A loss's value, and its gradients for later. */
export interface Differentiation {
  readonly value: tf.Tensor;
  /** The value of each part of a weighted sum, before its weight. */
  readonly terms: Readonly<Record<string, tf.Tensor>>;
  /** What the backward pass needs, for tfjs to keep: it frees everything else. */
  readonly saved: readonly tf.Tensor[];
  /** A gradient for each differentiable input that was given, in their order, from what was saved. */
  backward(upstream: tf.Tensor, saved: readonly tf.Tensor[]): readonly tf.Tensor[];
}

/** The loss's forward pass, and its backward pass from the residuals. */
export function differentiateOnTfjs(
  backend: Backend<tf.Tensor>,
  loss: AnyLoss,
  inputs: Inputs<string, string, tf.Tensor>,
  context: LossContext | undefined,
): Differentiation {
  loss.check(backend, inputs);
  const { value, residuals, terms = {} } = forwardOf(backend, loss, inputs, context);
  return {
    // tfjs takes a function's result for a new tensor.
    value: Object.values(inputs).includes(value) ? tf.clone(value) : value,
    terms,
    saved: leavesOf(residuals),
    backward: (upstream, saved) =>
      backend.scope(() =>
        backwardOf(backend, loss, withLeaves(residuals, saved), upstream).filter((gradient) => gradient !== undefined),
      ),
  };
}

/** The tensors of a tree of residuals, in the order of its names. */
export function leavesOf(residuals: Residuals<tf.Tensor>): readonly tf.Tensor[] {
  return Object.values(residuals).flatMap((branch) =>
    branch === undefined ? [] : branch instanceof tf.Tensor ? [branch] : leavesOf(branch),
  );
}

/** The same tree with other tensors in the same order. */
export function withLeaves<T>(residuals: Residuals<tf.Tensor>, leaves: readonly T[]): Residuals<T> {
  const next = leaves.values();
  const rebuild = (branches: Residuals<tf.Tensor>): Residuals<T> =>
    Object.fromEntries(
      Object.entries(branches).map(([name, branch]) => {
        if (branch === undefined) return [name, undefined];
        return [name, branch instanceof tf.Tensor ? next.next().value : rebuild(branch)];
      }),
    );
  return rebuild(residuals);
}
