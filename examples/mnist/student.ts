/** Training of one student: the multilayer perceptron, on tfjs, with any objective of the library. */
import * as tf from '@tensorflow/tfjs-core';
import { deriveSeed, randomPermutation } from 'dark-knowledge';
import { tfjsLoss } from 'dark-knowledge/tfjs';
import { type Dataset, selectExamples } from './data.ts';
import { createPerceptron, type Model } from './layers.ts';

/** What the objective may read at each step. */
export interface StudentBatch {
  readonly studentLogits: tf.Tensor2D;
  readonly studentFeatures: tf.Tensor2D;
  readonly teacherLogits: tf.Tensor2D;
  readonly labels: tf.Tensor1D;
}

export interface StudentTraining {
  readonly train: Dataset;
  /** One row of logits for each training image, computed once. */
  readonly teacherLogits: Float32Array;
  /** The loss of a batch, differentiable in the student's outputs. */
  readonly objective: (batch: StudentBatch, step: number) => tf.Scalar;
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  /** Seed of the initial weights. */
  readonly initialization: number;
  /** Seed of the order of the images. */
  readonly order: number;
  readonly onStep?: (step: number, steps: number, loss: number) => void;
  /** Called at the end of each epoch: for training paths. */
  readonly onEpoch?: (epoch: number, student: Model) => Promise<void> | void;
}

const classes = 10;

/** Trains a student with Adam, its learning rate falling to 0 along half a cosine. */
export async function trainStudent(training: StudentTraining): Promise<Model> {
  const { train, teacherLogits, objective, epochs, batchSize, learningRate, onStep, onEpoch } = training;
  const student = createPerceptron({ seed: training.initialization });
  const optimizer = tf.train.adam(learningRate);
  const stepsInEpoch = Math.floor(train.count / batchSize);
  const steps = epochs * stepsInEpoch;
  for (let epoch = 0, step = 0; epoch < epochs; epoch++) {
    const order = randomPermutation(deriveSeed(training.order, epoch), train.count);
    for (let batch = 0; batch < stepsInEpoch; batch++, step++) {
      const rows = order.subarray(batch * batchSize, (batch + 1) * batchSize);
      const chosen = selectExamples(train, rows);
      const images = tf.tensor2d(chosen.images, [batchSize, chosen.images.length / batchSize]);
      const labels = tf.tensor1d(chosen.labels, 'int32');
      const teacher = tf.tensor2d(selectRows(teacherLogits, rows), [batchSize, classes]);
      setLearningRate(optimizer, (learningRate * (1 + Math.cos((Math.PI * step) / steps))) / 2);
      const loss = optimizer.minimize(
        () => {
          const { logits, features } = student.apply(images);
          return objective({ studentLogits: logits, studentFeatures: features, teacherLogits: teacher, labels }, step);
        },
        true,
        student.parameters(),
      )!;
      if (onStep) onStep(step + 1, steps, (await loss.data())[0]!);
      tf.dispose([images, labels, teacher, loss]);
    }
    await onEpoch?.(epoch + 1, student);
  }
  optimizer.dispose();
  return student;
}

/** A bare `tfjsLoss` takes a record that holds more than it reads: the batch as it is. */
export const objectiveOf =
  (loss: Parameters<typeof tfjsLoss>[0]): StudentTraining['objective'] =>
  (batch, step) =>
    tfjsLoss(loss)(batch as never, { step }) as tf.Scalar;

/** tfjs keeps Adam's learning rate in a protected field and offers a setter on SGD alone. */
function setLearningRate(optimizer: tf.AdamOptimizer, learningRate: number): void {
  (optimizer as unknown as { learningRate: number }).learningRate = learningRate;
}

function selectRows(values: Float32Array, rows: Int32Array): Float32Array {
  const selected = new Float32Array(rows.length * classes);
  rows.forEach((row, index) => {
    selected.set(values.subarray(row * classes, (row + 1) * classes), index * classes);
  });
  return selected;
}
