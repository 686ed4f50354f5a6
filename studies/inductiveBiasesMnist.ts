/**
 * Does a network without the right inductive bias take it from a teacher that has it? CNN and MLP, each alone and as the
 * student of each, trained on MNIST as it is and tried on smaller and moved digits too.
 */
import * as tf from '@tensorflow/tfjs-core';
import { deriveSeed } from 'dark-knowledge';
import { loadMnist, makeTestSets } from '../examples/mnist/data.ts';
import { ratioToldApart } from './claims.ts';
import { someSamples } from './data/samples.ts';
import { claimsOf } from './inductiveBiases/claims.ts';
import { barriersOf, mapsOf, measurementsOf, pathSimilarities } from './inductiveBiases/measurements.ts';
import { figuresOf, tablesOf } from './inductiveBiases/pictures.ts';
import { type TrainingSettings, trainAll } from './inductiveBiases/trainAll.ts';
import type { Findings, Scale, Study, StudyContext } from './study.ts';

interface BiasSettings extends TrainingSettings {
  readonly images: number;
  readonly testImages: number;
  readonly mapImages: number;
  readonly barrierImages: number;
  readonly barrierPoints: number;
}

const settingsOf: Readonly<Record<Scale, BiasSettings>> = {
  toy: {
    images: 32,
    testImages: 24,
    trials: 2,
    temperature: 5,
    sizes: { cnn: { channels: [2, 4, 8], maxoutPieces: 2 }, mlp: [784, 16, 8, 10] },
    training: {
      cnn: { epochs: 1, batchSize: 16, learningRate: 0.01 },
      mlp: { epochs: 2, batchSize: 16, learningRate: 0.001 },
    },
    checkpoints: 1,
    pathImages: 20,
    mapImages: 20,
    barrierImages: 20,
    barrierPoints: 3,
  },
  quick: {
    images: 4000,
    testImages: 1000,
    trials: 4,
    temperature: 5,
    sizes: { cnn: { channels: [8, 16, 64], maxoutPieces: 4 }, mlp: [784, 256, 64, 10] },
    training: {
      cnn: { epochs: 6, batchSize: 16, learningRate: 0.01 },
      mlp: { epochs: 24, batchSize: 64, learningRate: 0.001 },
    },
    checkpoints: 6,
    pathImages: 400,
    mapImages: 400,
    barrierImages: 500,
    barrierPoints: 11,
  },
  full: {
    images: 60_000,
    testImages: 10_000,
    trials: 4,
    temperature: 5,
    sizes: { cnn: { channels: [16, 32, 128], maxoutPieces: 4 }, mlp: [784, 512, 128, 10] },
    training: {
      cnn: { epochs: 6, batchSize: 32, learningRate: 0.005 },
      mlp: { epochs: 24, batchSize: 128, learningRate: 0.001 },
    },
    checkpoints: 6,
    pathImages: 1000,
    mapImages: 1000,
    barrierImages: 10_000,
    barrierPoints: 25,
  },
};

export const inductiveBiasesMnist: Study = {
  name: 'inductive-biases-mnist',
  title: 'Inductive biases that a student takes from its teacher',
  paper:
    'Abnar, Dehghani and Zuidema, Transferring inductive biases through knowledge distillation (2020), §3, Tables 5 and 6, ' +
    'Figures 1 and 7, appendices C and E',
  run,
};

async function run({ scale, seed, once, each, progress }: StudyContext): Promise<Findings> {
  const settings = settingsOf[scale];
  const mnist = loadMnist();
  const images = someSamples(mnist.train, settings.images, deriveSeed(seed, 1));
  const testSets = makeTestSets(someSamples(mnist.test, settings.testImages, deriveSeed(seed, 2)), deriveSeed(seed, 3));
  const trained = await trainAll(images, testSets, settings, { seed, once, each, progress });

  const maps = mapsOf(trained, settings.mapImages);
  const measured = measurementsOf(trained, testSets, maps);
  progress('Maps and scores', true);
  const few = someSamples(testSets.mnist, settings.barrierImages, deriveSeed(seed, 4));
  const { trials, sizes, barrierPoints: points } = settings;
  const barriers = await barriersOf(trained, few, { trials, points, sizes });
  progress('Barriers', true);
  const paths = Array.from({ length: trials }, (_, trial) => pathSimilarities(trained, trial));
  const findings: Findings = {
    settings: { ...settings, seed, optimizer: 'Adam, its rate falling to 0 along half a cosine' },
    tables: tablesOf(measured, barriers),
    figures: figuresOf(trained, maps, barriers, testSets),
    claims: claimsOf(measured, barriers, paths),
    remarks: remarksOf(settings),
    measurements: {
      models: measured,
      paths,
      barriers: barriers.map(({ trial, barriers: pairs }) => ({
        trial,
        ...Object.fromEntries(Object.entries(pairs).map(([name, { barrier, losses }]) => [name, { barrier, losses }])),
      })),
    },
  };
  for (const { model, twin } of trained) tf.dispose([model.parameters(), twin?.parameters() ?? []]);
  return findings;
}

function remarksOf({ images, training, trials }: BiasSettings): readonly string[] {
  return [
    `${images} training images; CNNs see them ${training.cnn.epochs} times, MLPs ${training.mlp.epochs} times. The paper trains on 60 000 to the end, and tunes each setting by itself.`,
    'Scaled and Translated are made from the test images as MNIST-C makes them: a factor of 0.7, and 3 pixels along both axes. The paper’s own files may differ by interpolation.',
    'The paper’s ECE are in tables that the text at hand lacks; its words stand in their place.',
    `One CNN and one MLP, those of the first trial, teach all students. Trials differ in first weights and in the order of the images; ${trials} of them tell apart only spreads that differ ${ratioToldApart(trials).toFixed(1)}-fold.`,
  ];
}
