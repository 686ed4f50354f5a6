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
function differentiable<Output extends tf.Tensor>(
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

interface InputOptions {
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
function columnSums(rows: tf.Tensor2D): tf.Tensor1D {
  return tf.reshape(tf.matMul(tf.ones<tf.Rank.R2>([1, rows.shape[0]]), rows), [rows.shape[1]]);
}

/**
 * A convolution with odd sides, stride 1 and zero padding that keeps height and width; it has no bias.
 *
 * Both gradients are convolutions again, so they run on the backend's fast kernel. With respect to the input: of the
 * upstream gradient with the turned filter. With respect to the filter: of the input with the upstream gradient as one
 * large filter, where examples take the part of input channels and channels that of examples.
 */
export function convolution(
  input: tf.Tensor4D,
  filter: tf.Variable<tf.Rank.R4>,
  { inputIsData = false }: InputOptions = {},
): tf.Tensor4D {
  const padding = (filter.shape[0] - 1) / 2;
  return differentiable(
    inputIsData ? [filter] : [filter, input],
    (save) => {
      save([filter, input]);
      return tf.conv2d(input, filter, 1, padding);
    },
    (upstream, saved) => {
      const [savedFilter, savedInput] = saved as [tf.Tensor4D, tf.Tensor4D];
      const channelsFirst = tf.transpose(savedInput, [3, 1, 2, 0]);
      const asFilter = tf.transpose(upstream, [1, 2, 0, 3]);
      const filterGradient = tf.transpose(tf.conv2d(channelsFirst, asFilter, 1, padding), [1, 2, 0, 3]);
      if (inputIsData) return [filterGradient];
      const turned = tf.transpose(tf.reverse(savedFilter, [0, 1]), [0, 1, 3, 2]);
      return [filterGradient, tf.conv2d(upstream, turned, 1, padding)];
    },
  );
}

export function relu<Input extends tf.Tensor>(input: Input): Input {
  return differentiable<Input>(
    [input],
    (save) => {
      const output = tf.relu(input);
      save([output]);
      return output;
    },
    (upstream, [output]) => [tf.mul(upstream, tf.step(output!))],
  );
}

/**
 * The largest value in each of the windows that tile height and width. Where several values of a window are equally
 * large, as everywhere in an empty part of an image, each gets an equal share of the gradient.
 */
export function maxPool(input: tf.Tensor4D, [height, width]: [number, number]): tf.Tensor4D {
  const window: [number, number] = [height, width];
  return differentiable(
    [input],
    (save) => {
      const output = tf.maxPool(input, window, window, 'valid');
      save([input, output]);
      return output;
    },
    (upstream, saved) => {
      const [savedInput, output] = saved as [tf.Tensor4D, tf.Tensor4D];
      const size: [number, number] = [savedInput.shape[1], savedInput.shape[2]];
      const spread = (values: tf.Tensor4D) => tf.image.resizeNearestNeighbor(values, size);
      // On wasm step, sub and mul are several times faster than equal and where.
      const isLargest = tf.sub<tf.Tensor4D>(1, tf.step(tf.sub(spread(output), savedInput)));
      const shareLargest = tf.avgPool(isLargest, window, window, 'valid');
      const perElement = tf.div<tf.Tensor4D>(upstream, tf.mul(shareLargest, height * width));
      return [tf.mul(isLargest, spread(perElement))];
    },
  );
}

/** The largest of `pieces` groups of channels (Goodfellow and others, 2013); channel c is in unit c mod (channels / pieces). */
export function maxout(input: tf.Tensor4D, pieces: number): tf.Tensor4D {
  const [batch, height, width, channels] = input.shape;
  const units = channels / pieces;
  const asColumns = reshape<tf.Tensor4D>(input, [batch * height * width, pieces, 1, units]);
  return reshape<tf.Tensor4D>(maxPool(asColumns, [pieces, 1]), [batch, height, width, units]);
}

/** The mean over height and width: `[batch, height, width, channels]` to `[batch, channels]`. */
export function globalAveragePool(input: tf.Tensor4D): tf.Tensor2D {
  const [batch, height, width, channels] = input.shape;
  return differentiable(
    [input],
    () => averageOverSpace(input),
    (upstream) => {
      const perElement = tf.reshape(tf.div(upstream, height * width), [batch, 1, 1, channels]);
      return [tf.image.resizeNearestNeighbor(perElement as tf.Tensor4D, [height, width])];
    },
  );
}

/** Images with `margin` zeros on each side. */
export function pad(input: tf.Tensor4D, margin: number): tf.Tensor4D {
  const [batch, height, width, channels] = input.shape;
  const around: [number, number] = [margin, margin];
  return differentiable(
    [input],
    () => tf.pad(input, [[0, 0], around, around, [0, 0]]),
    (upstream) => [tf.slice(upstream, [0, margin, margin, 0], [batch, height, width, channels])],
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

/**
 * Each channel divided by its root mean square over the batch and all positions: batch normalisation without a mean, so
 * that zero stays zero. `record` receives the mean squares, which a running average turns into constants after training.
 */
export function normalizeChannels(input: tf.Tensor4D, record: (meanSquares: tf.Tensor1D) => void): tf.Tensor4D {
  return differentiable(
    [input],
    (save) => {
      const meanSquares = channelMeans(tf.square(input));
      record(meanSquares);
      const factors = tf.rsqrt(tf.add(meanSquares, 1e-6));
      const output = tf.mul<tf.Tensor4D>(input, factors);
      save([output, factors]);
      return output;
    },
    (upstream, [output, factors]) => {
      const along = channelMeans(tf.mul(upstream, output!) as tf.Tensor4D);
      return [tf.mul(tf.sub(upstream, tf.mul(output!, along)), factors!)];
    },
  );
}

function channelMeans(input: tf.Tensor4D): tf.Tensor1D {
  return tf.div<tf.Tensor1D>(columnSums(averageOverSpace(input)), input.shape[0]);
}

// tf.mean over these axes transposes first on wasm; the pooling kernel does not.
function averageOverSpace(input: tf.Tensor4D): tf.Tensor2D {
  const [batch, height, width, channels] = input.shape;
  return tf.reshape(tf.avgPool(input, [height, width], 1, 'valid'), [batch, channels]);
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
