/** Tables and figures. */
import { confidenceScatter, eigenTrajectories, lossCurves, type StepRecord } from 'dark-knowledge/figures';
import { meanAndDeviation } from '../../examples/mnist/report.ts';
import type { StudyFigure, StudyTable } from '../study.ts';
import type { SettingName, TeacherName, TrialFindings, VariantName, WayName } from './trial.ts';

const teacherNames: readonly TeacherName[] = ['interpolating', 'not interpolating'];

export function tablesOf(trials: readonly TrialFindings[]): readonly StudyTable[] {
  const over = (of: (trial: TrialFindings) => number | null): string => {
    const known = trials.map((trial) => of(trial) ?? Number.NaN).filter(Number.isFinite);
    return known.length === 0 ? '' : meanAndDeviation(known);
  };
  const first = trials[0]!;
  const names = <Name extends string>(of: Readonly<Record<Name, unknown>>) => Object.keys(of) as Name[];
  const settings = names<SettingName>(first.pairs);
  const variants = names<VariantName>(first.variants);
  return [
    {
      title: 'Accuracy (mean ± standard deviation over trials), as Table 2',
      header: ['', 'teacher, train', 'labels, train', 'taught, train', 'teacher, test', 'labels, test', 'taught, test'],
      rows: settings.map((setting) => [
        setting,
        ...(['train', 'test'] as const).flatMap((set) =>
          (['teacher', 'oneHot', 'student'] as const).map((of) =>
            over(({ pairs }) => pairs[setting].accuracy[of][set]),
          ),
        ),
      ]),
    },
    {
      title: "Slopes over the teacher's bottom quarter; mistakes corrected, right answers broken",
      header: ['', 'slope, train', 'slope, test', 'corrected', 'broken', 'accuracy, test'],
      rows: [
        ...settings.map((setting) => [setting, (trial: TrialFindings) => trial.pairs[setting]] as const),
        ...variants.map(
          (variant) => [`MLP → MLP, ${variant}`, (trial: TrialFindings) => trial.variants[variant]] as const,
        ),
      ].map(([name, of]) => [
        name,
        over((trial) => of(trial).slope.train),
        over((trial) => of(trial).slope.test),
        over((trial) => of(trial).corrected),
        over((trial) => of(trial).broken),
        over((trial) => of(trial).accuracy.student.test),
      ]),
    },
    {
      title: 'Noisy labels, training images',
      header: ['', 'mislabelled', 'labelled rightly'],
      rows: [
        [
          "teacher's mean log-odds",
          over(({ noise }) => noise.teacherConfidence.mislabelled),
          over(({ noise }) => noise.teacherConfidence.clean),
        ],
        ['student less confident, share', over(({ noise }) => noise.below), ''],
        ['wrong label learnt by the teacher', over(({ noise }) => noise.fit.teacher), ''],
        ['wrong label learnt by the student', over(({ noise }) => noise.fit.student), ''],
      ],
    },
    {
      title: 'Student against teacher along the bottom direction, at equal progress along the top',
      header: ['', '1 − student/teacher', 'share of comparisons above 0', 'away from flow: teacher', 'student'],
      rows: [
        ['gradient flow', over(({ linear }) => linear.flow.shortfall), '', '', ''],
        ...(['all images a step', 'small batches'] as const).map((kind) => [
          `finite steps, ${kind}`,
          over(({ linear }) => linear.steps[kind].comparison.shortfall),
          over(({ linear }) => linear.steps[kind].comparison.share),
          over(({ linear }) => linear.steps[kind].awayFromFlow.teacher),
          over(({ linear }) => linear.steps[kind].awayFromFlow.student),
        ]),
        ...(['MLP → MLP', 'CNN → CNN'] as const).map((setting) => [
          `${setting}, first layer`,
          over(({ ways }) => ways[setting].comparison.shortfall),
          over(({ ways }) => ways[setting].comparison.share),
          '',
          '',
        ]),
      ],
    },
    {
      title: 'How far the top direction leads (area; ½: one pace)',
      header: ['', 'teacher', 'student'],
      rows: (['MLP → MLP', 'CNN → CNN'] as const).map((setting) => [
        `${setting}, first layer`,
        over(({ ways }) => ways[setting].lead.teacher),
        over(({ ways }) => ways[setting].lead.student),
      ]),
    },
    {
      title: 'Switching between losses: accuracy on test images, by teacher',
      header: ['', ...teacherNames],
      rows: [
        [
          "teacher's own, on all training images",
          ...teacherNames.map((name) => over(({ teachers }) => teachers[name])),
        ],
        ...names<WayName>(first.switching.interpolating).map((way) => [
          way,
          ...teacherNames.map((name) => over(({ switching }) => switching[name][way])),
        ]),
      ],
    },
  ];
}

export function figuresOf({ pictures }: TrialFindings): readonly StudyFigure[] {
  const figure = (title: string, note: string, specification: StudyFigure['specification']): StudyFigure => ({
    title,
    note,
    specification,
  });
  const scatter = 'Confidence of an MLP and of its own student';
  const noise = 'Confidence where labels are noisy, training images';
  const mlp = 'Weights of an MLP’s first layer along directions of the data';
  const cnn = 'Weights of a CNN’s first layer along directions of 3 × 3 patches';
  const linear = 'Linear regression by finite steps';
  return [
    figure(
      scatter,
      'As Figures 1a and 2: the first trial. Points of low confidence below the dashed line are underfitted.',
      confidenceScatter(pictures.scatters, { title: scatter }),
    ),
    figure(
      noise,
      'As Figure 4: the first trial. Mislabelled images should lie below the dashed line.',
      confidenceScatter(pictures.noise, { title: noise }),
    ),
    figure(
      mlp,
      'As Figure 1b: what training has added, the first trial. The student should bend more toward the top direction.',
      eigenTrajectories(pictures.ways['MLP → MLP'], { title: mlp, pairs: spreadPairs(pictures.ways['MLP → MLP']) }),
    ),
    figure(
      cnn,
      'As Figure 21: the first trial.',
      eigenTrajectories(pictures.ways['CNN → CNN'], { title: cnn, pairs: spreadPairs(pictures.ways['CNN → CNN']) }),
    ),
    figure(
      linear,
      'Theorem 4.1 where it is not proved: all images a step, the first trial.',
      eigenTrajectories(pictures.ways.linear, { title: linear, pairs: spreadPairs(pictures.ways.linear) }),
    ),
    ...teacherNames.map((name) => {
      const title = `Switching between losses: a teacher that is ${name}`;
      return figure(
        title,
        'As Figure 4b: the first trial.',
        lossCurves(curveRecords(pictures.curves[name]), {
          title,
          valueTitle: 'accuracy on test images',
          stepTitle: 'epoch',
        }),
      );
    }),
  ];
}

/** The top direction against one in the middle and one at the bottom. */
function spreadPairs({
  eigenvalues,
}: {
  readonly eigenvalues: ArrayLike<number>;
}): readonly (readonly [number, number])[] {
  const last = eigenvalues.length - 1;
  return [
    [0, Math.round(last / 3)],
    [Math.min(1, last - 1), last],
  ];
}

function curveRecords(curves: Readonly<Record<string, readonly number[]>>): readonly StepRecord[] {
  const epochs = Math.max(...Object.values(curves).map(({ length }) => length));
  return Array.from({ length: epochs }, (_, epoch) => ({
    step: epoch + 1,
    terms: Object.fromEntries(Object.entries(curves).map(([name, values]) => [name, values[epoch] ?? null])),
  }));
}
