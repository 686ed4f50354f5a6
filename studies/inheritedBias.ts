/** Does a fair student become unfair by its teacher? A teacher that never saw one group teaches students whose samples are fair to it. */
import * as tf from '@tensorflow/tfjs-core';
import {
  accuracy,
  deriveSeed,
  type GroupShiftResult,
  groupedAccuracy,
  groupShift,
  type HostTensor,
  measure,
  randomPermutation,
} from 'dark-knowledge';
import { groupGaps } from 'dark-knowledge/figures';
import { loadMnist } from '../examples/mnist/data.ts';
import { composition, type GroupedDigits, groupCount, groupedDigits, leanings } from './data/groupedDigits.ts';
import { distill, type Lesson, trainOnLabels } from './distillation.ts';
import { type Accuracies, accuracyTable, claimsOf, groupTitles, type Trial } from './inheritedBias/trials.ts';
import { methods, settingsForImageNet } from './methods.ts';
import { createLayeredNetwork, type LayeredNetwork, type LayeredNetworkSizes } from './models/layeredNetwork.ts';
import { predict } from './predictions.ts';
import type { Findings, Scale, Study, StudyContext } from './study.ts';
import { cosineRate, type TrainingStep } from './training.ts';
import { trainedOnce } from './weights.ts';

interface BiasSettings {
  /** Of table 10's numbers of images. */
  readonly share: number;
  readonly batchSize: number;
  /** Of each group. */
  readonly testImages: number;
  readonly epochs: { readonly teacher: number; readonly student: number };
  readonly trials: number;
  readonly sizes: LayeredNetworkSizes;
}

const small: LayeredNetworkSizes = { inputs: 1, side: 14, filter: 3, channels: [8, 16, 16], hidden: 32, classes: 2 };

const settingsOf: Readonly<Record<Scale, BiasSettings>> = {
  toy: {
    share: 0.02,
    batchSize: 32,
    testImages: 10,
    epochs: { teacher: 1, student: 1 },
    trials: 2,
    sizes: { ...small, channels: [2, 2, 2], hidden: 4 },
  },
  quick: { share: 1, batchSize: 128, testImages: 1400, epochs: { teacher: 6, student: 10 }, trials: 12, sizes: small },
  full: {
    share: 1,
    batchSize: 128,
    testImages: 1400,
    epochs: { teacher: 10, student: 30 },
    trials: 8,
    sizes: { ...small, side: 28, channels: [16, 32, 32], hidden: 64 },
  },
};

const rate = 0.004;

export const inheritedBias: Study = {
  name: 'inherited-bias',
  title: 'A fair student of an unfair teacher',
  paper:
    'Ojha, Li, Sundara Rajan, Liang and Lee, What knowledge gets distilled in knowledge distillation? (2023), §6.2, Table 10',
  run,
};

async function run({ scale, seed, once, each, progress }: StudyContext): Promise<Findings> {
  const settings = settingsOf[scale];
  const { side } = settings.sizes;
  const mnist = loadMnist();
  // Teacher and students have different images, and so have the groups.
  const order = randomPermutation(deriveSeed(seed, 1), mnist.train.count);
  const of = (counts: readonly number[]) => counts.map((count) => Math.round(settings.share * count));
  const forTeacher = groupedDigits(mnist.train, order, of(composition.teacher), side);
  const forStudents = groupedDigits(mnist.train, order.subarray(forTeacher.count), of(composition.students), side);
  const test = groupedDigits(
    mnist.test,
    randomPermutation(deriveSeed(seed, 2), mnist.test.count),
    leanings.map(() => settings.testImages),
    side,
  );

  const teacher = createLayeredNetwork(deriveSeed(seed, 10), settings.sizes);
  await trainedOnce(once, 'teacher', teacher.parameters(), () =>
    trainOnLabels(lessonOf(teacher, forTeacher, settings.epochs.teacher, deriveSeed(seed, 11), 'teacher')),
  );
  const teacherAccuracies = accuraciesOf(await logitsOf(teacher));
  const trials = await each([...Array(settings.trials).keys()], async (trial): Promise<Trial> => {
    const alone = await once(`alone, trial ${trial}`, () => taught('independent', trial));
    const distilled = await once(`distilled, trial ${trial}`, () => taught('kl', trial));
    return { alone: accuraciesOf(alone), distilled: accuraciesOf(distilled), shift: shiftOf(alone, distilled) };
  });
  tf.dispose(teacher.parameters());

  const before = { before: 'alone', after: 'distilled' };
  return {
    settings: {
      ...settings,
      seed,
      optimizer: `Adam, rate ${rate} along half a cosine`,
      kl: settingsForImageNet.kl,
      composition,
    },
    tables: [accuracyTable(teacherAccuracies, trials)],
    figures: [
      {
        title: 'Accuracy by group, alone and distilled',
        note: 'The first trial. The third group is the one that the teacher never saw.',
        specification: groupGaps(trials[0]!.shift, before),
      },
    ],
    claims: claimsOf(trials),
    remarks: [
      'FairFace cannot be here. MNIST’s digits, to be told odd from even, lean by an angle that is the group’s own; numbers of images are table 10’s, and the third group leans far to the side.',
      'The paper does not say the weights of its loss here; those of ResNet50 → ResNet18 are taken (γ = α = 0.5, τ = 4). Its ResNet20 is a network of three convolutions and two dense layers here, teacher and student alike.',
      'The paper tells this result by a figure without numbers.',
      'That the teacher is better than a student alone, and less fair, is where the study starts from, and no claim of its own: how far the third group leans was chosen for it.',
    ],
    measurements: { teacher: teacherAccuracies, trials },
  };

  async function taught(method: 'independent' | 'kl', trial: number): Promise<HostTensor> {
    // Both students of a trial start from the same weights and see the same order.
    const student = createLayeredNetwork(deriveSeed(seed, 20 + trial), settings.sizes);
    const title = `${method === 'kl' ? 'distilled' : 'alone'}, student ${trial + 1} of ${settings.trials}`;
    const lesson = lessonOf(student, forStudents, settings.epochs.student, deriveSeed(seed, 40 + trial), title);
    const widths = { features: settings.sizes.hidden, maps: settings.sizes.channels[1] };
    const way = methods[method]({
      labels: forStudents.labels,
      settings: settingsForImageNet,
      student: widths,
      teacher: widths,
      seed: deriveSeed(seed, 60 + trial),
    });
    await distill(lesson, teacher, way);
    const logits = await logitsOf(student);
    tf.dispose(student.parameters());
    return logits;
  }

  function lessonOf(
    network: LayeredNetwork,
    digits: GroupedDigits,
    epochs: number,
    order: number,
    title: string,
  ): Lesson {
    return {
      apply: (images) => network.apply(images),
      parameters: network.parameters(),
      images: ({ rows }) => imagesAt(digits, rows),
      labels: digits.labels,
      epochs,
      batchSize: settings.batchSize,
      order,
      learningRate: cosineRate(rate),
      onStep: ({ step, steps }: TrainingStep, loss: number) =>
        progress(`${title}: step ${step + 1} of ${steps}, loss ${loss.toFixed(3)}`, step + 1 === steps),
    };
  }

  function imagesAt({ images }: GroupedDigits, rows: Int32Array): tf.Tensor4D {
    const size = side * side;
    const chosen = new Float32Array(rows.length * size);
    rows.forEach((row, at) => {
      chosen.set(images.subarray(row * size, (row + 1) * size), at * size);
    });
    return tf.tensor4d(chosen, [rows.length, side, side, 1]);
  }

  async function logitsOf(network: LayeredNetwork): Promise<HostTensor> {
    return (await predict(test.count, (rows) => network.apply(imagesAt(test, rows)))).logits;
  }

  function accuraciesOf(logits: HostTensor): Accuracies {
    const { groups } = measure(groupedAccuracy({ groups: groupCount }), {
      logits,
      labels: test.labels,
      groups: test.groups,
    });
    return {
      all: measure(accuracy(), { logits, labels: test.labels }).value,
      groups: groups.map(({ value }) => value!),
    };
  }

  function shiftOf(beforeLogits: HostTensor, afterLogits: HostTensor): GroupShiftResult {
    return measure(groupShift({ groups: groupTitles, from: 'logits' }), {
      beforeLogits,
      afterLogits,
      labels: test.labels,
      groups: test.groups,
    });
  }
}
