/**
 * Distillation by tfjs-layers' own `model.fit`: losses of this library as its loss functions. A perceptron teaches a much
 * smaller one on part of MNIST, in a few seconds.
 *
 * `fit` gives a loss what the data say of an output and what the model said, and the two must have one shape. The teacher's
 * logits fit as they are; for a task loss beside it the student shows its logits a second time. What this does not reach
 * (hidden layers, schedules, a teacher that runs beside) is what `distill` is for: see examples/distill.ts.
 *
 *     npx tsx examples/layersFit.ts
 */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-wasm';
import { input, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { accuracy, crossEntropy, klDivergence, measureOn, weightedSum } from 'dark-knowledge';
import { tfjsBackend, tfjsLoss } from 'dark-knowledge/tfjs';
import { wasmBackend } from 'dark-knowledge/wasm';
import { loadMnist, pixelsPerImage } from './mnist/data.ts';
import { perceptron, take } from './mnist/perceptrons.ts';

await tf.setBackend('wasm');
await tf.ready();

const { train, test } = loadMnist();
const training = take(train, 0, 6000);
const held = take(test, 0, 2000);
const kernels = wasmBackend();
const batchSize = 100;

// The teacher learns the labels.
const crossEntropyLoss = tfjsLoss(crossEntropy(), { kernels });
const oneHot = tf.oneHot(training.labels, 10);
const ofLabels = (yTrue: tf.Tensor, yPred: tf.Tensor): tf.Tensor =>
  crossEntropyLoss({ studentLogits: yPred, labels: tf.argMax(yTrue, -1) });
const teacher = perceptron([128, 32], 1);
teacher.compile({ optimizer: tf.train.adam(2e-3), loss: ofLabels });
await teacher.fit(training.images, oneHot, { batchSize, epochs: 4, verbose: 0 });
const teacherLogits = teacher.predict(training.images, { batchSize: 1000 });
if (Array.isArray(teacherLogits)) throw new Error('The teacher has one output.');

// A weight goes into a sum of one term: fit adds up what its losses return.
const task = tfjsLoss(weightedSum({ task: { loss: crossEntropy(), weight: 0.1 } }), { kernels });
const distillation = tfjsLoss(weightedSum({ distillation: { loss: klDivergence({ temperature: 4 }), weight: 0.9 } }), {
  kernels,
});

const student = perceptron([16], 2);
const pixels = input({ shape: [pixelsPerImage] });
const logits = student.apply(pixels) as SymbolicTensor;
const again = layers.activation({ activation: 'linear' }).apply(logits) as SymbolicTensor;
const trained = model({ inputs: pixels, outputs: [logits, again] });
trained.compile({
  optimizer: tf.train.adam(2e-3),
  loss: [
    (yTrue, yPred) => task({ studentLogits: yPred, labels: tf.argMax(yTrue, -1) }),
    (yTrue, yPred) => distillation({ studentLogits: yPred, teacherLogits: yTrue }),
  ],
});
const before = tf.memory().numTensors;
const { history } = await trained.fit(training.images, [oneHot, teacherLogits], { batchSize, epochs: 4, verbose: 0 });
console.log(`loss by epoch: ${history.loss!.map((value) => Number(value).toFixed(3)).join(', ')}`);

for (const [who, judged] of Object.entries({ teacher, student })) {
  const { value } = await measureOn(tfjsBackend(), accuracy(), {
    logits: judged.predict(held.images) as tf.Tensor,
    labels: held.labels,
  });
  console.log(`${who.padEnd(8)} accuracy ${value.toFixed(3)}`);
}
const kept = tf.memory().numTensors - before;
console.log(
  `tensors more than before: ${kept}, which are Adam's moments, two for each of four weights, and the two predictions above`,
);
