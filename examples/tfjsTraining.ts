/**
 * Distillation with TensorFlow.js's own optimizers: `optimizer.minimize` over a task loss, a distillation loss that a
 * schedule fades in, and a hint on hidden features. A perceptron teaches a much smaller one on part of MNIST, on the wasm
 * backend, in a few seconds.
 *
 *     npx tsx examples/tfjsTraining.ts
 */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-wasm';
import {
  accuracy,
  crossEntropy,
  evaluateOn,
  hint,
  initializeHintRegressor,
  klDivergence,
  linearRamp,
  measureOn,
  switchAt,
  weightedSum,
} from 'dark-knowledge';
import { tfjsBackend, tfjsLoss } from 'dark-knowledge/tfjs';
import { type Dataset, loadMnist, pixelsPerImage } from './mnist/data.ts';
import { createPerceptron, type Model } from './mnist/layers.ts';

await tf.setBackend('wasm');
await tf.ready();
const backend = tfjsBackend();

const batchSize = 100;
const [teacherCount, studentCount, labelledCount, testCount] = [10000, 3000, 300, 2000];
const steps = 200;
/** The label that `crossEntropy` leaves out by default. */
const noLabel = -100;

function take({ images, labels }: Dataset, start: number, count: number): { images: tf.Tensor2D; labels: tf.Tensor1D } {
  return {
    images: tf.tensor2d(images.slice(start * pixelsPerImage, (start + count) * pixelsPerImage), [
      count,
      pixelsPerImage,
    ]),
    labels: tf.tensor1d(labels.slice(start, start + count), 'int32'),
  };
}

/** Runs `body` on the start of one batch after another, over and over. */
function forBatches(count: number, rounds: number, body: (start: number, step: number) => void): void {
  for (let step = 0; step < rounds; step++) body((step * batchSize) % count, step);
}

const rows = <Rows extends tf.Tensor>(tensor: Rows, start: number): Rows => tf.slice(tensor, start, batchSize);

const mnist = loadMnist();
const test = take(mnist.test, 0, testCount);

async function printAccuracy(who: string, model: Model): Promise<void> {
  const { logits, features } = model.apply(test.images);
  const { value } = await measureOn(backend, accuracy(), { logits, labels: test.labels });
  tf.dispose([logits, features]);
  console.log(`${who.padEnd(36)} accuracy ${value.toFixed(3)}`);
}

// A loss of this library becomes a function that tfjs differentiates.
const taskLoss = tfjsLoss(crossEntropy());

function trainOnLabels(model: Model, { images, labels }: { images: tf.Tensor2D; labels: tf.Tensor1D }, rounds: number) {
  const optimizer = tf.train.momentum(0.05, 0.9);
  forBatches(labels.size, rounds, (start) => {
    optimizer.minimize(
      () => taskLoss({ studentLogits: model.apply(rows(images, start)).logits, labels: rows(labels, start) }),
      false,
      model.parameters(),
    );
  });
}

const teacher = createPerceptron({ seed: 1, widths: [pixelsPerImage, 128, 32, 10] });
trainOnLabels(teacher, take(mnist.train, 0, teacherCount), 250);
await printAccuracy('teacher 784-128-32-10', teacher);

// The student gets other images, and labels for a tenth of them.
const alone = createPerceptron({ seed: 2, widths: [pixelsPerImage, 32, 16, 10] });
trainOnLabels(alone, take(mnist.train, teacherCount, labelledCount), steps);
await printAccuracy('student 784-32-16-10 on its labels', alone);

// What the teacher says of all the student's images is computed once.
const studentImages = take(mnist.train, teacherCount, studentCount).images;
const { logits: teacherLogits, features: teacherFeatures } = teacher.apply(studentImages);
const labels = tf.tensor1d(
  mnist.train.labels
    .slice(teacherCount, teacherCount + studentCount)
    .map((label, index) => (index % (studentCount / labelledCount) === 0 ? label : noLabel)),
  'int32',
);

const objective = weightedSum({
  task: { loss: crossEntropy(), weight: 0.2 },
  distillation: { loss: klDivergence({ temperature: 4 }), weight: linearRamp({ from: 0.2, to: 0.8, end: steps / 4 }) },
  hint: { loss: hint({ regressor: 'linear' }), weight: switchAt({ step: steps / 2, window: 20, from: 0.1, to: 0 }) },
});
const loss = tfjsLoss(objective);

const distilled = createPerceptron({ seed: 2, widths: [pixelsPerImage, 32, 16, 10] });
// The hint's regressor is trained beside the student: its parameters are inputs of the loss like any other.
const initial = initializeHintRegressor({ studentFeatures: 16, teacherFeatures: 32, seed: 3 });
const regressorWeight = tf.variable(backend.fromHost(initial.regressorWeight));
const regressorBias = tf.variable(backend.fromHost(initial.regressorBias));

const parameters = [...distilled.parameters(), regressorWeight, regressorBias];
// T² and the hint make gradients steeper than the task's alone: at its rate the steps would overshoot.
const optimizer = tf.train.momentum(0.01, 0.9);
let tensorsAfterFirst = 0;
console.log('\n  step   total    task   distillation   hint');
forBatches(studentCount, steps, (start, step) => {
  const inputs = () => {
    const { logits, features } = distilled.apply(rows(studentImages, start));
    return {
      studentLogits: logits,
      studentFeatures: features,
      teacherLogits: rows(teacherLogits, start),
      teacherFeatures: rows(teacherFeatures, start),
      labels: rows(labels, start),
      regressorWeight,
      regressorBias,
    };
  };
  if (step % 40 === 0 || step === steps - 1) {
    tf.tidy(() => {
      const { value, terms } = evaluateOn(backend, objective, inputs(), { step });
      const [total, task, distillation, hinted] = [value, terms.task, terms.distillation, terms.hint].map((term) =>
        term!.dataSync()[0]!.toFixed(3).padStart(6),
      );
      console.log(`${String(step).padStart(6)}  ${total}  ${task}         ${distillation} ${hinted}`);
    });
  }
  optimizer.minimize(() => loss(inputs(), { step }), false, parameters);
  if (step === 0) tensorsAfterFirst = tf.memory().numTensors;
});
console.log();
await printAccuracy('the same student, taught', distilled);
console.log(`tensors left behind by ${steps - 1} steps: ${tf.memory().numTensors - tensorsAfterFirst}`);
