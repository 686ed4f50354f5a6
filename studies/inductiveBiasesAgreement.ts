/**
 * Do a teacher's inductive biases pass to a student that has others? Four models, from a Transformer to an LSTM, learn which
 * number a verb has, alone and from one another.
 */
import * as tf from '@tensorflow/tfjs-core';
import {
  accuracy,
  calibrationError,
  crossEntropy,
  deriveSeed,
  dissimilarity,
  errorOverlap,
  groupedAccuracy,
  type HostTensor,
  measure,
  multidimensionalScaling,
  representationalSimilarity,
  similarityMatrix,
  softCrossEntropy,
} from 'dark-knowledge';
import { errorOverlapBars, modelMap, reliabilityDiagram } from 'dark-knowledge/figures';
import { tfjsLoss } from 'dark-knowledge/tfjs';
import { meanAndDeviation } from '../examples/mnist/report.ts';
import {
  type AgreementSentences,
  agreementVocabulary,
  drawSentences,
  mislabelled,
  mostAttractors,
  sentenceLength,
} from './data/agreementSentences.ts';
import {
  agreementClaims,
  type Measured,
  modelNames,
  modelTitles,
  paperAccuracy,
  paperGroups,
  type TeacherName,
  teacherNames,
  trialsOf,
} from './inductiveBiasesAgreement/claims.ts';
import { jointAdam } from './jointAdam.ts';
import {
  createSentenceClassifier,
  type SentenceClassifier,
  type SentenceModelName,
  type SentenceSizes,
} from './models/sentenceClassifiers.ts';
import { type Predictions, predict } from './predictions.ts';
import type { Findings, Scale, Study, StudyContext, StudyTable } from './study.ts';
import { cosineRate, type TrainingStep, train } from './training.ts';

interface AgreementSettings {
  readonly sentences: number;
  /** The share of them whose label is wrong. */
  readonly mislabelled: number;
  readonly testSentences: number;
  /** Further test sentences with 0, 1, 2 and 3 attractors each. */
  readonly withAttractors: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly rate: number;
  readonly trials: number;
  readonly sizes: Omit<SentenceSizes, 'vocabulary' | 'length'>;
}

const settingsOf: Readonly<Record<Scale, AgreementSettings>> = {
  toy: {
    sentences: 16,
    mislabelled: 0.1,
    testSentences: 40,
    withAttractors: 3,
    epochs: 1,
    batchSize: 8,
    rate: 0.004,
    trials: 2,
    sizes: { lstm: { layers: 2, width: 8 }, transformer: { layers: 2, heads: 2, width: 8 }, universalWidth: 12 },
  },
  quick: {
    sentences: 2000,
    mislabelled: 0.03,
    testSentences: 2000,
    withAttractors: 150,
    epochs: 12,
    batchSize: 64,
    rate: 0.004,
    trials: 4,
    sizes: { lstm: { layers: 2, width: 32 }, transformer: { layers: 3, heads: 4, width: 32 }, universalWidth: 48 },
  },
  full: {
    sentences: 20_000,
    mislabelled: 0.014,
    testSentences: 20_000,
    withAttractors: 1000,
    epochs: 20,
    batchSize: 64,
    rate: 0.001,
    trials: 4,
    sizes: { lstm: { layers: 2, width: 256 }, transformer: { layers: 6, heads: 8, width: 128 }, universalWidth: 256 },
  },
};

const warmUp = 20;
/** Groups of distances: up to 2 words, up to 4 … */
const distanceGroups = ['1–2', '3–4', '5–6', '7–8', '9 and more'] as const;
const attractorGroups: readonly string[] = Array.from({ length: mostAttractors + 1 }, (_, count) => String(count));

export const inductiveBiasesAgreement: Study = {
  name: 'inductive-biases-agreement',
  title: 'A recurrent teacher of subject–verb agreement',
  paper:
    'Abnar, Dehghani and Zuidema, Transferring inductive biases through knowledge distillation (2020), §2, Tables 2 and 4, Figures 3, 5 and 6',
  run,
};

/** What a model answers to the sentences it learnt from, to others, and to as many of each number of attractors. */
interface Answers {
  readonly training: Predictions;
  readonly natural: Predictions;
  readonly even: Predictions;
}

async function run({ scale, seed, once, each, progress }: StudyContext): Promise<Findings> {
  const settings = settingsOf[scale];
  const sizes: SentenceSizes = { ...settings.sizes, vocabulary: agreementVocabulary.length, length: sentenceLength };
  const training = mislabelled(
    drawSentences(settings.sentences, deriveSeed(seed, 1)),
    settings.mislabelled,
    deriveSeed(seed, 9),
  );
  const natural = drawSentences(settings.testSentences, deriveSeed(seed, 2));
  const even = joined(
    attractorGroups.map((_, count) => drawSentences(settings.withAttractors, deriveSeed(seed, 3 + count), count)),
  );
  const alone = tfjsLoss(crossEntropy());
  const distilled = tfjsLoss(softCrossEntropy());

  const trials = [...Array(settings.trials).keys()];
  const models = trials.flatMap((trial) => modelNames.map((name) => ({ trial, name })));
  const alones = await each(models, ({ trial, name }) => answersOfOne(name, 'alone', trial));
  const aloneIn = (trial: number, name: SentenceModelName): Answers =>
    alones[trial * modelNames.length + modelNames.indexOf(name)]!;
  // A trial's students learn from the next trial's models: so none learns from what began with its own weights.
  const teacherOf = (trial: number, name: SentenceModelName): Answers => aloneIn((trial + 1) % trials.length, name);
  const lessons = models.flatMap(({ trial, name }) =>
    teacherNames.map((teacher) => ({ trial, student: name, teacher })),
  );
  const answers = await each(lessons, async ({ trial, student, teacher }) =>
    teacher === 'alone' ? aloneIn(trial, student) : answersOfOne(student, teacher, trial),
  );
  const measured = lessons.map(
    (lesson, at): Measured => ({
      ...lesson,
      ...measuredOf(answers[at]!, teacherOf(lesson.trial, 'lstm')),
    }),
  );
  /** Of the first trial, by `teacher → student`. */
  const first = Object.fromEntries(
    lessons.flatMap(({ trial, student, teacher }, at) =>
      trial === 0 ? [[titleOf(student, teacher), answers[at]!] as const] : [],
    ),
  );

  return {
    settings: {
      ...settings,
      seed,
      vocabulary: agreementVocabulary.length,
      temperature: 1,
      optimizer: 'Adam, rate along half a cosine',
    },
    tables: [aloneTable(measured), ...pairTables(measured)],
    figures: figuresOf(first, natural),
    claims: agreementClaims(measured),
    remarks,
    measurements: { measured, groups: groupsOf(first) },
  };

  function answersOfOne(student: SentenceModelName, teacher: TeacherName, trial: number): Promise<Answers> {
    return once(`trial ${trial + 1}: ${titleOf(student, teacher)}`, () => askedOnceTrained(student, teacher, trial));
  }

  /** Trains a model and asks it. It starts a trial from the same weights and sees the same order, whoever teaches it. */
  async function askedOnceTrained(student: SentenceModelName, teacher: TeacherName, trial: number): Promise<Answers> {
    const number = modelNames.indexOf(student);
    const model = createSentenceClassifier(student, deriveSeed(deriveSeed(seed, 20 + number), trial), sizes);
    const taught = teacher === 'alone' ? undefined : teacherOf(trial, teacher).training.logits;
    await fitTo(model, taught, trial, `trial ${trial + 1}: ${titleOf(student, teacher)}`);
    const answers: Answers = {
      training: await answersTo(model, training),
      natural: await answersTo(model, natural),
      even: await answersTo(model, even),
    };
    tf.dispose(model.parameters());
    return answers;
  }

  /** Trains on the labels, or on a teacher's answers alone. */
  async function fitTo(model: SentenceClassifier, teacher: HostTensor | undefined, trial: number, title: string) {
    const parameters = model.parameters();
    await train({
      count: training.count,
      epochs: settings.epochs,
      batchSize: settings.batchSize,
      order: deriveSeed(deriveSeed(seed, 30), trial),
      parameters,
      optimizer: jointAdam(parameters),
      learningRate: (step, steps) => cosineRate(settings.rate)(step, steps) * Math.min(1, (step + 1) / warmUp),
      batch: ({ rows }) => ({
        ...inputsOf(training, rows),
        ...(teacher === undefined ? labelsOf(rows) : { teacherLogits: logitsOf(teacher, rows) }),
      }),
      loss({ tokens, last, labels, teacherLogits }) {
        const { logits: studentLogits } = model.apply(tokens as tf.Tensor2D, last as tf.Tensor2D);
        return teacherLogits === undefined
          ? alone({ studentLogits, labels: labels! })
          : distilled({ studentLogits, teacherLogits });
      },
      onStep: ({ step, steps }: TrainingStep, value) =>
        progress(`${title}: step ${step + 1} of ${steps}, loss ${value.toFixed(3)}`, step + 1 === steps),
    });
  }

  function labelsOf(rows: Int32Array) {
    return {
      labels: tf.tensor1d(
        rows.map((row) => training.labels[row]!),
        'int32',
      ),
    };
  }

  function measuredOf(answers: Answers, lstm: Answers) {
    const { logits, features } = answers.natural;
    const { labels } = natural;
    const byDistance = groupedAccuracy({ groups: distanceGroups });
    return {
      accuracy: measure(accuracy(), { logits, labels }).value,
      byDistance: measure(byDistance, { logits, labels, groups: natural.distances.map(distanceGroup) }).macro,
      byAttractors: attractorAccuracy(answers.even).macro,
      calibrationError: measure(calibrationError(), { logits, labels }).value,
      training: measure(accuracy(), { logits: answers.training.logits, labels: training.labels }).value,
      likeLstm: measure(representationalSimilarity(), { x: someOf(features), y: someOf(lstm.natural.features) }).value,
    };
  }

  function attractorAccuracy({ logits }: Predictions) {
    const metric = groupedAccuracy({ groups: attractorGroups });
    return measure(metric, { logits, labels: even.labels, groups: even.attractors });
  }

  function groupsOf(answers: Readonly<Record<string, Answers>>) {
    const names = Object.keys(answers);
    return Object.fromEntries(names.map((name) => [name, attractorAccuracy(answers[name]!.even).groups]));
  }
}

function titleOf(student: SentenceModelName, teacher: TeacherName): string {
  return teacher === 'alone' ? modelTitles[student] : `${modelTitles[teacher]} → ${modelTitles[student]}`;
}

function distanceGroup(distance: number): number {
  return Math.min(distanceGroups.length - 1, Math.floor((distance - 1) / 2));
}

function joined(parts: readonly AgreementSentences[]): AgreementSentences {
  const together = (name: Exclude<keyof AgreementSentences, 'count' | 'length'>): Int32Array =>
    Int32Array.from(parts.flatMap((part) => Array.from(part[name])));
  return {
    count: parts.reduce((sum, { count }) => sum + count, 0),
    length: sentenceLength,
    tokens: together('tokens'),
    lengths: together('lengths'),
    labels: together('labels'),
    attractors: together('attractors'),
    distances: together('distances'),
  };
}

/** Tokens, and where the last word of each sentence is. */
function inputsOf(sentences: AgreementSentences, rows: Int32Array) {
  const { length } = sentences;
  const tokens = new Int32Array(rows.length * length);
  const last = new Float32Array(rows.length * length);
  rows.forEach((row, at) => {
    tokens.set(sentences.tokens.subarray(row * length, (row + 1) * length), at * length);
    last[at * length + sentences.lengths[row]! - 1] = 1;
  });
  return {
    tokens: tf.tensor2d(tokens, [rows.length, length], 'int32'),
    last: tf.tensor2d(last, [rows.length, length]),
  };
}

function logitsOf({ data, shape: [, classes = 0] }: HostTensor, rows: Int32Array): tf.Tensor2D {
  const chosen = Array.from(rows, (row) => Array.from(data.subarray(row * classes, (row + 1) * classes)));
  return tf.tensor2d(chosen.flat(), [rows.length, classes]);
}

function answersTo(model: SentenceClassifier, sentences: AgreementSentences): Promise<Predictions> {
  return predict(
    sentences.count,
    (rows) => {
      const { tokens, last } = inputsOf(sentences, rows);
      return model.apply(tokens, last);
    },
    500,
  );
}

const compared = 300;

/** The features of the first sentences: similarities compare each pair of them. */
function someOf({ data, shape: [rows = 0, width = 0] }: HostTensor): HostTensor {
  const kept = Math.min(compared, rows);
  return { data: data.slice(0, kept * width), shape: [kept, width] };
}

function aloneTable(measured: readonly Measured[]): StudyTable {
  const of = (
    name: SentenceModelName,
    key: 'accuracy' | 'byDistance' | 'byAttractors' | 'calibrationError' | 'training',
  ) => meanAndDeviation(trialsOf(measured, name, 'alone', key));
  return {
    title:
      'Alone: accuracy over all sentences (μ), over groups by distance (D) and by attractors (A), mean ± standard deviation over trials; in brackets the paper’s',
    header: ['', 'μ', 'D', 'A', 'ECE', 'μ in training'],
    rows: modelNames.map((name) => [
      modelTitles[name],
      `${of(name, 'accuracy')} (${paperAccuracy[name].alone})`,
      `${of(name, 'byDistance')} (${paperGroups[name][0]})`,
      `${of(name, 'byAttractors')} (${paperGroups[name][1]})`,
      of(name, 'calibrationError'),
      of(name, 'training'),
    ]),
  };
}

function pairTables(measured: readonly Measured[]): readonly StudyTable[] {
  const tableOf = (
    title: string,
    key: 'accuracy' | 'byAttractors' | 'calibrationError' | 'likeLstm',
    hasPaper: boolean,
  ): StudyTable => ({
    title,
    header: [
      'student',
      ...teacherNames.map((teacher) => (teacher === 'alone' ? 'alone' : `from ${modelTitles[teacher]}`)),
    ],
    rows: modelNames.map((student) => [
      modelTitles[student],
      ...teacherNames.map((teacher) => {
        const here = meanAndDeviation(trialsOf(measured, student, teacher, key));
        return hasPaper ? `${here} (${paperAccuracy[student][teacher]})` : here;
      }),
    ]),
  });
  return [
    tableOf('μ-accuracy of each student with each teacher; in brackets the paper’s (Table 4)', 'accuracy', true),
    tableOf('A-accuracy', 'byAttractors', false),
    tableOf('Expected calibration error', 'calibrationError', false),
    tableOf('Representational similarity with the LSTM that teaches in the trial', 'likeLstm', false),
  ];
}

function figuresOf(first: Readonly<Record<string, Answers>>, { labels }: AgreementSentences): Findings['figures'] {
  const transformer = modelTitles.transformer;
  const lstm = modelTitles.lstm;
  const distilled = titleOf('transformer', 'lstm');
  const logitsOfModel = (name: string): HostTensor => first[name]!.natural.logits;
  const reliability = (name: string) => measure(calibrationError(), { logits: logitsOfModel(name), labels });
  const models = ['lstm', 'distilled', 'transformer'] as const;
  const overlap = measure(errorOverlap({ models }), {
    labels,
    lstm: logitsOfModel(lstm),
    distilled: logitsOfModel(distilled),
    transformer: logitsOfModel(transformer),
  });
  const taught = modelNames.map((teacher) => titleOf('transformer', teacher));
  const names = [...modelNames.map((name) => modelTitles[name]), ...taught];
  const similarities = measure(
    similarityMatrix({ models: names, similarity: representationalSimilarity() }),
    Object.fromEntries(names.map((name) => [name, someOf(first[name]!.natural.features)])),
  );
  const map = multidimensionalScaling(dissimilarity(similarities.value.map((row) => [...row])));
  return [
    {
      title: 'Calibration of the Transformer, alone and distilled from the LSTM',
      note: 'As the paper’s Figure 5. Points under the dashed line: more confident than right. First trial.',
      specification: reliabilityDiagram({
        [transformer]: reliability(transformer),
        [distilled]: reliability(distilled),
        [lstm]: reliability(lstm),
      }),
    },
    {
      title: 'Representations of the models alone, and of Transformers that they taught',
      note: 'As the paper’s Figure 6, of the last layer on the same sentences. Near: alike. First trial.',
      specification: modelMap({
        ...map,
        names,
        groups: names.map((name) => (taught.includes(name) ? 'taught' : 'alone')),
      }),
    },
    {
      title: 'Who errs on what',
      note: 'As the paper’s Figure 10: does the distilled Transformer err where the LSTM does, or where the Transformer does? First trial; another LSTM than its teacher.',
      specification: errorOverlapBars(overlap),
    },
  ];
}

const remarks: readonly string[] = [
  'Linzen’s sentences are not free to be here: a seeded grammar makes beginnings of sentences up to the verb, with phrases and clauses between subject and verb, clauses without “that”, phrases within clauses, nouns before the subject, and nouns as rare as words are. One noun in four between subject and verb has the other number.',
  'Some of the training sentences are mislabelled, as those of a parsed corpus are: the paper’s LSTM does not learn 1.4 % of its training labels, and its Transformers all but .4 % (Table 8). Test sentences are not.',
  'Thousands of sentences in the place of 121 000, and models a few times smaller than the paper’s: two LSTM layers, three Transformer layers.',
  'A is measured on as many sentences of each number of attractors, from 0 to 3; D in steps of two words; μ and ECE on sentences as the grammar makes them.',
  'Students learn from the teacher’s answers alone, at τ = 1, as in the paper. All models have one rate and one schedule; the paper tunes each.',
  'The LSTM that teaches in a trial is another than the one that is measured alone in it, and so are the other teachers: no student learns from a model that began with its weights.',
  'Classification alone: no language models (Tables 1 and 3).',
];
