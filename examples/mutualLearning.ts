/**
 * Mutual learning without a teacher, after Zhang and others, "Deep mutual learning" (2018): students of one kind train side
 * by side, each on the labels and on what the others say. Perceptrons on part of MNIST, on tfjs's wasm backend, in a few
 * seconds; the same students alone beside them.
 *
 *     npx tsx examples/mutualLearning.ts
 */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-wasm';
import {
  accuracy,
  agreement,
  crossEntropy,
  klDivergence,
  measureOn,
  rename,
  type Term,
  weightedSum,
} from 'dark-knowledge';
import { tfjsBackend, tfjsLoss } from 'dark-knowledge/tfjs';
import { type Dataset, loadMnist, pixelsPerImage } from './mnist/data.ts';
import { createPerceptron, type Model } from './mnist/layers.ts';

await tf.setBackend('wasm');
await tf.ready();
const backend = tfjsBackend();

const cohort = 3;
const [trainCount, testCount, batchSize, steps] = [1000, 2000, 100, 300];

/**
 * The loss of a whole cohort: for each student its cross-entropy, and the mean over the others of KL(other‖self).
 *
 * A loss gives a gradient to its student's logits alone, so what a student teaches the others costs it nothing. And since
 * all terms read the same logits, no student sees another that has already taken its step: codes that update one after the
 * other let the second learn from a different first.
 */
function cohortLoss(students: number) {
  const terms: Record<string, Term> = {};
  for (let self = 0; self < students; self++) {
    terms[`task ${self}`] = { loss: rename(crossEntropy(), { studentLogits: `logits${self}` }), weight: 1 };
    for (let other = 0; other < students; other++) {
      if (other === self) continue;
      const fromOther = rename(klDivergence(), { studentLogits: `logits${self}`, teacherLogits: `logits${other}` });
      terms[`${self} from ${other}`] = { loss: fromOther, weight: 1 / (students - 1) };
    }
  }
  return tfjsLoss(weightedSum(terms));
}

function take({ images, labels }: Dataset, count: number): { images: tf.Tensor2D; labels: tf.Tensor1D } {
  return {
    images: tf.tensor2d(images.slice(0, count * pixelsPerImage), [count, pixelsPerImage]),
    labels: tf.tensor1d(labels.slice(0, count), 'int32'),
  };
}

const mnist = loadMnist();
const train = take(mnist.train, trainCount);
const test = take(mnist.test, testCount);

/** Trains students together by the loss of their cohort; one student alone is a cohort of one. */
function trainTogether(students: readonly Model[]): void {
  const loss = cohortLoss(students.length);
  const optimizer = tf.train.momentum(0.05, 0.9);
  const parameters = students.flatMap((student) => student.parameters());
  for (let step = 0; step < steps; step++) {
    const start = (step * batchSize) % trainCount;
    optimizer.minimize(
      () => {
        const images = tf.slice(train.images, start, batchSize);
        const logits = students.map((student, index) => [`logits${index}`, student.apply(images).logits] as const);
        return loss({ ...Object.fromEntries(logits), labels: tf.slice(train.labels, start, batchSize) });
      },
      false,
      parameters,
    );
  }
}

async function report(title: string, students: readonly Model[]): Promise<void> {
  const logits = students.map((student) => student.apply(test.images).logits);
  const accuracies = await Promise.all(
    logits.map((scores) => measureOn(backend, accuracy(), { logits: scores, labels: test.labels })),
  );
  const [first, second] = logits;
  const { value } = await measureOn(backend, agreement(), { studentLogits: first!, teacherLogits: second! });
  const shown = accuracies.map((measured) => measured.value.toFixed(3)).join('  ');
  console.log(`${title.padEnd(20)} accuracies ${shown}   the first two agree on ${value.toFixed(3)}`);
  tf.dispose(logits);
}

const makeStudents = (): Model[] =>
  Array.from({ length: cohort }, (_, index) =>
    createPerceptron({ seed: index + 1, widths: [pixelsPerImage, 64, 32, 10] }),
  );

const alone = makeStudents();
for (const student of alone) trainTogether([student]);
await report('each for itself', alone);

const together = makeStudents();
trainTogether(together);
await report('from one another', together);
