import {
  type AnyMetric,
  accuracy,
  agreement,
  cohenKappa,
  confusionMatrix,
  errorConsistency,
  type FlipTable,
  f1Score,
  fBetaScore,
  groupedAccuracy,
  groupShift,
  invariance,
  matthewsCorrelation,
  measure,
  multiLabelScores,
  predictionFlips,
  selectRows,
} from 'dark-knowledge';
import { checkMetric } from 'dark-knowledge/testing';
import { describe, expect, it } from 'vitest';
import fixture from '../../fixtures/decisions.json' with { type: 'json' };
import { describeMetric } from '../../support/metricSuite.ts';

const { logits, labels, rowWeights, binary, multiLabel } = fixture;
const predictions = logits.map((row) => row.indexOf(Math.max(...row)));
const pairs = logits.map((row) => row.slice(0, 2));
const probabilities = pairs.map(([a = 0, b = 0]) => [1 / (1 + Math.exp(b - a)), 1 / (1 + Math.exp(a - b))]);

describeMetric('fBetaScore', [
  {
    title: "scikit-learn's averages of β = 2",
    metric: fBetaScore({ beta: 2, average: 'macro' }),
    batch: { logits, labels },
    expected: { value: fixture.fBeta['2'].macro, ...fixture.fBeta['2'], count: 80 },
  },
  {
    title: "scikit-learn's of β = ½, from predictions",
    metric: fBetaScore({ beta: 0.5, average: 'weighted', from: 'predictions', classes: 5 }),
    batch: { predictions, labels },
    expected: { value: fixture.fBeta['0.5'].weighted, ...fixture.fBeta['0.5'] },
  },
  {
    title: "scikit-learn's of weighted rows",
    metric: fBetaScore({ beta: 2, average: 'macro' }),
    batch: { logits, labels, rowWeights },
    expected: fixture.fBetaWeighted,
  },
]);

describeMetric('accuracy by class', [
  {
    title: "scikit-learn's balanced accuracy",
    metric: accuracy({ average: 'macro' }),
    batch: { logits, labels },
    expected: { value: fixture.balanced, count: 80 },
  },
  {
    title: "scikit-learn's top two of each class",
    metric: accuracy({ average: 'macro', topK: 2 }),
    batch: { logits, labels },
    expected: { value: fixture.macroTop2 },
  },
  {
    title: 'weighted rows, from predictions',
    metric: accuracy({ average: 'macro', from: 'predictions', classes: 5 }),
    batch: { predictions, labels, rowWeights },
    expected: { value: fixture.balancedWeighted },
  },
  {
    title: 'a class without labels is left out of the mean',
    metric: accuracy({ average: 'macro' }),
    batch: {
      logits: [
        [1, 0, 0],
        [1, 0, 0],
        [0, 1, 0],
      ],
      labels: [0, 1, 1],
    },
    expected: {
      value: 0.75,
      correct: 2,
      perClass: [{ value: 1 }, { value: 0.5, count: 2 }, { value: null, count: 0 }],
    },
  },
]);

describeMetric('cohenKappa', [
  ...(['none', 'linear', 'quadratic'] as const).map((weights) => ({
    title: `scikit-learn's κ and statsmodels' error, weights ${weights}`,
    metric: cohenKappa({ weights }),
    batch: { logits, labels },
    expected: { ...fixture.kappa[weights], count: 80 },
  })),
  {
    title: 'weighted rows, from predictions',
    metric: cohenKappa({ weights: 'quadratic', from: 'predictions', classes: 5 }),
    batch: { predictions, labels, rowWeights },
    expected: { value: fixture.kappaWeighted },
  },
  {
    title: 'one class throughout has no error',
    metric: cohenKappa({ from: 'predictions', classes: 2 }),
    batch: { predictions: [1, 1], labels: [1, 1] },
    expected: { value: 1, standardError: null },
  },
]);

describeMetric('decisions at another probability than a half', [
  ...(['0.2', '0.7'] as const).flatMap((name) => {
    const threshold = Number(name);
    const expected = binary.thresholds[name];
    const batch = { logits: pairs, labels: binary.labels };
    return [
      {
        title: `f1Score at ${name}, from probabilities`,
        metric: f1Score({ threshold, from: 'probabilities' }),
        batch: { probabilities, labels: binary.labels },
        expected: { value: expected.f1 },
      },
      {
        title: `fBetaScore at ${name}`,
        metric: fBetaScore({ threshold, beta: 2 }),
        batch,
        expected: { value: expected.f2 },
      },
      { title: `accuracy at ${name}`, metric: accuracy({ threshold }), batch, expected: { value: expected.accuracy } },
      {
        title: `groupedAccuracy at ${name}`,
        metric: groupedAccuracy({ threshold, groups: 2 }),
        batch: { ...batch, groups: binary.labels },
        expected: { micro: expected.accuracy },
      },
      {
        title: `matthewsCorrelation at ${name}`,
        metric: matthewsCorrelation({ threshold }),
        batch,
        expected: { value: expected.matthews },
      },
      { title: `cohenKappa at ${name}`, metric: cohenKappa({ threshold }), batch, expected: { value: expected.kappa } },
      {
        title: `confusionMatrix at ${name}`,
        metric: confusionMatrix({ threshold, from: 'probabilities' }),
        batch: { probabilities, labels: binary.labels },
        expected: { matrix: expected.matrix },
      },
    ];
  }),
]);

describeMetric('multiLabelScores', [
  {
    title: "scikit-learn's at a half",
    metric: multiLabelScores(),
    batch: { logits: multiLabel.logits, targets: multiLabel.targets },
    expected: { value: multiLabel.plain.macro, ...multiLabel.plain, count: 80 },
  },
  {
    title: "scikit-learn's of β = 2 at 0.3, weighted rows, from probabilities",
    metric: multiLabelScores({ threshold: 0.3, beta: 2, average: 'samples', from: 'probabilities' }),
    batch: {
      probabilities: multiLabel.logits.map((row) => row.map((z) => 1 / (1 + Math.exp(-z)))),
      targets: multiLabel.targets,
      rowWeights,
    },
    expected: { value: multiLabel.threshold.samples, ...multiLabel.threshold },
  },
  {
    title: 'predictions, by hand',
    metric: multiLabelScores({ from: 'predictions', average: 'micro' }),
    batch: {
      predictions: [
        [1, 0],
        [1, 1],
      ],
      targets: [
        [1, 0],
        [0, 1],
      ],
    },
    expected: { value: 4 / 5, exactMatch: 0.5, hamming: 0.75, jaccard: 0.75, samples: (1 + 2 / 3) / 2 },
  },
]);

describe('decisions', () => {
  it('pass the kit', () => {
    const batch = { logits, labels, rowWeights };
    for (const metric of [
      accuracy({ average: 'macro', topK: 2 }),
      fBetaScore({ beta: 2, average: 'macro' }),
      cohenKappa({ weights: 'quadratic' }),
    ] as readonly AnyMetric[]) {
      checkMetric(metric, batch, { permutations: true });
    }
    checkMetric(
      multiLabelScores(),
      { logits: multiLabel.logits, targets: multiLabel.targets, rowWeights },
      { permutations: true },
    );
  });

  it('fall as without a threshold at a half', () => {
    expect(measure(confusionMatrix({ threshold: 0.5 }), { logits: pairs, labels: binary.labels })).toEqual(
      measure(confusionMatrix(), { logits: pairs, labels: binary.labels }),
    );
    // Equal scores: the first class, either way.
    const tied = { logits: [[1, 1]], labels: [0] };
    expect(measure(accuracy({ threshold: 0.5 }), tied).value).toBe(measure(accuracy(), tied).value);
  });

  it('of two models, or of two views, fall by a threshold as predictions made by hand do', () => {
    const other = pairs.map(([a = 0, b = 0], row) => [a + Math.sin(row), b]);
    const made = (table: readonly (readonly number[])[]) =>
      table.map(([a = 0, b = 0]) => (1 / (1 + Math.exp(a - b)) > 0.3 ? 1 : 0));
    const [before, after] = [made(pairs), made(other)];
    const threshold = 0.3;
    const given = { beforeLogits: pairs, afterLogits: other, labels: binary.labels };
    const taken = { before, after, labels: binary.labels };
    const groups = binary.labels.map((_, row) => row % 3);
    const pick = ({ bothRight, harmful, beneficial, bothWrong }: FlipTable) => [
      bothRight,
      harmful,
      beneficial,
      bothWrong,
    ];
    const flips = measure(predictionFlips({ from: 'logits', threshold }), given);
    expect(pick(flips)).toEqual(pick(measure(predictionFlips(), taken)));
    expect(pick(flips)).not.toEqual(pick(measure(predictionFlips({ from: 'logits' }), given)));
    expect(measure(errorConsistency({ from: 'logits', threshold }), given)).toEqual(measure(errorConsistency(), taken));
    expect(measure(groupShift({ from: 'logits', threshold }), { ...given, groups })).toEqual(
      measure(groupShift(), { ...taken, groups }),
    );
    const { value } = measure(agreement({ from: 'predictions' }), {
      studentPredictions: after,
      teacherPredictions: before,
    });
    expect(measure(agreement({ threshold }), { studentLogits: other, teacherLogits: pairs }).value).toBe(value);
    expect(measure(invariance({ threshold }), { logits: pairs, viewLogits: other }).value).toBe(value);
    expect(() => measure(agreement({ threshold }), { studentLogits: logits, teacherLogits: logits })).toThrow(
      /teacherLogits must be of shape \[\.\.\., 2\]/,
    );
    expect(() => predictionFlips({ threshold })).toThrow(/left out where from is/);
  });

  it('of more classes, or made already, take no threshold', () => {
    expect(() => measure(f1Score({ average: 'macro', threshold: 0.4 }), { logits, labels })).toThrow(
      /of shape \[..., 2\]/,
    );
    expect(() => accuracy({ from: 'predictions', threshold: 0.4 })).toThrow(/left out where from is/);
    expect(() => accuracy({ topK: 2, threshold: 0.4 })).toThrow(/1 where threshold is set/);
    expect(() => cohenKappa({ threshold: 1 })).toThrow(/threshold/);
    expect(() => fBetaScore({ beta: 0 })).toThrow(/beta/);
  });

  it('of several labels refuse targets and predictions that are neither 0 nor 1', () => {
    const [row] = multiLabel.logits as [number[]];
    expect(() => measure(multiLabelScores(), { logits: [row], targets: [[0, 1, 2, 0]] })).toThrow(
      /targets must be 0 or 1/,
    );
    const given = { predictions: [[0.5, 1]], targets: [[0, 1]] };
    expect(() => measure(multiLabelScores({ from: 'predictions' }), given)).toThrow(/predictions must be 0 or 1/);
    const beyond = { probabilities: [[1.5, 1]], targets: [[0, 1]] };
    expect(() => measure(multiLabelScores({ from: 'probabilities' }), beyond)).toThrow(/in \[0, 1\]/);
  });

  it('of rows of weight 2 count twice', () => {
    const twice = rowWeights.flatMap((weight, row) => Array<number>(weight).fill(row));
    const { standardError } = measure(cohenKappa({ weights: 'linear' }), { logits, labels, rowWeights });
    const again = measure(cohenKappa({ weights: 'linear' }), selectRows({ logits, labels }, twice));
    expect(standardError).toBeCloseTo(again.standardError!, 12);
  });
});

it('multiLabelScores takes a single label, of which accuracy and the others need two', () => {
  const { perLabel, hamming } = measure(multiLabelScores(), { logits: [[1], [-1], [2]], targets: [[1], [1], [0]] });
  expect(perLabel).toMatchObject([{ precision: 0.5, recall: 0.5, support: 2 }]);
  expect(hamming).toBe(1 / 3);
});
