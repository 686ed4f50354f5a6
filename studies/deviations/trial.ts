/** One trial: its own training images, and every teacher and student on them. */
import {
  type ConfidenceDeviationResult,
  crossEntropy,
  deriveSeed,
  klDivergence,
  switchAt,
  weightedSum,
} from 'dark-knowledge';
import { type Dataset, selectExamples } from '../../examples/mnist/data.ts';
import { withNoisyLabels } from '../data/noisyLabels.ts';
import { someSamples } from '../data/samples.ts';
import type { Lesson } from '../lessons.ts';
import type { NetworkKind } from '../models/learners.ts';
import type { Once } from '../parts.ts';
import {
  deviation,
  type NoiseMeasured,
  noiseMeasured,
  type PairMeasured,
  pairMeasured,
  partsOf,
  shareRight,
} from './confidence.ts';
import { randomPairs, type Ways, type WaysMeasured, waysMeasured, waysOf } from './eigenPaths.ts';
import { type LinearMeasured, linearMeasured } from './linear.ts';
import { type Pupil, type PupilSettings, trainPupil } from './pupils.ts';
import type { DeviationSettings } from './settings.ts';

export type SettingName = 'MLP → MLP' | 'CNN → CNN' | 'CNN → MLP' | 'MLP → MLP, noisy labels';
export type TeacherName = 'interpolating' | 'not interpolating';
export type WayName =
  | 'labels alone'
  | 'distillation alone'
  | 'to labels early'
  | 'to labels late'
  | 'to labels gradually'
  | 'to distillation late';
export type VariantName = 'temperature 1' | 'temperature 10' | 'smaller batches' | 'three times as long';

export interface TrialFindings {
  readonly trial: number;
  readonly pairs: Readonly<Record<SettingName, PairMeasured>>;
  readonly noise: NoiseMeasured;
  /** The teachers' own accuracy on all training images. */
  readonly teachers: Readonly<Record<TeacherName, number>>;
  /** Accuracy on test images. */
  readonly switching: Readonly<Record<TeacherName, Readonly<Record<WayName, number>>>>;
  readonly variants: Readonly<Record<VariantName, PairMeasured>>;
  readonly ways: Readonly<Record<'MLP → MLP' | 'CNN → CNN', WaysMeasured>>;
  readonly linear: LinearMeasured;
  /** For figures. */
  readonly pictures: {
    readonly scatters: Readonly<Record<string, ConfidenceDeviationResult>>;
    readonly noise: Readonly<Record<'mislabelled' | 'clean', ConfidenceDeviationResult>>;
    readonly ways: Readonly<Record<'MLP → MLP' | 'CNN → CNN' | 'linear', Ways>>;
    readonly curves: Readonly<Record<TeacherName, Readonly<Record<string, readonly number[]>>>>;
  };
}

export interface TrialContext {
  readonly trial: number;
  readonly settings: DeviationSettings;
  readonly pool: Dataset;
  readonly test: Dataset;
  readonly seed: number;
  readonly once: Once;
  readonly progress: (text: string) => void;
}

export async function runTrial({
  trial,
  settings,
  pool,
  test,
  seed,
  once,
  progress,
}: TrialContext): Promise<TrialFindings> {
  const { temperature, bottom, directions, checkpoints, training, noise, sizes } = settings;
  const images = someSamples(pool, settings.images, deriveSeed(seed, 1));
  const noisy = withNoisyLabels(images, noise, deriveSeed(seed, 2));
  const half = selectExamples(
    images,
    Int32Array.from({ length: Math.floor(images.count / 2) }, (_, row) => row),
  );
  const labels = { train: images.labels, test: test.labels };
  const followed = trial === 0 ? someSamples(test, settings.curveImages, deriveSeed(seed, 3)) : undefined;
  const distillation = klDivergence({ temperature });
  const mlpSteps = training.mlp.epochs * Math.floor(images.count / training.mlp.batchSize);

  /** First weights and order are the same for all networks of a kind: one-hot student and teacher are one. */
  const pupil = (name: string, kind: NetworkKind, changed: Partial<PupilSettings>): Promise<Pupil> => {
    const title = `trial ${trial + 1} of ${settings.trials}: ${name}`;
    progress(title);
    return once(title, () =>
      trainPupil({
        kind,
        sizes,
        initialization: deriveSeed(seed, 4),
        order: deriveSeed(seed, 5),
        images,
        train: images,
        test,
        loss: crossEntropy(),
        ...training[kind],
        ...changed,
      }),
    );
  };
  const taught = (name: string, kind: NetworkKind, teacher: Pupil, changed: Partial<PupilSettings> = {}) =>
    pupil(name, kind, { loss: distillation, teacherLogits: teacher.train, ...changed });
  const follow = followed === undefined ? {} : { followed };

  const mlp = await pupil('MLP', 'mlp', { checkpoints, ...follow });
  const mlpStudent = await taught('MLP → MLP', 'mlp', mlp, { checkpoints, ...follow });
  const cnn = await pupil('CNN', 'cnn', { checkpoints });
  const cnnStudent = await taught('CNN → CNN', 'cnn', cnn, { checkpoints });
  const crossStudent = await taught('CNN → MLP', 'mlp', cnn);
  const noisyMlp = await pupil('MLP, noisy labels', 'mlp', { images: noisy.images });
  const noisyStudent = await taught('MLP → MLP, noisy labels', 'mlp', noisyMlp, { images: noisy.images });
  // As many steps as on the whole.
  const halfMlp = await pupil('MLP, half of the images', 'mlp', { images: half, epochs: 2 * training.mlp.epochs });
  const halfStudent = await taught('its student', 'mlp', halfMlp, follow);

  const switched = {
    interpolating: await switchedStudents(mlp, 'interpolating'),
    'not interpolating': await switchedStudents(halfMlp, 'not interpolating'),
  };
  const whole = { 'labels alone': mlp, 'distillation alone': mlpStudent, ...switched.interpolating };
  const parted = { 'labels alone': mlp, 'distillation alone': halfStudent, ...switched['not interpolating'] };

  const variants: Record<VariantName, Pupil> = {
    'temperature 1': await taught('temperature 1', 'mlp', mlp, { loss: klDivergence({ temperature: 1 }) }),
    'temperature 10': await taught('temperature 10', 'mlp', mlp, { loss: klDivergence({ temperature: 10 }) }),
    'smaller batches': await taught('smaller batches', 'mlp', mlp, { batchSize: training.mlp.batchSize / 4 }),
    'three times as long': await taught('three times as long', 'mlp', mlp, { epochs: 3 * training.mlp.epochs }),
  };

  const own = (teacher: Pupil, student: Pupil, known = labels) =>
    pairMeasured({ teacher, oneHot: teacher, student }, known, bottom);
  const testAccuracy = (pupils: Readonly<Record<WayName, Pupil>>) =>
    record(pupils, (student) => shareRight(student.test, test.labels));
  const eigen = { directions, patchSeed: deriveSeed(seed, 6) };
  const mlpWays = waysOf('mlp', images, { teacher: mlp.kernels, student: mlpStudent.kernels }, eigen);
  const cnnWays = waysOf('cnn', images, { teacher: cnn.kernels, student: cnnStudent.kernels }, eigen);
  const pairsOf = (ways: Ways) => randomPairs(deriveSeed(seed, 7), ways.eigenvalues.length, settings.pairs);
  progress(`trial ${trial + 1} of ${settings.trials}: linear regression`);
  const few = someSamples(images, settings.linear.images, deriveSeed(seed, 8));
  const linearDirections = Math.min(directions, few.count);
  const linear = await linearMeasured(
    few,
    randomPairs(deriveSeed(seed, 9), linearDirections, settings.pairs),
    linearDirections,
    { ...settings.linear, order: deriveSeed(seed, 10) },
  );

  return {
    trial,
    pairs: {
      'MLP → MLP': own(mlp, mlpStudent),
      'CNN → CNN': own(cnn, cnnStudent),
      'CNN → MLP': pairMeasured({ teacher: cnn, oneHot: mlp, student: crossStudent }, labels, bottom),
      'MLP → MLP, noisy labels': own(noisyMlp, noisyStudent, { ...labels, train: noisy.images.labels }),
    },
    noise: noiseMeasured(noisyMlp, noisyStudent, noisy),
    teachers: {
      interpolating: shareRight(mlp.train, images.labels),
      'not interpolating': shareRight(halfMlp.train, images.labels),
    },
    switching: { interpolating: testAccuracy(whole), 'not interpolating': testAccuracy(parted) },
    variants: record(variants, (student) => own(mlp, student)),
    ways: {
      'MLP → MLP': waysMeasured(mlpWays, pairsOf(mlpWays)),
      'CNN → CNN': waysMeasured(cnnWays, pairsOf(cnnWays)),
    },
    linear: linear.measured,
    pictures: {
      scatters: {
        training: deviation(mlp, mlpStudent, 'train', bottom),
        test: deviation(mlp, mlpStudent, 'test', bottom),
      },
      noise: partsOf(noisyMlp, noisyStudent, noisy.mislabelled),
      ways: { 'MLP → MLP': mlpWays, 'CNN → CNN': cnnWays, linear: linear.ways },
      curves: {
        interpolating: record(whole, ({ curve }) => curve),
        'not interpolating': record(parted, ({ curve }) => curve),
      },
    },
  };

  /** Students that begin by one loss and end by the other. */
  async function switchedStudents(teacher: Pupil, kind: TeacherName) {
    const [early, late, window] = [mlpSteps / 4, (3 * mlpSteps) / 4, mlpSteps / 2].map(Math.round) as [
      number,
      number,
      number,
    ];
    const by = (name: string, loss: Lesson['loss']) =>
      taught(`${name}, teacher ${kind}`, 'mlp', teacher, { loss, ...follow });
    const toLabels = (step: number, over = 0) =>
      weightedSum({
        distillation: { loss: distillation, weight: switchAt({ step, window: over, from: 1, to: 0 }) },
        task: { loss: crossEntropy(), weight: switchAt({ step, window: over }) },
      });
    const toDistillation = weightedSum({
      task: { loss: crossEntropy(), weight: switchAt({ step: late, from: 1, to: 0 }) },
      distillation: { loss: distillation, weight: switchAt({ step: late }) },
    });
    return {
      'to labels early': await by('to labels early', toLabels(early)),
      'to labels late': await by('to labels late', toLabels(late)),
      'to labels gradually': await by('to labels gradually', toLabels(early, window)),
      'to distillation late': await by('to distillation late', toDistillation),
    };
  }
}

function record<Name extends string, From, To>(
  of: Readonly<Record<Name, From>>,
  each: (value: From) => To,
): Record<Name, To> {
  return Object.fromEntries(Object.entries<From>(of).map(([name, value]) => [name, each(value)])) as Record<Name, To>;
}
