/**
 * A convolutional network that shows its layers: three convolutions, a pooling after the second, two dense layers. Two of
 * them of unequal width are teacher and student of one family.
 */
import * as tf from '@tensorflow/tfjs-core';
import { deriveSeed } from 'dark-knowledge';
import { convolution, maxPool } from '../../examples/mnist/imageLayers.ts';
import { addBias, initializeWeights, project, relu, reshape } from '../../examples/mnist/layers.ts';

export interface LayeredNetworkSizes {
  /** Channels of an image. */
  readonly inputs: number;
  /** Height and width of an image; even. */
  readonly side: number;
  /** Height and width of the convolutions' filters; odd. */
  readonly filter: number;
  /** Channels of the three convolutions. */
  readonly channels: readonly [number, number, number];
  readonly hidden: number;
  readonly classes: number;
}

/** The layers, from the image on. */
export const layerNames = ['convolution 1', 'convolution 2', 'convolution 3', 'hidden', 'logits'] as const;
export type LayerName = (typeof layerNames)[number];

export interface LayeredOutputs {
  readonly logits: tf.Tensor2D;
  /** What the logits are a linear function of, [batch, hidden]. */
  readonly features: tf.Tensor2D;
  /** The second convolution's, pooled: [batch, side/2, side/2, channels]. */
  readonly maps: tf.Tensor4D;
  /** By `layerNames`. */
  readonly layers: Readonly<Record<LayerName, tf.Tensor>>;
}

export interface LayeredNetwork {
  readonly sizes: LayeredNetworkSizes;
  /** Images [batch, side, side, inputs]; their gradient is known where `differentiateImages` asks for it. */
  apply(images: tf.Tensor4D, options?: { readonly differentiateImages?: boolean }): LayeredOutputs;
  /** From the third convolution's map to the logits. */
  head(map: tf.Tensor4D): tf.Tensor2D;
  parameters(): tf.Variable[];
}

export function createLayeredNetwork(seed: number, sizes: LayeredNetworkSizes): LayeredNetwork {
  const { inputs, side, filter, channels, hidden, classes } = sizes;
  const filterOf = (from: number, to: number, part: number) => ({
    filter: initializeWeights<tf.Rank.R4>([filter, filter, from, to], { seed: deriveSeed(seed, part) }),
    bias: tf.variable(tf.zeros<tf.Rank.R1>([to])),
  });
  const dense = (from: number, to: number, part: number, gain: number) => ({
    weights: initializeWeights<tf.Rank.R2>([from, to], { seed: deriveSeed(seed, part), gain }),
    bias: tf.variable(tf.zeros<tf.Rank.R1>([to])),
  });
  const first = filterOf(inputs, channels[0], 0);
  const second = filterOf(channels[0], channels[1], 1);
  const third = filterOf(channels[1], channels[2], 2);
  const places = (side / 2) ** 2;
  const fourth = dense(places * channels[2], hidden, 3, 1);
  const last = dense(hidden, classes, 4, Math.SQRT1_2);

  const hiddenOf = (map: tf.Tensor4D): tf.Tensor2D => {
    const flat = reshape<tf.Tensor2D>(map, [map.shape[0], places * channels[2]]);
    return relu(addBias(project(flat, fourth.weights), fourth.bias));
  };
  const logitsOf = (features: tf.Tensor2D): tf.Tensor2D => addBias(project(features, last.weights), last.bias);

  return {
    sizes,
    apply: (images, { differentiateImages = false } = {}) =>
      tf.tidy(() => {
        const layer = (input: tf.Tensor4D, { filter, bias }: typeof first, inputIsData = false) =>
          relu(addChannelBias(convolution(input, filter, { inputIsData }), bias));
        const one = layer(images, first, !differentiateImages);
        const two = maxPool(layer(one, second), [2, 2]);
        const three = layer(two, third);
        const features = hiddenOf(three);
        const logits = logitsOf(features);
        return {
          logits,
          features,
          maps: two,
          layers: {
            'convolution 1': one,
            'convolution 2': two,
            'convolution 3': three,
            hidden: features,
            logits,
          },
        };
      }),
    head: (map) => tf.tidy(() => logitsOf(hiddenOf(map))),
    parameters: () =>
      [first, second, third]
        .flatMap(({ filter, bias }) => [filter, bias] as tf.Variable[])
        .concat([fourth.weights, fourth.bias, last.weights, last.bias]),
  };
}

function addChannelBias(input: tf.Tensor4D, bias: tf.Variable<tf.Rank.R1>): tf.Tensor4D {
  const channels = bias.shape[0];
  const rows = reshape<tf.Tensor2D>(input, [input.size / channels, channels]);
  return reshape<tf.Tensor4D>(addBias(rows, bias), input.shape);
}
