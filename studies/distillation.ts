/** A student that is taught images by a teacher, or a network by labels alone: for all studies of *what knowledge gets distilled*. */
import * as tf from '@tensorflow/tfjs-core';
import { crossEntropy } from 'dark-knowledge';
import { tfjsLoss } from 'dark-knowledge/tfjs';
import type { Method } from './methods.ts';
import { type TrainingStep, train } from './training.ts';

export interface NetworkOutputs {
  readonly logits: tf.Tensor2D;
  /** What the logits are a linear function of. */
  readonly features: tf.Tensor2D;
  /** A layer in the middle. */
  readonly maps: tf.Tensor;
}

/** What is trained, and on what. */
export interface Lesson {
  readonly apply: (images: tf.Tensor4D, step: TrainingStep) => NetworkOutputs;
  readonly parameters: readonly tf.Variable[];
  readonly images: (step: TrainingStep) => tf.Tensor4D;
  /** The label of each sample. */
  readonly labels: Int32Array;
  readonly epochs: number;
  readonly batchSize: number;
  /** Adam's, in each step. */
  readonly learningRate: (step: number, steps: number) => number;
  /** Seed of the order of the samples. */
  readonly order: number;
  readonly onStep: (step: TrainingStep, loss: number) => void;
}

/** Trains on the labels. */
export async function trainOnLabels(lesson: Lesson): Promise<void> {
  const loss = tfjsLoss(crossEntropy());
  await train({
    ...loopOf(lesson),
    parameters: lesson.parameters,
    batch: (step) => ({ images: lesson.images(step), labels: labelsOf(lesson, step) }),
    loss: ({ images, labels }, step) =>
      loss({ studentLogits: lesson.apply(images as tf.Tensor4D, step).logits, labels: labels! }),
  });
}

/** Trains a student by a method, which is used up. Both see the same images. */
export async function distill(
  lesson: Lesson,
  teacher: { apply(images: tf.Tensor4D): NetworkOutputs },
  method: Method,
): Promise<void> {
  await train({
    ...loopOf(lesson),
    parameters: [...lesson.parameters, ...method.parameters],
    batch: (step) => {
      const images = lesson.images(step);
      const told = method.hearsTeacher ? tf.tidy(() => saidBy(teacher, images)) : {};
      return { images, labels: labelsOf(lesson, step), ...told };
    },
    loss: (batch, step) => {
      const { logits, features, maps } = lesson.apply(batch.images as tf.Tensor4D, step);
      const known = {
        labels: batch.labels as tf.Tensor1D,
        teacherLogits: batch.teacherLogits as tf.Tensor2D,
        teacherFeatures: batch.teacherFeatures as tf.Tensor2D,
        teacherMaps: batch.teacherMaps!,
        studentLogits: logits,
        studentFeatures: features,
        studentMaps: maps,
      };
      return method.objective(known, step.rows, step.step);
    },
    afterGradients: (_, { rows }) => method.afterGradients(rows),
  });
  method.dispose();
}

function saidBy(teacher: { apply(images: tf.Tensor4D): NetworkOutputs }, images: tf.Tensor4D) {
  const { logits, features, maps } = teacher.apply(images);
  return { teacherLogits: logits, teacherFeatures: features, teacherMaps: maps };
}

function loopOf({ labels, epochs, batchSize, order, learningRate, onStep }: Lesson) {
  const optimizer = tf.train.adam(learningRate(0, 1));
  return { count: labels.length, epochs, batchSize, order, optimizer, learningRate, onStep };
}

function labelsOf({ labels }: Lesson, { rows }: TrainingStep): tf.Tensor1D {
  return tf.tensor1d(
    rows.map((row) => labels[row]!),
    'int32',
  );
}
