/** What the paper claims, each from the trials. */
import { type Claim, type ClaimWords, claimAbove, claimFrom } from '../claims.ts';
import type { SettingName, TeacherName, TrialFindings, VariantName, WayName } from './trial.ts';

export function claimsOf(trials: readonly TrialFindings[]): readonly Claim[] {
  return [...ofConfidence(trials), ...ofNoise(trials), ...ofBias(trials), ...ofGains(trials), ...ofSwitching(trials)];
}

const settings: readonly SettingName[] = ['MLP → MLP', 'CNN → CNN', 'CNN → MLP', 'MLP → MLP, noisy labels'];

const excess = (slope: number | null): number => (slope ?? Number.NaN) - 1;

function ofConfidence(trials: readonly TrialFindings[]): readonly Claim[] {
  const slopes = settings.flatMap((setting) =>
    (['train', 'test'] as const).map((set) =>
      claimAbove(
        {
          claim: `${setting}: the student exaggerates the confidence of its teacher, on ${wordsOf[set]} images`,
          measure: "slope over the teacher's bottom quarter, less 1",
          paper: set === 'test' ? 'above 0 in all 18 image settings' : 'above 0 in 13 of 18 image settings',
          source: 'C.2, C.4',
        },
        trials.map(({ pairs }) => excess(pairs[setting].slope[set])),
      ),
    ),
  );
  const variants = (['smaller batches', 'three times as long'] as const).map((variant: VariantName) =>
    claimAbove(
      {
        claim: `MLP → MLP, ${variant}: the student exaggerates the confidence of its teacher, on training images`,
        measure: "slope over the teacher's bottom quarter, less 1",
        paper: 'above 0',
        source: 'C.5, Figure 15',
      },
      trials.map(({ variants: by }) => excess(by[variant].slope.train)),
    ),
  );
  const wrong = claimAbove(
    {
      claim: 'MLP → MLP: less confident than its teacher where one of them is wrong, rather than where both are right',
      measure: 'share of test images, difference',
      paper: 'roughly the union of the mistakes',
      source: 'C.3, Figure 14',
    },
    trials.map(({ pairs }) => pairs['MLP → MLP'].underfit.wrong - pairs['MLP → MLP'].underfit.right),
  );
  return [...slopes, ...variants, wrong];
}

const wordsOf = { train: 'training', test: 'test' } as const;

function ofNoise(trials: readonly TrialFindings[]): readonly Claim[] {
  const each = (words: ClaimWords, of: (noise: TrialFindings['noise']) => number): Claim =>
    claimAbove(
      words,
      trials.map(({ noise }) => of(noise)),
    );
  return [
    each(
      {
        claim: 'Noisy labels: the teacher is less confident where the label is wrong',
        measure: 'log-odds, mean where labels are right less that where they are wrong',
        paper: 'above 0',
        source: '§5.1, Figure 4',
      },
      ({ teacherConfidence }) => teacherConfidence.clean - teacherConfidence.mislabelled,
    ),
    each(
      {
        claim: 'Noisy labels: the student is less confident than its teacher where the label is wrong',
        measure: 'share of them, less ½',
        paper: '0.5 (all)',
        source: '§5.1, Figure 4',
      },
      ({ below }) => below - 0.5,
    ),
    each(
      {
        claim: 'Noisy labels: the student learns fewer of the wrong ones than its teacher',
        measure: 'share of mislabelled images, difference',
        paper: 'above 0',
        source: '§5.1',
      },
      ({ fit }) => fit.teacher - fit.student,
    ),
  ];
}

function ofBias(trials: readonly TrialFindings[]): readonly Claim[] {
  const flows = trials.map(({ linear }) => linear.flow);
  const flow = claimFrom(
    {
      claim:
        'Linear regression, gradient flow: the student has less along the bottom direction at equal progress along the top',
      measure: '1 − student/teacher, mean; interval: least and most over pairs of directions, times and trials',
      paper: 'above 0 always (proved)',
      source: 'Theorem 4.1',
    },
    flows.reduce((sum, { shortfall }) => sum + shortfall, 0) / flows.length,
    [Math.min(...flows.map(({ least }) => least)), Math.max(...flows.map(({ most }) => most))],
  );
  const steps = (['all images a step', 'small batches'] as const).map((kind) =>
    claimAbove(
      {
        claim: `Linear regression, finite steps, ${kind}: the student has less along the bottom direction at equal progress along the top`,
        measure: '1 − student/teacher, mean over pairs of directions and epochs',
        paper: 'above 0 for gradient flow',
        source: 'Theorem 4.1',
      },
      trials.map(({ linear }) => linear.steps[kind].comparison.shortfall),
    ),
  );
  const networks = (['MLP → MLP', 'CNN → CNN'] as const).flatMap((setting) => [
    claimAbove(
      {
        claim: `${setting}, first layer: the student has less along the bottom direction at equal progress along the top`,
        measure: '1 − student/teacher of weights gained, mean over random pairs and checkpoints',
        paper: 'almost all slices',
        source: setting === 'MLP → MLP' ? '§4.1, Figures 1b and 20' : 'D, Figure 21',
      },
      trials.map(({ ways }) => ways[setting].comparison.shortfall),
    ),
    claimAbove(
      {
        claim: `${setting}, first layer: the top direction leads further in the student`,
        measure: 'area under the way over both directions, each as a share of its end, difference',
        paper: 'more strongly convex',
        source: setting === 'MLP → MLP' ? '§4.1, Figures 1b and 20' : 'D, Figure 21',
      },
      trials.map(({ ways }) => ways[setting].lead.student - ways[setting].lead.teacher),
    ),
  ]);
  return [flow, ...steps, ...networks];
}

/** Table 2, its nearest rows: of CIFAR-100, ResNet-56 by itself and to ResNet-20. */
const gains: Readonly<Record<SettingName, readonly [paper: string, source: string]>> = {
  'MLP → MLP': ['0.020 on CIFAR-100', 'Table 2'],
  'CNN → CNN': ['0.020 on CIFAR-100', 'Table 2'],
  'CNN → MLP': ['0.034 on CIFAR-100, ResNet-56 → 20', 'Table 2'],
  'MLP → MLP, noisy labels': ['above 0', '§5.1, Table 2'],
};

function ofGains(trials: readonly TrialFindings[]): readonly Claim[] {
  return settings.map((setting) =>
    claimAbove(
      {
        claim: `${setting}: distillation gains on labels`,
        measure: 'accuracy on test images, difference',
        paper: gains[setting][0],
        source: gains[setting][1],
      },
      trials.map(({ pairs }) => pairs[setting].accuracy.student.test - pairs[setting].accuracy.oneHot.test),
    ),
  );
}

function ofSwitching(trials: readonly TrialFindings[]): readonly Claim[] {
  const better = (
    claim: string,
    [first, second]: readonly [WayName, WayName],
    teacher: TeacherName,
    [paper, source]: readonly [string, string],
  ): Claim =>
    claimAbove(
      { claim, measure: 'accuracy on test images, difference', paper, source },
      trials.map(({ switching }) => switching[teacher][first] - switching[teacher][second]),
    );
  const ways = ['early', 'late', 'gradually'] as const;
  return [
    better(
      'A teacher that does not interpolate: distillation alone loses on labels alone',
      ['labels alone', 'distillation alone'],
      'not interpolating',
      ['above 0', '§5.2, Figure 4b'],
    ),
    ...ways.map((way) =>
      better(
        `A teacher that does not interpolate: switching to labels ${way} gains on distillation alone`,
        [`to labels ${way}`, 'distillation alone'],
        'not interpolating',
        ['above 0', '§5.2, Figures 4b and 24'],
      ),
    ),
    ...ways.map((way) =>
      better(
        `An interpolating teacher: switching to labels ${way} loses on distillation alone`,
        ['distillation alone', `to labels ${way}`],
        'interpolating',
        ['above 0', '§5.2, Figures 4b and 24'],
      ),
    ),
    better(
      'An interpolating teacher: switching to distillation late still gains on labels alone',
      ['to distillation late', 'labels alone'],
      'interpolating',
      ['nearly all of the gains', 'E, Figure 24'],
    ),
  ];
}
