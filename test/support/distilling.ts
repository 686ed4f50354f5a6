/** Small models and samples on which `distill` is tried. */
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import { randomNormal } from 'dark-knowledge';

/** A classifier of 4 numbers into 3 classes whose weights depend on the seed alone. */
export function classifier(seed: number, hidden: number): layers.Sequential {
  const drawn = (at: number): ReturnType<typeof layers.initializers.glorotNormal> =>
    layers.initializers.glorotNormal({ seed: 10 * seed + at });
  const model = layers.sequential();
  const { dense } = layers.layers;
  model.add(
    dense({
      units: hidden,
      inputShape: [4],
      activation: 'tanh',
      name: `hidden${hidden}`,
      kernelInitializer: drawn(1),
    }),
  );
  model.add(dense({ units: 3, kernelInitializer: drawn(2) }));
  return model;
}

/** Normal numbers, [count, width], the same everywhere. */
export function normal(seed: number, count: number, width: number): tf.Tensor2D {
  const numbers = Float32Array.from({ length: count * width }, (_, at) => randomNormal(seed, at));
  return tf.tensor2d(numbers, [count, width]);
}

/** Samples of the classifier, each with one of its three classes. */
export function samples(count: number): { readonly inputs: tf.Tensor2D; readonly labels: tf.Tensor1D } {
  const inputs = normal(1, count, 4);
  const labels = tf.tidy(() => tf.cast(tf.argMax(tf.slice(inputs, [0, 0], [count, 3]), 1), 'int32') as tf.Tensor1D);
  return { inputs, labels };
}

/** A model's weights, as plain numbers. */
export function weightsOf(model: layers.LayersModel): number[][] {
  return model.getWeights().map((weight) => Array.from(weight.dataSync()));
}

/** How many more tensors there are after some work than before. */
export async function tensorsLeftBy(work: () => Promise<unknown>): Promise<number> {
  const before = tf.memory().numTensors;
  await work();
  return tf.memory().numTensors - before;
}
