/**
 * The convolutional network of PyTorch's MNIST example, which *what knowledge gets distilled* (2023, appendix A) trains as
 * teacher and as student: two convolutions, a pooling, two dense layers, dropout after the pooling and before the last one.
 * Convolutions keep height and width here, so that the map of the second has the image’s.
 */
import * as tf from '@tensorflow/tfjs-core';
import { deriveSeed } from 'dark-knowledge';
import { convolution, maxPool } from '../../examples/mnist/imageLayers.ts';
import { addBias, differentiable, initializeWeights, project, relu, reshape } from '../../examples/mnist/layers.ts';

export interface DigitNetworkSizes {
  /** Pixels along an image, an even number. */
  readonly side: number;
  /** Channels of an image. */
  readonly inputs: number;
  /** Channels of the two convolutions. */
  readonly channels: readonly [number, number];
  readonly hidden: number;
}

export interface DigitOutputs {
  readonly logits: tf.Tensor2D;
  /** What the logits are a linear function of, [batch, hidden]. */
  readonly features: tf.Tensor2D;
  /** The second convolution's map, [batch, side, side, channels]. */
  readonly maps: tf.Tensor4D;
}

export interface DigitNetwork {
  /** Images [batch, side, side, channels]; dropout where a seed is given. */
  apply(images: tf.Tensor4D, dropoutSeed?: number): DigitOutputs;
  parameters(): tf.Variable[];
}

/** Variance 1/(3·fan-in), as PyTorch initialises its layers. */
const gain = 1 / Math.sqrt(6);

const classes = 10;

export function createDigitNetwork(seed: number, { side, inputs, channels, hidden }: DigitNetworkSizes): DigitNetwork {
  const filter = (from: number, to: number, part: number) =>
    initializeWeights<tf.Rank.R4>([3, 3, from, to], { seed: deriveSeed(seed, part), gain });
  const dense = (from: number, to: number, part: number) => ({
    weights: initializeWeights<tf.Rank.R2>([from, to], { seed: deriveSeed(seed, part), gain }),
    bias: tf.variable(tf.zeros<tf.Rank.R1>([to])),
  });
  const first = filter(inputs, channels[0], 0);
  const second = filter(channels[0], channels[1], 1);
  const pooledSize = (side / 2) ** 2 * channels[1];
  const third = dense(pooledSize, hidden, 2);
  const last = dense(hidden, classes, 3);

  return {
    apply: (images, dropoutSeed) =>
      tf.tidy(() => {
        const batch = images.shape[0];
        const maps = relu(convolution(relu(convolution(images, first, { inputIsData: true })), second));
        const pooled = reshape<tf.Tensor2D>(maxPool(maps, [2, 2]), [batch, pooledSize]);
        const dropped = dropoutSeed === undefined ? pooled : dropout(pooled, 0.25, deriveSeed(dropoutSeed, 0));
        const features = relu(addBias(project(dropped, third.weights), third.bias));
        const thinned = dropoutSeed === undefined ? features : dropout(features, 0.5, deriveSeed(dropoutSeed, 1));
        return { logits: addBias(project(thinned, last.weights), last.bias), features, maps };
      }),
    parameters: () => [first, second, third.weights, third.bias, last.weights, last.bias],
  };
}

/** Zeroes a share of the values and scales the others up for it. */
function dropout(input: tf.Tensor2D, rate: number, seed: number): tf.Tensor2D {
  const mask = (): tf.Tensor2D =>
    tf.div(tf.floor(tf.add(tf.randomUniform<tf.Rank.R2>(input.shape, 0, 1, 'float32', seed), 1 - rate)), 1 - rate);
  return differentiable(
    [input],
    (save) => {
      const kept = mask();
      save([kept]);
      return tf.mul<tf.Tensor2D>(input, kept);
    },
    (upstream, [kept]) => [tf.mul(upstream, kept!)],
  );
}
