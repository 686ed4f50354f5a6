/** One training loop for all studies: any model, any objective of the library, on whatever tfjs backend is ready. */
import * as tf from '@tensorflow/tfjs-core';
import { deriveSeed, randomPermutation } from 'dark-knowledge';

/** What an objective may read of a step: tensors by name. */
export type Batch = Readonly<Record<string, tf.Tensor>>;

/** What the loop asks of an optimiser: those of tfjs, or one of one's own. */
export interface Optimizer {
  learningRate?: number;
  applyGradients(gradients: tf.NamedTensorMap): void;
  dispose(): void;
}

export interface TrainingStep {
  /** Which samples. */
  readonly rows: Int32Array;
  readonly step: number;
  readonly steps: number;
}

export interface Training {
  /** How many samples there are. */
  readonly count: number;
  readonly epochs: number;
  readonly batchSize: number;
  /** Seed of the order of the samples. */
  readonly order: number;
  readonly optimizer: Optimizer | tf.Optimizer;
  /** The learning rate of a step, from 0 to `steps`. */
  readonly learningRate: (step: number, steps: number) => number;
  readonly parameters: readonly tf.Variable[];
  /** The inputs of the samples of a step, and what is known of them; freed after it. */
  readonly batch: (step: TrainingStep) => Batch;
  /** The loss of a batch. */
  readonly loss: (batch: Batch, step: TrainingStep) => tf.Scalar;
  /** After the gradients of a step, before the parameters change. */
  readonly afterGradients?: (batch: Batch, step: TrainingStep) => void;
  readonly onStep?: (step: TrainingStep, loss: number) => void;
  readonly onEpoch?: (epoch: number) => Promise<void> | void;
}

/** Trains the parameters in place. The last samples of an epoch that fill no batch are left out. */
export async function train(training: Training): Promise<void> {
  const { count, epochs, batchSize, optimizer, parameters } = training;
  const stepsInEpoch = Math.floor(count / batchSize);
  const steps = epochs * stepsInEpoch;
  for (let epoch = 0, step = 0; epoch < epochs; epoch++) {
    const order = randomPermutation(deriveSeed(training.order, epoch), count);
    for (let part = 0; part < stepsInEpoch; part++, step++) {
      const at: TrainingStep = { rows: order.subarray(part * batchSize, (part + 1) * batchSize), step, steps };
      setLearningRate(optimizer, training.learningRate(step, steps));
      const batch = training.batch(at);
      const { value, grads } = tf.variableGrads(() => training.loss(batch, at), [...parameters]);
      training.afterGradients?.(batch, at);
      optimizer.applyGradients(grads);
      if (training.onStep) training.onStep(at, (await value.data())[0]!);
      tf.dispose([batch, grads, value]);
    }
    await training.onEpoch?.(epoch + 1);
  }
  optimizer.dispose();
}

/** A rate that falls to 0 along half a cosine. */
export const cosineRate =
  (rate: number) =>
  (step: number, steps: number): number =>
    (rate * (1 + Math.cos((Math.PI * step) / steps))) / 2;

/** tfjs keeps its optimisers' learning rate in a protected field and offers a setter on SGD alone. */
function setLearningRate(optimizer: Optimizer | tf.Optimizer, learningRate: number): void {
  Object.assign(optimizer, { learningRate });
}
