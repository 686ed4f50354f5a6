/**
 * `distill`, the trainer for TensorFlow.js: a perceptron teaches a much smaller one on part of MNIST by its logits, by a hidden
 * layer, and, for a tenth of the images, beside the labels. Early stopping watches the agreement with the teacher; the
 * training is cut off, saved, and resumed. On tfjs's wasm backend, in a few seconds.
 *
 *     npx tsx examples/distill.ts
 */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-wasm';
import {
  accuracy,
  agreement,
  calibrationError,
  cosineRamp,
  crossEntropy,
  hint,
  initializeHintRegressor,
  klDivergence,
  linearRamp,
  switchAt,
  weightedSum,
} from 'dark-knowledge';
import { type DistillOptions, type DistillState, distill } from 'dark-knowledge/tfjs';
import { wasmBackend } from 'dark-knowledge/wasm';
import { loadMnist } from './mnist/data.ts';
import { perceptron, take } from './mnist/perceptrons.ts';

await tf.setBackend('wasm');
await tf.ready();

const { train, test } = loadMnist();
const held = take(test, 0, 2000);
const validationData = { inputs: held.images, labels: held.labels };
const usual = { batchSize: 100, kernels: wasmBackend() };

// A teacher of its own is not needed to learn from labels: the same trainer, without one.
const teacher = perceptron([128, 32], 1);
const lessons = take(train, 0, 10000);
const learnt = await distill({
  ...usual,
  student: teacher,
  data: { inputs: lessons.images, labels: lessons.labels },
  objective: crossEntropy(),
  optimizer: tf.train.adam(2e-3),
  epochs: 3,
  validation: { data: validationData, metrics: { accuracy: accuracy() } },
});
console.log(`teacher 784-128-32-10: accuracy ${learnt.history.at(-1)!.validation!.metrics.accuracy.value.toFixed(3)}`);

// The student gets other images, and labels for a tenth of them: crossEntropy leaves −100 out.
const { images, labels } = take(train, 10000, 3000);
const known = tf.tensor1d(
  labels.dataSync().map((label, at) => (at % 10 === 0 ? label : -100)),
  'int32',
);
const stepsOfEpoch = 30;
const objective = weightedSum({
  task: { loss: crossEntropy(), weight: 0.2 },
  distillation: {
    loss: klDivergence({ temperature: 4 }),
    weight: linearRamp({ from: 0.2, to: 0.8, end: stepsOfEpoch }),
  },
  hint: { loss: hint({ regressor: 'linear' }), weight: switchAt({ step: 3 * stepsOfEpoch, from: 0.1, to: 0 }) },
});
const student = perceptron([32, 16], 2);
let saved = '';

/** Trains the student up to twelve epochs, and keeps a state of each. */
function course(optimizer: tf.Optimizer, more: Pick<DistillOptions, 'signal' | 'onStep' | 'resume'>) {
  return distill({
    ...usual,
    ...more,
    student,
    teacher,
    teacherRuns: 'once',
    data: { inputs: images, labels: known },
    objective,
    optimizer,
    features: { student: { studentFeatures: 'hidden2Of2' }, teacher: { teacherFeatures: 'hidden2Of1' } },
    parameters: initializeHintRegressor({ studentFeatures: 16, teacherFeatures: 32, seed: 3 }),
    learningRate: cosineRamp({ from: 3e-3, to: 3e-4, end: 12 * stepsOfEpoch }),
    epochs: 12,
    validation: {
      data: validationData,
      metrics: { accuracy: accuracy(), agreement: agreement(), ece: calibrationError() },
    },
    earlyStopping: { patience: 3, goal: 'highest', monitor: ({ validation }) => validation!.metrics.agreement.value },
    onEpoch: async ({ epoch, loss, terms, validation, state }) => {
      const numbers = [loss, terms.task, terms.distillation, terms.hint].map((value) => value!.toFixed(3).padStart(7));
      const { accuracy, agreement, ece } = validation!.metrics;
      const measured = [accuracy.value, agreement.value, ece.value].map((value) => value.toFixed(3)).join('     ');
      console.log(`${String(epoch).padStart(5)} ${numbers.join(' ')}     ${measured}`);
      saved = JSON.stringify(await state());
    },
  });
}

console.log('\nepoch    loss    task      KL    hint  accuracy  agreement   ECE');
const before = tf.memory().numTensors;
const optimizer = tf.train.adam();
const interruption = new AbortController();
const interrupt: DistillOptions['onStep'] = ({ epoch, batch }) => {
  if (epoch === 4 && batch === 10) interruption.abort('interrupted');
};
await course(optimizer, { signal: interruption.signal, onStep: interrupt }).catch((reason) =>
  console.log(`${reason}; the last whole epoch is saved in ${Math.ceil(saved.length / 1024)} KB`),
);
optimizer.dispose();

// In another process this would be a new student, too.
const another = tf.train.adam();
const result = await course(another, { resume: JSON.parse(saved) as DistillState });
another.dispose();
console.log(`the student has the weights of epoch ${result.bestEpoch}`);
console.log(`tensors left behind: ${tf.memory().numTensors - before}`);
