/**
 * What does a student take from its teacher beside the answers? Teachers that were trained plainly, with jittered colours, with
 * shifts, and on restyled images teach students on plain images alone.
 */
import * as tf from '@tensorflow/tfjs-core';
import { deriveSeed } from 'dark-knowledge';
import { loadMnist } from '../examples/mnist/data.ts';
import { colours, digitClasses } from './data/cuedDigits.ts';
import { someSamples } from './data/samples.ts';
import { distill, type Lesson, trainOnLabels } from './distillation.ts';
import { methods, settingsForImageNet } from './methods.ts';
import { createLayeredNetwork, type LayeredNetwork } from './models/layeredNetwork.ts';
import type { Findings, Study, StudyContext } from './study.ts';
import { cosineRate, type TrainingStep } from './training.ts';
import { trainedOnce } from './weights.ts';
import { claimsOf } from './whatTransfers/claims.ts';
import { figuresOf, tablesOf } from './whatTransfers/display.ts';
import { type Schooling, testViews, trainingImages } from './whatTransfers/images.ts';
import {
  type Answers,
  type Attack,
  answersOf,
  attackOn,
  compared,
  fooling,
  layerSimilarity,
  logitsOn,
  looksAlike,
} from './whatTransfers/measures.ts';
import type { StudentName, StudentRow, TeacherRow } from './whatTransfers/rows.ts';
import {
  epsilon,
  higher,
  type NetworkWidths,
  rate,
  type Student,
  settingsOf,
  similarityImages,
  students,
  type TransferSettings,
} from './whatTransfers/settings.ts';

export const whatTransfers: Study = {
  name: 'what-transfers',
  title: 'What a student takes from its teacher beside the answers',
  paper:
    'Ojha, Li, Sundara Rajan, Liang and Lee, What knowledge gets distilled in knowledge distillation? (2023), §§4.1–4.5, 5, C.2, C.3, C.5',
  run,
};

interface Teacher {
  readonly network: LayeredNetwork;
  readonly answers: Answers;
}

async function run({ scale, seed, once, each, progress }: StudyContext): Promise<Findings> {
  const settings = settingsOf[scale];
  const shape = { inputs: colours, side: settings.side, classes: digitClasses };
  const mnist = loadMnist();
  const training = someSamples(mnist.train, settings.images, deriveSeed(seed, 1));
  const paint = trainingImages(training, settings.side, deriveSeed(seed, 2));
  const test = someSamples(mnist.test, settings.testImages, deriveSeed(seed, 3));
  const views = testViews(test, settings.side, deriveSeed(seed, 4));

  const schoolings = ['plain', 'jittered', 'shifted', 'restyled'] as const;
  const teachers = await each(schoolings, (schooling) =>
    trainedTeacher(schooling, settings.teacher, deriveSeed(seed, 10 + schoolings.indexOf(schooling))),
  );
  const known = Object.fromEntries(schoolings.map((schooling, at) => [schooling, teachers[at]!])) as Readonly<
    Record<Schooling, Teacher>
  >;
  const foreign = await trainedTeacher('plain', settings.foreign, deriveSeed(seed, 14), 'a foreign network');
  const attacks = { teacher: await attackBy(known.plain), foreign: await attackBy(foreign) };

  const trials = [...Array(settings.trials).keys()];
  const pairs = trials.flatMap((trial) => students.map((student) => ({ trial, student })));
  const found = await each(pairs, ({ trial, student }) =>
    once(`${student.name}, trial ${trial}`, async () => {
      const network = await trainedStudent(student, trial);
      const answers = await answersOf(network, views);
      const layers = await layerSimilarity(network, known[student.schooling].network, views, similarityImages);
      const fooled = {
        fooledByTeachers: await fooling(attacks.teacher, network, answers.plain),
        fooledByForeign: await fooling(attacks.foreign, network, answers.plain),
      };
      tf.dispose(network.parameters());
      return { answers, layers, fooled };
    }),
  );
  const alone = found.flatMap(({ answers }, at) => (pairs[at]!.student.name === 'alone' ? [answers] : []));
  const similarities: Partial<Record<StudentName, Awaited<ReturnType<typeof layerSimilarity>>>> = {};
  const rows = found.map(({ answers, layers, fooled }, at): StudentRow => {
    const { student, trial } = pairs[at]!;
    const teacher = known[student.schooling];
    similarities[student.name] ??= layers;
    return {
      student: student.name,
      trial,
      ...compared(answers, teacher.answers, views),
      looksAlike: looksAlike(teacher.answers, answers, alone[trial]!),
      ...fooled,
      layerSimilarity: layers.debiased.map((row, layer) => row[layer]!),
    };
  });
  const chance = alone.map((answers, trial) =>
    looksAlike(known.plain.answers, answers, alone[(trial + 1) % alone.length]!),
  );
  const teacherRows = Object.entries(known).map(
    ([schooling, { answers }]): TeacherRow => ({
      teacher: schooling as Schooling,
      ...compared(answers, answers, views),
    }),
  );
  const fooled = {
    teacher: await ownRate(attacks.teacher, known.plain),
    foreign: await ownRate(attacks.foreign, foreign),
  };
  for (const { network } of [...Object.values(known), foreign]) tf.dispose(network.parameters());
  const { plain, jittered, shifted, unseen } = views;
  tf.dispose([attacks.teacher.images, attacks.foreign.images, plain, jittered, ...shifted, ...Object.values(unseen)]);

  return {
    settings: {
      ...settings,
      seed,
      optimizer: `Adam, rate ${rate} along half a cosine`,
      epsilon,
      usual: settingsForImageNet,
      higher,
    },
    tables: tablesOf(rows, teacherRows, { fooled, chance }),
    figures: figuresOf(rows, similarities),
    claims: claimsOf(rows),
    remarks: remarksOf(settings),
    measurements: { teachers: teacherRows, students: rows, fooled, chance },
  };

  async function trainedTeacher(
    schooling: Schooling,
    sizes: NetworkWidths,
    own: number,
    title = `${schooling} teacher`,
  ): Promise<Teacher> {
    const network = createLayeredNetwork(deriveSeed(own, 0), { ...shape, ...sizes });
    await trainedOnce(once, title, network.parameters(), () =>
      trainOnLabels(lessonOf(network, schooling, settings.epochs.teacher, deriveSeed(own, 1), title)),
    );
    return { network, answers: await answersOf(network, views) };
  }

  async function trainedStudent({ name, schooling, method, settings: how }: Student, trial: number) {
    // All students start a trial from the same weights and see the same order: their differences are paired.
    const network = createLayeredNetwork(deriveSeed(seed, 100 + trial), { ...shape, ...settings.student });
    const widths = ({ hidden, channels }: NetworkWidths) => ({
      features: hidden,
      maps: channels[1],
    });
    const title = `${name}, student ${trial + 1} of ${settings.trials}`;
    const lesson = lessonOf(network, 'plain', settings.epochs.student, deriveSeed(seed, 300 + trial), title);
    const way = methods[method]({
      labels: training.labels,
      settings: how,
      student: widths(settings.student),
      teacher: widths(settings.teacher),
      seed: deriveSeed(seed, 200 + trial),
    });
    await distill(lesson, known[schooling].network, way);
    return network;
  }

  function lessonOf(
    network: LayeredNetwork,
    schooling: Schooling,
    epochs: number,
    order: number,
    title: string,
  ): Lesson {
    return {
      apply: (images) => network.apply(images),
      parameters: network.parameters(),
      images: ({ rows: chosen, step }) => paint(chosen, schooling, step),
      labels: training.labels,
      epochs,
      batchSize: settings.batchSize,
      order,
      learningRate: cosineRate(rate),
      onStep: ({ step, steps }: TrainingStep, loss: number) =>
        progress(`${title}: step ${step + 1} of ${steps}, loss ${loss.toFixed(3)}`, step + 1 === steps),
    };
  }

  async function attackBy({ network, answers }: Teacher): Promise<Attack> {
    const images = await attackOn(network, views, epsilon);
    return { images, clean: answers.plain, adversarial: await logitsOn(network, images) };
  }

  async function ownRate(attack: Attack, { network, answers }: Teacher): Promise<number> {
    return (await fooling(attack, network, answers.plain)).teacherValue;
  }
}

function remarksOf({ images, side, epochs, trials }: TransferSettings): readonly string[] {
  return [
    'ImageNet cannot be here. MNIST’s digits stand on a background whose colour and whose stripes are those of the class in nine images of ten: a network may go by shape, colour or texture, as it may on photographs.',
    'The five unseen domains are Geirhos and others’ by name, made from the same digits: sketch, stylised, edges, silhouette, cue conflict. Stylised images have a random class’s background, and the shape-biased teacher is trained on them.',
    'The shift-invariant teacher is trained with shifts of up to 4 pixels of 28; the paper’s has filters against aliasing.',
    `Teacher and student are convolutional networks of three convolutions and two dense layers, the student half as wide: ${images} images of ${side} × ${side}, ${epochs.student} epochs, ${trials} students a method; the paper has ResNet50 and ResNet18 and two students.`,
    'Transformers (ViT, Swin) are left out, and so are random crops (C.4) and students that distillation does not make better (C.1).',
  ];
}
