/**
 * What does compression by distillation lose, and where? Students with fewer layers, fewer heads or a smaller width than their
 * teacher, on tasks of unequal size.
 */
import * as tf from '@tensorflow/tfjs-core';
import { crossEntropy, deriveSeed } from 'dark-knowledge';
import { degradationHeatMap } from 'dark-knowledge/figures';
import { tfjsLoss } from 'dark-knowledge/tfjs';
import { drawExamples, type TaskName, taskNames, textTasks, vocabulary } from './data/textTasks.ts';
import { createTextClassifier, type TextClassifier, type TextOutputs } from './models/textClassifier.ts';
import type { TransformerForm } from './models/transformer.ts';
import { type Predictions, predict } from './predictions.ts';
import type { Findings, Scale, Study, StudyContext } from './study.ts';
import { trainedOnce } from './weights.ts';
import { degradationOf, lossClaims, meanOf } from './whatIsLost/claims.ts';
import { exampleTable, groupTable, splitOf } from './whatIsLost/examples.ts';
import { byModel, glueScores, glueSpeeds, type ModelName, modelNames, type TaskNumbers } from './whatIsLost/glue.ts';
import {
  layerwiseObjective,
  mappedLayers,
  studentForms,
  studentNames,
  temperature,
  third,
} from './whatIsLost/layerwise.ts';
import { numbersTable, recipeTable } from './whatIsLost/recipe.ts';
import { scoreOf, speedsOf, tokensOf } from './whatIsLost/scores.ts';
import { trainOnTasks } from './whatIsLost/taskTraining.ts';

interface LossSettings {
  /** Training examples of each task, for the students. */
  readonly examples: TaskNumbers;
  /** The teacher's of each task, those of the students among them: what it knows from elsewhere, as a pretrained one does. */
  readonly teacherExamples: number;
  readonly testExamples: number;
  /** Steps on each task in a round: a small one is gone through more often. */
  readonly steps: TaskNumbers;
  readonly rounds: { readonly teacher: number; readonly student: number };
  readonly batchSize: number;
  readonly rate: number;
  readonly teacher: Omit<TransformerForm, 'vocabulary' | 'length'>;
  /** What a speed is taken from. */
  readonly timing: { readonly batch: number; readonly rounds: number };
}

const settingsOf: Readonly<Record<Scale, LossSettings>> = {
  toy: {
    examples: { RTE: 8, STSB: 16, CoLA: 24, SST2: 32, QNLI: 40, MNLI: 48 },
    teacherExamples: 60,
    testExamples: 12,
    steps: { RTE: 1, STSB: 1, CoLA: 0, SST2: 0, QNLI: 0, MNLI: 1 },
    rounds: { teacher: 1, student: 1 },
    batchSize: 2,
    rate: 0.002,
    teacher: { layers: 12, heads: 3, width: 18, inner: 36 },
    timing: { batch: 2, rounds: 2 },
  },
  quick: {
    examples: { RTE: 320, STSB: 640, CoLA: 960, SST2: 2560, QNLI: 4096, MNLI: 8192 },
    teacherExamples: 8192,
    testExamples: 500,
    steps: { RTE: 12, STSB: 16, CoLA: 20, SST2: 16, QNLI: 14, MNLI: 22 },
    rounds: { teacher: 16, student: 8 },
    batchSize: 32,
    rate: 0.003,
    teacher: { layers: 12, heads: 6, width: 36, inner: 72 },
    timing: { batch: 100, rounds: 10 },
  },
  full: {
    examples: { RTE: 2500, STSB: 5700, CoLA: 8500, SST2: 67_000, QNLI: 108_000, MNLI: 393_000 },
    teacherExamples: 400_000,
    testExamples: 2000,
    steps: { RTE: 50, STSB: 80, CoLA: 70, SST2: 160, QNLI: 200, MNLI: 240 },
    rounds: { teacher: 20, student: 10 },
    batchSize: 64,
    rate: 0.001,
    teacher: { layers: 12, heads: 12, width: 144, inner: 576 },
    timing: { batch: 100, rounds: 20 },
  },
};

export const whatIsLost: Study = {
  name: 'what-is-lost',
  title: 'What is lost on the way to a smaller student',
  paper: 'Mohanty, Roosta and Passban, What is lost in knowledge distillation? (2023), Tables 1–3 and 6, Figure 1',
  run,
};

async function run({ scale, seed, once, each, progress }: StudyContext): Promise<Findings> {
  const settings = settingsOf[scale];
  const longest = Math.max(...taskNames.map((task) => textTasks[task].longest));
  const teacherForm: TransformerForm = { ...settings.teacher, vocabulary: vocabulary.length, length: longest };
  const classes = byTask((task) => textTasks[task].classes);
  const texts = (count: (task: TaskName) => number) =>
    byTask((task) => drawExamples(task, count(task), deriveSeed(deriveSeed(seed, 1), 1)));
  const test = byTask((task) => drawExamples(task, settings.testExamples, deriveSeed(deriveSeed(seed, 1), 2)));
  const schooling = {
    steps: settings.steps,
    batchSize: settings.batchSize,
    rate: settings.rate,
    seed: deriveSeed(seed, 3),
    progress,
  };
  const teachers = { ...schooling, rounds: settings.rounds.teacher, texts: texts(() => settings.teacherExamples) };
  const students = { ...schooling, rounds: settings.rounds.student, texts: texts((task) => settings.examples[task]) };

  const teacher = createTextClassifier(deriveSeed(seed, 2), teacherForm, classes);
  const alone = tfjsLoss(crossEntropy());
  await trainedOnce(once, 'teacher', teacher.parameters(), () =>
    trainOnTasks(teachers, 'the teacher', teacher.parameters(), ({ tokens, labels }, task) =>
      alone({ studentLogits: teacher.apply(tokens, task).logits, labels }),
    ),
  );

  const forms = studentForms(teacherForm);
  const taught = await each(studentNames, async (name) => {
    const number = studentNames.indexOf(name);
    const student = createTextClassifier(deriveSeed(seed, 10 + number), forms[name], classes);
    const { loss, parameters } = layerwiseObjective(teacherForm, forms[name], deriveSeed(seed, 30 + number));
    const trained = [...student.parameters(), ...parameters];
    await trainedOnce(once, name, trained, () =>
      trainOnTasks(students, name, trained, ({ tokens, labels, present }, task) =>
        loss({ labels, present, student: student.apply(tokens, task), teacher: teacher.apply(tokens, task) }),
      ),
    );
    tf.dispose([...parameters]);
    return student;
  });

  const known = {
    teacher,
    ...Object.fromEntries(studentNames.map((name, at) => [name, taught[at]!])),
  } as Readonly<Record<ModelName, TextClassifier<TaskName>>>;
  const predictions = await predictionsOf(known);
  const scores = byModel((name) => byTask((task) => scoreOf(task, predictions[task][name], test[task])));
  const speeds = await once('speeds', () => speedsOf(known, test, settings.timing));
  for (const model of Object.values(known)) tf.dispose(model.parameters());
  const overTasks = byModel((name) =>
    Array.from({ length: settings.timing.rounds }, (_, at) => meanOf(taskNames.map((task) => speeds[name][task][at]!))),
  );
  const degradation = degradationOf(scores);

  return {
    settings: {
      ...settings,
      seed,
      vocabulary: vocabulary.length,
      optimizer: 'Adam, rate along half a cosine',
      weights: { task: third, intermediate: third, distillation: third },
      temperature,
      layers: Object.fromEntries(
        (['9L', '6L', '3L'] as const).map((name) => [
          name,
          mappedLayers(teacherForm, forms[name]).map(({ student, teacher: from }) => `${student}←${from}`),
        ]),
      ),
    },
    tables: [
      numbersTable(
        'Score: Matthews’ correlation for CoLA, the mean of Pearson’s and Spearman’s for STSB, else accuracy; in brackets the paper’s',
        scores,
        glueScores,
        3,
      ),
      numbersTable(
        'Samples a second; in brackets the paper’s',
        byModel((name) => byTask((task) => meanOf(speeds[name][task]))),
        glueSpeeds,
        0,
      ),
      recipeTable(scores, speeds),
      groupTable(test, predictions),
      exampleTable(test, predictions),
      {
        title: 'The tasks: what each stands for, and how many examples it has',
        header: ['', 'asks', 'training examples', 'in GLUE'],
        rows: taskNames.map((task) => [task, textTasks[task].question, String(settings.examples[task]), inGlue[task]]),
      },
    ],
    figures: [
      {
        title: "What each student lost of its teacher's score",
        note: 'As the paper’s Figure 1. Darker: more is lost; purple: the student is better than its teacher.',
        specification: degradationHeatMap(degradation),
      },
      {
        title: 'The same in the paper',
        note: 'From its Table 1, on the tasks of GLUE whose places ours take.',
        specification: degradationHeatMap(degradationOf(glueScores)),
      },
    ],
    claims: lossClaims({ examples: settings.examples, scores, speeds: overTasks }),
    remarks,
    measurements: { scores, degradation, speeds, split: byTask((task) => splitOf(test[task], predictions[task])) },
  };

  async function predictionsOf(given: Readonly<Record<ModelName, TextClassifier<TaskName>>>) {
    const found: Partial<Record<TaskName, Readonly<Record<ModelName, Predictions>>>> = {};
    for (const task of taskNames) {
      const of: Partial<Record<ModelName, Predictions>> = {};
      for (const name of modelNames) {
        const apply = (rows: Int32Array): TextOutputs => given[name].apply(tokensOf(test[task], rows), task);
        of[name] = await predict(test[task].count, apply);
      }
      found[task] = of as Readonly<Record<ModelName, Predictions>>;
    }
    return found as Readonly<Record<TaskName, Readonly<Record<ModelName, Predictions>>>>;
  }
}

const inGlue: Readonly<Record<TaskName, string>> = {
  RTE: 'entailment, 2500',
  STSB: 'similarity of two texts, 5700',
  CoLA: 'acceptability, 8500',
  SST2: 'sentiment, 67 000',
  QNLI: 'does the text answer the question?, 108 000',
  MNLI: 'entailment, contradiction or neither, 393 000',
};

const remarks: readonly string[] = [
  'GLUE is not free to be here: six seeded generators of short texts over one small vocabulary take the places of six of its tasks. They keep the kind of question, the order by size, and that MNLI asks what RTE does with a third answer; MRPC and QQP are left out.',
  'One teacher, and one student of each form, answers all tasks through a head each, in the place of RoBERTa fine-tuned for each task: what the tasks share is learnt from all of them. Small tasks are gone through more often than large ones.',
  'Nothing is pretrained here. That a teacher knows more of a language than a task’s examples tell comes of its own training: the students’ examples of each task and as many more as make the sizes equal.',
  'All students start from random weights; the paper does not say how its students start. Their hidden states are matched after standardising, by the mean squared error, through a linear map where the student is narrower.',
  'Texts are few where words are: at the quick size most test texts of QNLI and CoLA, half of MNLI’s and almost none of RTE’s and STSB’s are among the training texts, so that learning by heart is part of what is measured.',
  'STSB is answered by classes 0 to 3, and scored by their expectation.',
  'One run of each model: intervals are over tasks, or over rounds of timing, which one thread of requests measures on this machine’s cores, not on four GPUs.',
];

function byTask<Value>(of: (task: TaskName) => Value): Readonly<Record<TaskName, Value>> {
  return Object.fromEntries(taskNames.map((task) => [task, of(task)])) as Record<TaskName, Value>;
}
