/**
 * The main example: distils a convolutional teacher into a multilayer perceptron on real MNIST and shows what moved, after
 * Abnar, Dehghani and Zuidema, "Transferring inductive biases through knowledge distillation" (2020), §3.
 *
 *     npm run example              two to three minutes of a free core
 *     npm run example -- --full    60 000 images, 4 trials, on the fastest tfjs backend installed
 */
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { crossEntropy, deriveSeed, klDivergence, randomPermutation } from 'dark-knowledge';
import { compare, type StudiedModel, type TestSetName } from './analysis.ts';
import { concludeStudy } from './conclusion.ts';
import { type Dataset, loadMnist, makeTestSets, selectExamples } from './data.ts';
import { lookInside } from './depth.ts';
import type { Model } from './layers.ts';
import { outputsOf } from './outputs.ts';
import { writePages } from './page.ts';
import { preparePlatform, progressLine, resultsFolder } from './platform.ts';
import { writeJson } from './report.ts';
import { objectiveOf, trainStudent } from './student.ts';
import { loadTeacher } from './teacher.ts';

const { values: flags } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    images: { type: 'string' },
    epochs: { type: 'string' },
    trials: { type: 'string' },
    'test-images': { type: 'string' },
    seed: { type: 'string', default: '0' },
  },
});
const choose = (given: string | undefined, quick: number, full: number): number =>
  given === undefined ? (flags.full ? full : quick) : Number(given);

const settings = {
  images: choose(flags.images, 16_000, 60_000),
  epochs: choose(flags.epochs, 6, 20),
  trials: choose(flags.trials, 3, 4),
  testImages: choose(flags['test-images'], 2000, 10_000),
  batchSize: 128,
  learningRate: 1e-3,
  temperature: 5,
  seed: Number(flags.seed),
};
const setups = {
  independent: objectiveOf(crossEntropy()),
  distilled: objectiveOf(klDivergence({ temperature: settings.temperature })),
} as const;

const started = Date.now();
const seconds = (): string => `${Math.round((Date.now() - started) / 1000)} s`;
const progress = progressLine();

const platform = await preparePlatform({ fastest: flags.full });
console.log(`Distilling a CNN into an MLP on MNIST; tfjs backend: ${platform}`);
console.log(
  `${settings.images} training images × ${settings.epochs} epochs, ${settings.trials} trials, ${settings.testImages} test images a set`,
);

const mnist = loadMnist();
const train = subset(mnist.train, settings.images, 1);
const testSets = makeTestSets(subset(mnist.test, settings.testImages, 2), settings.seed);
const names = Object.keys(testSets) as TestSetName[];

const teacher = await loadTeacher();
const teacherTraining = await outputsOf(teacher, train, (done) =>
  progress(`Teacher: ${done}/${train.count} training images`),
);
progress(`Teacher's logits on ${train.count} training images are ready (${seconds()})`, true);
const models: StudiedModel[] = [await study('teacher', 'teacher', teacher)];

for (const [setup, objective] of Object.entries(setups)) {
  for (let trial = 0; trial < settings.trials; trial++) {
    const student = await trainStudent({
      train,
      teacherLogits: teacherTraining.logits.data as Float32Array,
      objective,
      epochs: settings.epochs,
      batchSize: settings.batchSize,
      learningRate: settings.learningRate,
      // The same for all students, as in the paper's appendix C: barriers between them then tell of the training alone.
      initialization: deriveSeed(settings.seed, 100),
      order: deriveSeed(settings.seed, 200 + trial),
      onStep: (step, steps, loss) =>
        progress(`${setup} student ${trial + 1}/${settings.trials}: step ${step}/${steps}, loss ${loss.toFixed(3)}`),
    });
    models.push(await study(`${setup} ${trial + 1}`, setup, student));
    progress(`${setup} student ${trial + 1}/${settings.trials} is trained (${seconds()})`, true);
  }
}

const outside = compare(models, testSets);
console.log(`\n${outside.text}`);
const inside = await lookInside(models, testSets, {
  mapImages: 1000,
  barrierImages: choose(undefined, 1000, 10_000),
  barrierPoints: choose(undefined, 13, 25),
  attackImages: choose(undefined, 200, 2000),
  epsilon: 0.1,
  progress,
});
console.log(`\n${inside.text}`);
console.log(`\n${concludeStudy(outside.data.figures, settings)}`);
const file = await writeJson(resultsFolder, 'mnist.json', {
  settings: { ...settings, platform, tfjs: tf.version_core },
  seconds: (Date.now() - started) / 1000,
  ...outside.data,
  ...inside.data,
});
const pages = await writePages(models, testSets, resultsFolder);
const shown = (url: URL): string => relative(process.cwd(), fileURLToPath(url));
console.log(`\nFinished in ${seconds()}; the same figures as JSON: ${shown(file)}`);
console.log(`Reports to open in a browser: ${pages.map((page) => shown(page.file)).join(', ')}`);

async function study(name: string, group: string, model: Model): Promise<StudiedModel> {
  const outputs = {} as Record<TestSetName, Awaited<ReturnType<typeof outputsOf>>>;
  for (const set of names) {
    outputs[set] = await outputsOf(model, testSets[set], (done) => progress(`${name} on ${set}: ${done} images`));
  }
  return { name, group, model, outputs };
}

function subset(dataset: Dataset, count: number, part: number): Dataset {
  if (count >= dataset.count) return dataset;
  const order = randomPermutation(deriveSeed(settings.seed, part), dataset.count);
  return selectExamples(dataset, order.subarray(0, count));
}
