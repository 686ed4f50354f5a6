/** Adam over all parameters as one vector: tfjs's own runs a dozen operations for each of them, which small models wait for. */
import * as tf from '@tensorflow/tfjs-core';
import type { Optimizer } from './training.ts';

const [firstDecay, secondDecay, smallest] = [0.9, 0.999, 1e-8];

/** The same steps as `tf.train.adam`, whose rate is `learningRate` at each. */
export function jointAdam(parameters: readonly tf.Variable[], learningRate = 0.001): Optimizer {
  const sizes = parameters.map(({ size }) => size);
  const flat = (tensors: readonly tf.Tensor[]): tf.Tensor1D =>
    tf.concat1d(tensors.map((tensor) => tf.reshape<tf.Rank.R1>(tensor, [-1])));
  const values = tf.tidy(() => tf.variable(flat(parameters)));
  const first = tf.variable(tf.zerosLike(values));
  const second = tf.variable(tf.zerosLike(values));
  let steps = 0;
  const optimizer: Required<Optimizer> = {
    learningRate,
    applyGradients(gradients) {
      tf.tidy(() => {
        steps++;
        // What took no part in a step has no gradient: another task's head.
        const gradient = flat(parameters.map((parameter) => gradients[parameter.name] ?? tf.zerosLike(parameter)));
        first.assign(tf.add(tf.mul(first, firstDecay), tf.mul(gradient, 1 - firstDecay)));
        second.assign(tf.add(tf.mul(second, secondDecay), tf.mul(tf.square(gradient), 1 - secondDecay)));
        const rate = (optimizer.learningRate * Math.sqrt(1 - secondDecay ** steps)) / (1 - firstDecay ** steps);
        const scale = tf.add(tf.sqrt(second), smallest * Math.sqrt(1 - secondDecay ** steps));
        values.assign(tf.sub(values, tf.mul(tf.div(first, scale), rate)));
        tf.split(values, sizes).forEach((part, index) => {
          const parameter = parameters[index]!;
          parameter.assign(tf.reshape(part, parameter.shape));
        });
      });
    },
    dispose() {
      tf.dispose([values, first, second]);
    },
  };
  return optimizer;
}
