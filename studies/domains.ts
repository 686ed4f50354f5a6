/**
 * Does a student learn of domains that it has never seen? A teacher that is trained on MNIST in three domains teaches students
 * on the first of them alone.
 */
import * as tf from '@tensorflow/tfjs-core';
import { accuracy, agreement, deriveSeed, measure } from 'dark-knowledge';
import { invarianceBars } from 'dark-knowledge/figures';
import { imageSide, loadMnist } from '../examples/mnist/data.ts';
import { channels, type Domain, type DomainName, digitDomains, imagesIn } from './data/digitDomains.ts';
import { someSamples } from './data/samples.ts';
import { distill, trainOnLabels } from './distillation.ts';
import {
  accuracyTable,
  agreementsIn,
  claimsOf,
  domainNames,
  domainTitles,
  type Measured,
  type MethodName,
  methodNames,
  methodTitles,
} from './domains/measured.ts';
import { methods, settingsForMnist } from './methods.ts';
import { createDigitNetwork, type DigitNetwork, type DigitNetworkSizes } from './models/digitNetwork.ts';
import { type Predictions, predict } from './predictions.ts';
import type { Findings, Scale, Study, StudyContext } from './study.ts';
import type { TrainingStep } from './training.ts';
import { trainedOnce } from './weights.ts';

interface DomainSettings {
  readonly images: number;
  readonly batchSize: number;
  readonly testImages: number;
  readonly epochs: number;
  readonly trials: number;
  readonly sizes: DigitNetworkSizes;
}

const settingsOf: Readonly<Record<Scale, DomainSettings>> = {
  toy: {
    images: 32,
    batchSize: 16,
    testImages: 20,
    epochs: 1,
    trials: 2,
    sizes: { side: 14, inputs: channels, channels: [2, 4], hidden: 8 },
  },
  quick: {
    images: 16_000,
    batchSize: 64,
    testImages: 2000,
    epochs: 6,
    trials: 4,
    sizes: { side: 14, inputs: channels, channels: [16, 32], hidden: 128 },
  },
  full: {
    images: 60_000,
    batchSize: 64,
    testImages: 10_000,
    epochs: 14,
    trials: 4,
    sizes: { side: 28, inputs: channels, channels: [32, 64], hidden: 128 },
  },
};

export const domains: Study = {
  name: 'domains',
  title: 'Domains that only the teacher has seen',
  paper:
    'Ojha, Li, Sundara Rajan, Liang and Lee, What knowledge gets distilled in knowledge distillation? (2023), §6.1, Table 9',
  run,
};

async function run({ scale, seed, once, each, progress }: StudyContext): Promise<Findings> {
  const settings = settingsOf[scale];
  const mnist = loadMnist();
  const training = someSamples(mnist.train, settings.images, deriveSeed(seed, 3));
  const test = someSamples(mnist.test, settings.testImages, deriveSeed(seed, 4));
  const painted = digitDomains(deriveSeed(seed, 1));
  const unseen = digitDomains(deriveSeed(seed, 2));

  const teacher = createDigitNetwork(deriveSeed(seed, 10), settings.sizes);
  await trainedOnce(once, 'teacher', teacher.parameters(), trainTeacher);
  const reference = await predictionsIn(teacher);
  const trials = [...Array(settings.trials).keys()];
  const students = trials.flatMap((trial) => methodNames.map((method) => ({ trial, method })));
  const found = await each(students, ({ trial, method }) =>
    once(`${method}, trial ${trial}`, async () => {
      const student = await trainStudent(method, trial);
      const predictions = await predictionsIn(student);
      tf.dispose(student.parameters());
      return domainNames.map((domain) => measuredOf(method, trial, domain, predictions[domain]));
    }),
  );
  const measured: readonly Measured[] = found.flat();
  const teacherAccuracies = domainNames.map((domain) => accuracyOf(reference[domain]));
  tf.dispose(teacher.parameters());

  return {
    settings: { ...settings, seed, optimizer: 'Adam, rate 0.001, times 0.7 an epoch' },
    tables: [accuracyTable(measured, teacherAccuracies)],
    figures: (['color', 'm'] as const).map((domain) => ({
      title: `Agreement with the teacher on ${domainTitles[domain]}`,
      note: 'The first trial. Longer bars: the student answers as its teacher does, right or wrong.',
      specification: invarianceBars(agreementsIn(measured, domain), {
        title: `Agreement with the teacher on ${domainTitles[domain]}`,
      }),
    })),
    claims: claimsOf(measured),
    remarks: [
      'MNIST-M is made with seeded textures in place of photographs (BSDS may not be here); Color draws one colour an image.',
      'Adam at 0.001 in place of the paper’s Adadelta at 1: that of tfjs divides by the squares before the step’s own, and diverges.',
      `${settings.images} training images of ${settings.sizes.side} × ${settings.sizes.side} pixels, ${settings.epochs} epochs; the paper trains on 60 000 of 28 × 28 for 14.`,
    ],
    measurements: { teacher: teacherAccuracies, students: measured },
  };

  async function trainTeacher(): Promise<void> {
    const labels = Int32Array.from(
      { length: domainNames.length * training.count },
      (_, row) => training.labels[row % training.count]!,
    );
    await trainOnLabels({
      ...loopOf(labels.length, 'teacher', deriveSeed(seed, 11)),
      apply: (images, { step }) => teacher.apply(images, deriveSeed(seed, 1000 + step)),
      parameters: teacher.parameters(),
      images: ({ rows }) => imageTensor(mixedImages(rows)),
      labels,
    });
  }

  /** Row r is image r mod count, in the domain ⌊r/count⌋. */
  function mixedImages(rows: Int32Array): Float32Array {
    const size = imageSide ** 2 * channels;
    const images = new Float32Array(rows.length * size);
    rows.forEach((row, at) => {
      const domain = painted[domainNames[Math.floor(row / training.count)]!];
      domain(training, row % training.count, images.subarray(at * size, (at + 1) * size));
    });
    return images;
  }

  async function trainStudent(name: MethodName, trial: number): Promise<DigitNetwork> {
    // All methods start a trial from the same weights and see the same order: their differences are paired.
    const student = createDigitNetwork(deriveSeed(seed, 20 + trial), settings.sizes);
    const title = `${methodTitles[name]}, student ${trial + 1} of ${settings.trials}`;
    const lesson = {
      ...loopOf(training.count, title, deriveSeed(seed, 60 + trial)),
      apply: (images: tf.Tensor4D, { step }: TrainingStep) =>
        student.apply(images, deriveSeed(seed, 100_000 * (trial + 1) + step)),
      parameters: student.parameters(),
      images: ({ rows }: TrainingStep) => imageTensor(imagesIn(painted.orig, training, rows)),
      labels: training.labels,
    };
    const widths = { features: settings.sizes.hidden, maps: settings.sizes.channels[1] };
    const method = methods[name]({
      labels: training.labels,
      settings: settingsForMnist,
      student: widths,
      teacher: widths,
      seed: deriveSeed(seed, 40 + trial),
    });
    await distill(lesson, teacher, method);
    return student;
  }

  function loopOf(count: number, name: string, order: number) {
    const { epochs, batchSize } = settings;
    const stepsInEpoch = Math.floor(count / batchSize);
    return {
      epochs,
      batchSize,
      order,
      learningRate: (step: number) => 0.001 * 0.7 ** Math.floor(step / stepsInEpoch),
      onStep: ({ step, steps }: TrainingStep, loss: number) =>
        progress(`${name}: step ${step + 1} of ${steps}, loss ${loss.toFixed(3)}`, step + 1 === steps),
    };
  }

  async function predictionsIn(model: DigitNetwork): Promise<Readonly<Record<DomainName, Predictions>>> {
    const of = (domain: Domain) =>
      predict(test.count, (rows) => model.apply(imageTensor(imagesIn(domain, test, rows))));
    return { orig: await of(unseen.orig), color: await of(unseen.color), m: await of(unseen.m) };
  }

  function accuracyOf({ logits }: Predictions): number {
    return measure(accuracy(), { logits, labels: test.labels }).value;
  }

  function measuredOf(method: MethodName, trial: number, domain: DomainName, predictions: Predictions): Measured {
    const same = measure(agreement(), { studentLogits: predictions.logits, teacherLogits: reference[domain].logits });
    return { method, trial, domain, accuracy: accuracyOf(predictions), agreement: same };
  }

  /** At the network's side: a smaller one averages pixels. */
  function imageTensor(images: Float32Array): tf.Tensor4D {
    const count = images.length / (imageSide ** 2 * channels);
    const window = imageSide / settings.sizes.side;
    return tf.tidy(() => {
      const whole = tf.tensor4d(images, [count, imageSide, imageSide, channels]);
      return window === 1 ? whole : tf.avgPool(whole, window, window, 'valid');
    });
  }
}
