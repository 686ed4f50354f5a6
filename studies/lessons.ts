/** One network of the studies of MNIST, trained on labels, on a teacher, or on both. */
import * as tf from '@tensorflow/tfjs-core';
import type { HostTensor } from 'dark-knowledge';
import { tfjsLoss } from 'dark-knowledge/tfjs';
import { type Dataset, pixelsPerImage, selectExamples } from '../examples/mnist/data.ts';
import type { Model } from '../examples/mnist/layers.ts';
import type { Learner } from './models/learners.ts';
import { type Predictions, predict } from './predictions.ts';
import { cosineRate, train } from './training.ts';

export interface Lesson {
  readonly learner: Learner;
  readonly images: Dataset;
  /** Of a loss that reads `studentLogits`, `teacherLogits` and `labels`, or some of them. */
  readonly loss: Parameters<typeof tfjsLoss>[0];
  /** A row for each image; left out where no teacher is. */
  readonly teacherLogits?: HostTensor;
  readonly epochs: number;
  readonly batchSize: number;
  /** Adam's at the first step; it falls to 0 along half a cosine. */
  readonly learningRate: number;
  /** Seed of the order of the images. */
  readonly order: number;
  readonly onEpoch?: (epoch: number) => Promise<void> | void;
  /** Before the parameters change: at step 0 they are the first ones. */
  readonly onStep?: (step: number) => void;
}

/** Trains a network in place. */
export async function teach(lesson: Lesson): Promise<void> {
  const { learner, images, loss, teacherLogits, epochs, batchSize, learningRate, order, onEpoch, onStep } = lesson;
  const objective = tfjsLoss(loss);
  await train({
    count: images.count,
    epochs,
    batchSize,
    order,
    optimizer: tf.train.adam(learningRate),
    learningRate: cosineRate(learningRate),
    parameters: learner.model.parameters(),
    batch: ({ rows }) => {
      const chosen = selectExamples(images, rows);
      return {
        images: tf.tensor2d(chosen.images, [rows.length, pixelsPerImage]),
        labels: tf.tensor1d(chosen.labels, 'int32'),
        ...(teacherLogits && { teacherLogits: rowsOf(teacherLogits, rows) }),
      };
    },
    loss: ({ images: pixels, ...known }, { step }) => {
      const { logits } = learner.model.apply(pixels as tf.Tensor2D);
      // A loss takes a record that holds more than it reads.
      return objective({ ...known, studentLogits: logits } as never, { step }) as tf.Scalar;
    },
    ...(onEpoch && { onEpoch }),
    ...(onStep && { afterGradients: (_, { step }) => onStep(step) }),
  });
}

/** Logits and features of a data set. */
export function outputsOn(model: Model, { images, count }: Dataset): Promise<Predictions> {
  return predict(count, (rows) =>
    model.apply(
      tf.tensor2d(images.subarray(rows[0]! * pixelsPerImage, (rows.at(-1)! + 1) * pixelsPerImage), [
        rows.length,
        pixelsPerImage,
      ]),
    ),
  );
}

function rowsOf({ data, shape }: HostTensor, rows: Int32Array): tf.Tensor2D {
  const width = shape[1]!;
  const chosen = new Float32Array(rows.length * width);
  rows.forEach((row, at) => {
    chosen.set((data as Float32Array).subarray(row * width, (row + 1) * width), at * width);
  });
  return tf.tensor2d(chosen, [rows.length, width]);
}
