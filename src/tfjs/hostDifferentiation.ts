/** A loss on tfjs tensors computed by another backend in host memory: copied in, differentiated there, copied out. */
import * as tf from '@tensorflow/tfjs-core';
import type { HostBackend } from '../backend.ts';
import { type Inputs, placeOn } from '../inputs.ts';
import { type AnyLoss, backwardOf, differentiatePlaced, evaluatePlaced, forwardOf, type LossContext } from '../loss.ts';
import type { HostTensor } from '../tensor.ts';
import { hostTensorOf, tensorOf } from './hostMemory.ts';
import type { Differentiation } from './tfjsDifferentiation.ts';

type TfjsInputs = Inputs<string, string, tf.Tensor>;

/**
 * The loss's value and what its backward pass needs. Nothing stays behind on `kernels`. The terms of a weighted sum are
 * computed where they are asked for: one whose weight is 0 costs nothing otherwise.
 */
export function differentiateOnHost<T>(
  kernels: HostBackend<T>,
  loss: AnyLoss,
  inputs: TfjsInputs,
  context: LossContext | undefined,
  withTerms: boolean,
): Differentiation {
  return loss.form === 'scalar'
    ? withItsGradients(kernels, loss, inputs, context, withTerms)
    : withItsInputs(kernels, loss, inputs, context);
}

/** A scalar's gradients are linear in what arrives from above, so they are computed with the value and kept. */
function withItsGradients<T>(
  kernels: HostBackend<T>,
  loss: AnyLoss,
  inputs: TfjsInputs,
  context: LossContext | undefined,
  withTerms: boolean,
): Differentiation {
  let names: readonly string[] = [];
  const [value, ...others] = computed(kernels, inputs, (placed) => {
    const { value, terms, gradients } = differentiatePlaced(kernels, loss, placed, context);
    if (withTerms) names = Object.keys(terms);
    return [value, ...names.map((name) => terms[name]!), ...loss.differentiable.map((name) => gradients[name])];
  });
  return {
    value: value!,
    terms: Object.fromEntries(names.map((name, at) => [name, others[at]!])),
    saved: others.slice(names.length),
    backward: (upstream, kept) => kept.map((gradient) => scaled(gradient, upstream)),
  };
}

/**
 * A row's gradient may reach parameters that all rows share, so what arrives for each row has to be there first: the
 * inputs are kept, and the loss is computed again.
 */
function withItsInputs<T>(
  kernels: HostBackend<T>,
  loss: AnyLoss,
  inputs: TfjsInputs,
  context: LossContext | undefined,
): Differentiation {
  const names = Object.keys(inputs).filter((name) => inputs[name] !== undefined);
  const [value] = computed(kernels, inputs, (placed) => [evaluatePlaced(kernels, loss, placed, context).value]);
  return {
    value: value!,
    terms: {},
    saved: names.map((name) => inputs[name]!),
    backward: (upstream, kept) =>
      computed(kernels, { ...Object.fromEntries(names.map((name, at) => [name, kept[at]])), upstream }, (placed) => {
        const { upstream: above, ...own } = placed;
        return backwardOf(kernels, loss, forwardOf(kernels, loss, own, context).residuals, above!);
      }),
  };
}

/** Copies inputs onto `kernels`, and what is computed from them back; what was not given stays out of it. */
function computed<T>(
  kernels: HostBackend<T>,
  inputs: TfjsInputs,
  compute: (placed: Inputs<string, string, T>) => readonly (T | undefined)[],
): readonly tf.Tensor[] {
  const host: Record<string, HostTensor> = {};
  for (const [name, input] of Object.entries(inputs)) if (input !== undefined) host[name] = hostTensorOf(input);
  // All results leave the scope together, so that a backend which records computes them in one go.
  const results = kernels.scope(() =>
    compute(placeOn(kernels, host)).filter((result): result is T & {} => result !== undefined),
  );
  try {
    return results.map((result) => tensorOf(kernels.readSync(result)));
  } finally {
    for (const result of new Set(results)) kernels.dispose(result);
  }
}

/** A product with a number that in training is 1 nearly always. */
function scaled(gradient: tf.Tensor, upstream: tf.Tensor): tf.Tensor {
  return upstream.dataSync()[0] === 1 ? tf.clone(gradient) : tf.mul(gradient, upstream);
}
