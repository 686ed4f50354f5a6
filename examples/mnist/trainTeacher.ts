/**
 * Trains the teacher on the 60 000 published training images, unmodified: whatever it knows about moved or smaller digits
 * comes from its architecture. Run with `npm run example:teacher`; writes `teacher/weights.bin` and `teacher/teacher.json`
 * after every epoch, so a run that is cut off leaves a usable teacher.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-wasm';
import { crossEntropy, deriveSeed, randomPermutation } from 'dark-knowledge';
import { tfjsLoss } from 'dark-knowledge/tfjs';
import { type Dataset, loadMnist, makeTestSets, pixelsPerImage, selectExamples, type TestSets } from './data.ts';
import {
  parameterNames,
  serializeTeacher,
  type Teacher,
  type TeacherDescription,
  teacherDirectory,
} from './teacher.ts';
import { trainableTeacher } from './trainableTeacher.ts';

const { values: options } = parseArgs({
  options: {
    epochs: { type: 'string', default: '6' },
    batch: { type: 'string', default: '32' },
    rate: { type: 'string', default: '0.005' },
    seed: { type: 'string', default: '1' },
  },
});

const settings = {
  seed: Number(options.seed),
  epochs: Number(options.epochs),
  batchSize: Number(options.batch),
  optimizer: 'adam',
  // From the first to the last step the rate falls exponentially, after a rise over the warm-up steps.
  initialLearningRate: Number(options.rate),
  finalLearningRate: 0.0001,
  warmUpSteps: 100,
};

const loss = tfjsLoss(crossEntropy());

function learningRateAt(step: number, steps: number): number {
  const { initialLearningRate, finalLearningRate, warmUpSteps } = settings;
  const decay = (finalLearningRate / initialLearningRate) ** (step / steps);
  return initialLearningRate * decay * Math.min(1, (step + 1) / warmUpSteps);
}

/** The share of images whose largest logit is at their label; a stride of 10 looks at every tenth image only. */
async function accuracy(teacher: Teacher, dataset: Dataset, stride: number): Promise<number> {
  const count = Math.ceil(dataset.count / stride);
  let correct = 0;
  for (let start = 0; start < count; start += settings.batchSize) {
    const length = Math.min(settings.batchSize, count - start);
    const batch = selectExamples(
      dataset,
      Int32Array.from({ length }, (_, index) => (start + index) * stride),
    );
    const predictions = tf.tidy(() =>
      tf.argMax(teacher.logits(tf.tensor2d(batch.images, [length, pixelsPerImage])), 1),
    );
    const digits = await predictions.data();
    predictions.dispose();
    correct += batch.labels.filter((label, index) => label === digits[index]).length;
  }
  return correct / count;
}

async function accuracies(teacher: Teacher, testSets: TestSets, stride = 1): Promise<Record<string, number>> {
  return {
    mnist: await accuracy(teacher, testSets.mnist, stride),
    translated: await accuracy(teacher, testSets.translated, stride),
    scaled: await accuracy(teacher, testSets.scaled, stride),
  };
}

async function save(teacher: Teacher, progress: Record<string, unknown>): Promise<void> {
  const variables = teacher.parameters();
  const description: TeacherDescription = {
    architecture: teacher.architecture,
    parameters: parameterNames.map((name, index) => ({ name, shape: variables[index]!.shape })),
    training: { tfjs: tf.version_core, backend: tf.getBackend(), ...settings, ...progress },
  };
  await mkdir(teacherDirectory, { recursive: true });
  await writeFile(new URL('weights.bin', teacherDirectory), new Uint8Array(await serializeTeacher(teacher)));
  await writeFile(new URL('teacher.json', teacherDirectory), `${JSON.stringify(description, null, 2)}\n`);
}

async function train(): Promise<void> {
  await tf.setBackend('wasm');
  const { train: trainingSet, test } = loadMnist();
  const testSets = makeTestSets(test);
  const { teacher, fold } = trainableTeacher(settings.seed);
  const optimizer = tf.train.adam(settings.initialLearningRate);
  const stepsPerEpoch = Math.floor(trainingSet.count / settings.batchSize);
  const steps = settings.epochs * stepsPerEpoch;
  const start = performance.now();
  const seconds = () => Math.round((performance.now() - start) / 1000);

  for (let epoch = 0; epoch < settings.epochs; epoch++) {
    const order = randomPermutation(deriveSeed(settings.seed, 100 + epoch), trainingSet.count);
    let averageLoss = 0;
    for (let step = 0; step < stepsPerEpoch; step++) {
      const first = step * settings.batchSize;
      const batch = selectExamples(trainingSet, order.subarray(first, first + settings.batchSize));
      // The optimizer declares its rate protected, and offers no other way to change it between steps.
      Object.assign(optimizer, { learningRate: learningRateAt(epoch * stepsPerEpoch + step, steps) });
      const value = tf.tidy(() => {
        const images = tf.tensor2d(batch.images, [batch.count, pixelsPerImage]);
        const labels = tf.tensor1d(batch.labels, 'int32');
        const objective = () => loss({ studentLogits: teacher.logits(images), labels });
        return optimizer.minimize(objective, true, teacher.parameters())!.dataSync()[0]!;
      });
      averageLoss = step === 0 ? value : 0.98 * averageLoss + 0.02 * value;
      if ((step + 1) % 125 === 0) {
        const done = (epoch * stepsPerEpoch + step + 1) * settings.batchSize;
        const perSecond = (done / (performance.now() - start)) * 1000;
        console.log(
          `epoch ${epoch + 1} step ${step + 1}/${stepsPerEpoch} loss ${averageLoss.toFixed(4)} ${perSecond.toFixed(0)} images/s`,
        );
      }
    }
    // The published test images are not in random order, so a sample has to be spread over all of them.
    const folded = fold();
    const everyTenth = await accuracies(folded, testSets, 10);
    console.log(`epoch ${epoch + 1} after ${seconds()} s, every tenth test image:`, everyTenth);
    await save(folded, { epochsDone: epoch + 1, seconds: seconds(), accuraciesOnEveryTenth: everyTenth });
  }

  const trainingSeconds = seconds();
  const folded = fold();
  const reached = await accuracies(folded, testSets);
  console.log(`trained in ${trainingSeconds} s, all 10 000 test images:`, reached);
  await save(folded, { epochsDone: settings.epochs, seconds: trainingSeconds, accuracies: reached });
}

await train();
