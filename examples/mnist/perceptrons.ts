/** Perceptrons of tfjs-layers, and parts of MNIST as tensors for them. */
import * as tf from '@tensorflow/tfjs-core';
import { initializers, layers, type Sequential, sequential } from '@tensorflow/tfjs-layers';
import { type Dataset, pixelsPerImage } from './data.ts';

/** A perceptron of ten classes, whose first weights depend on the seed alone. Its hidden layers are `hidden1Of` and the seed … */
export function perceptron(widths: readonly number[], seed: number): Sequential {
  const model = sequential();
  widths.forEach((units, at) => {
    const shape = at === 0 ? { inputShape: [pixelsPerImage] } : {};
    const kernelInitializer = initializers.heNormal({ seed: 100 * seed + at });
    model.add(
      layers.dense({ units, activation: 'relu', name: `hidden${at + 1}Of${seed}`, kernelInitializer, ...shape }),
    );
  });
  model.add(layers.dense({ units: 10, kernelInitializer: initializers.glorotNormal({ seed: 100 * seed + 99 }) }));
  return model;
}

/** Some images, [count, 784], and their digits. */
export function take(
  { images, labels }: Dataset,
  start: number,
  count: number,
): { readonly images: tf.Tensor2D; readonly labels: tf.Tensor1D } {
  const pixels = images.slice(start * pixelsPerImage, (start + count) * pixelsPerImage);
  return {
    images: tf.tensor2d(pixels, [count, pixelsPerImage]),
    labels: tf.tensor1d(labels.slice(start, start + count), 'int32'),
  };
}
