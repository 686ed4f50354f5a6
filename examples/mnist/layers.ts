/**
 * Layers that train on every tfjs backend, and the students' multilayer perceptron.
 *
 * Each layer states its gradient through `tf.customGrad`, for three reasons: tfjs-core alone registers hardly any
 * gradient, its wasm backend has none for a convolution's filter, and tfjs's own gradient of `matMul` multiplies with
 * transposed arguments, which wasm does ten times more slowly than it transposes and multiplies plainly.
 */
import * as tf from '@tensorflow/tfjs-core';
import { deriveSeed, randomNormal } from 'dark-knowledge';

/** What a model gives for a batch: class scores, and the activations that they are a linear function of. */
export interface ModelOutput {
  readonly logits: tf.Tensor2D;
  readonly features: tf.Tensor2D;
}

export interface Model {
  /**
   * Images are `[batch, 784]`, pixels in [0, 1]. They count as data, whose gradient is not computed, unless
   * `differentiateImages` asks for it.
   */
  apply(images: tf.Tensor2D, options?: { readonly differentiateImages?: boolean }): ModelOutput;
  /** Every trainable variable, always in the same order. */
  parameters(): tf.Variable[];
}

/** Normal weights with variance `gain`² · 2 / fan-in (He and others, 2015); the last axis holds the outputs. */
export function initializeWeights<Rank extends tf.Rank>(
  shape: tf.ShapeMap[Rank],
  { seed, gain = 1 }: { readonly seed: number; readonly gain?: number },
): tf.Variable<Rank> {
  const lengths: readonly number[] = shape;
  const outputs = lengths[lengths.length - 1]!;
  const size = lengths.reduce((product, length) => product * length, 1);
  const deviation = gain * Math.sqrt(2 / (size / outputs));
  const values = Float32Array.from({ length: size }, (_, index) => deviation * randomNormal(seed, index));
  return tf.variable(tf.tensor<Rank>(values, shape));
}

// tf.customGrad's own type mixes the inputs with the function that saves tensors for the backward pass.
export function differentiable<Output extends tf.Tensor>(
  inputs: readonly tf.Tensor[],
  forward: (save: tf.GradSaveFunc) => Output,
  backward: (upstream: Output, saved: readonly tf.Tensor[]) => tf.Tensor[],
): Output {
  const operation = tf.customGrad((...argumentsAndSave) => {
    const value = forward(argumentsAndSave[argumentsAndSave.length - 1] as tf.GradSaveFunc);
    return { value, gradFunc: (upstream, saved) => backward(upstream as Output, saved) };
  });
  return operation(...inputs) as Output;
}

export interface InputOptions {
  /** True where the input is data: its gradient, which nobody asks for, is then not computed. */
  readonly inputIsData?: boolean;
}

/** `input · weights` for an input `[batch, inputs]` and weights `[inputs, outputs]`. */
export function project(
  input: tf.Tensor2D,
  weights: tf.Variable<tf.Rank.R2>,
  { inputIsData = false }: InputOptions = {},
): tf.Tensor2D {
  return differentiable(
    inputIsData ? [weights] : [weights, input],
    (save) => {
      save([weights, input]);
      return tf.matMul(input, weights);
    },
    (upstream, [savedWeights, savedInput]) => [
      tf.matMul(tf.transpose(savedInput as tf.Tensor2D), upstream),
      ...(inputIsData ? [] : [tf.matMul(upstream, tf.transpose(savedWeights as tf.Tensor2D))]),
    ],
  );
}

/** Adds `bias` `[outputs]` to each row. */
export function addBias(input: tf.Tensor2D, bias: tf.Variable<tf.Rank.R1>): tf.Tensor2D {
  return differentiable(
    [input, bias],
    () => tf.add<tf.Tensor2D>(input, bias),
    (upstream) => [upstream, columnSums(upstream)],
  );
}

// On wasm a product with ones is an order of magnitude faster than tf.sum over the leading axis.
export function columnSums(rows: tf.Tensor2D): tf.Tensor1D {
  return tf.reshape(tf.matMul(tf.ones<tf.Rank.R2>([1, rows.shape[0]]), rows), [rows.shape[1]]);
}

export function relu<Input extends tf.Tensor>(input: Input): Input {
  return differentiable<Input>(
    [input],
    (save) => {
      const output = tf.relu(input);
      save([output]);
      return output;
    },
    (upstream, [output]) => [tf.mul(upstream, tf.sign(output!))],
  );
}

/** `input · factor`. */
export function scaleBy<Input extends tf.Tensor>(input: Input, factor: number): Input {
  return differentiable<Input>(
    [input],
    () => tf.mul(input, factor),
    (upstream) => [tf.mul(upstream, factor)],
  );
}

/** `tf.reshape` with its gradient, which tfjs-core alone does not register. */
export function reshape<Output extends tf.Tensor>(input: tf.Tensor, shape: Output['shape']): Output {
  return differentiable(
    [input],
    () => tf.reshape(input, shape) as Output,
    (upstream) => [tf.reshape(upstream, input.shape)],
  );
}

/** Dense layers with relu between them; the features are the last hidden activations. */
export function createPerceptron({
  seed,
  widths = [784, 512, 128, 32, 10],
}: {
  readonly seed: number;
  readonly widths?: readonly number[];
}): Model {
  const layers = widths.slice(1).map((outputs, index) => ({
    weights: initializeWeights<tf.Rank.R2>([widths[index]!, outputs], { seed: deriveSeed(seed, index) }),
    bias: tf.variable(tf.zeros<tf.Rank.R1>([outputs])),
  }));
  return {
    apply: (images, { differentiateImages = false } = {}) =>
      tf.tidy(() => {
        let features = images;
        let logits = images;
        for (const [index, { weights, bias }] of layers.entries()) {
          features = index === 0 ? images : relu(logits);
          logits = addBias(project(features, weights, { inputIsData: index === 0 && !differentiateImages }), bias);
        }
        return { logits, features };
      }),
    parameters: () => layers.flatMap(({ weights, bias }) => [weights, bias]),
  };
}
