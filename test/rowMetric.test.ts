import {
  type AnyMetric,
  acceptanceRate,
  acceptedLengths,
  accumulate,
  accuracy,
  agreement,
  brierScore,
  calibrationError,
  confusionMatrix,
  errorConsistency,
  errorOverlap,
  f1Score,
  foolingRate,
  groupedAccuracy,
  groupShift,
  invariance,
  matthewsCorrelation,
  measure,
  measureOn,
  negativeLogLikelihood,
  perplexity,
  predictionFlips,
  predictiveDivergence,
  rightWrongSplit,
  shapeBias,
  studentFoolingRate,
  studentsSplit,
  tokenFidelity,
  topKOverlap,
} from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import { describe, expect, it } from 'vitest';
import { expectDeepClose } from './support/deepClose.ts';

const scores = [
  [2, 1, 0],
  [0, 3, 1],
  [1, 0, 2],
  [4, 1, 1],
];
const others = [
  [0, 1, 2],
  [0, 2, 1],
  [3, 0, 2],
  [2, 1, 1],
];
const labels = [0, 1, 1, 0];
const logitPair = { studentLogits: others, teacherLogits: scores };

type Batch = Readonly<Record<string, unknown>>;
const table: readonly (readonly [string, (options?: object) => unknown, Batch])[] = [
  ['accuracy', accuracy, { logits: scores, labels }],
  ['accuracy topK', (o) => accuracy({ ...o, topK: 2 }), { logits: scores, labels }],
  ['groupedAccuracy', (o) => groupedAccuracy({ ...o, groups: 2 }), { logits: scores, labels, groups: [0, 0, 1, 1] }],
  ['f1Score', (o) => f1Score({ ...o, average: 'macro' }), { logits: scores, labels }],
  ['matthewsCorrelation', matthewsCorrelation, { logits: scores, labels }],
  ['perplexity', perplexity, { logits: scores, labels }],
  ['negativeLogLikelihood', negativeLogLikelihood, { logits: scores, labels }],
  ['brierScore', brierScore, { logits: scores, labels }],
  ['calibrationError', calibrationError, { logits: scores, labels }],
  ['calibrationError classwise', (o) => calibrationError({ ...o, over: 'classwise' }), { logits: scores, labels }],
  [
    'calibrationError of confidences',
    (o) => calibrationError({ ...o, from: 'confidences' }),
    { confidences: [0.1, 0.4, 0.7, 0.9], correct: [0, 1, 0, 1], labels },
  ],
  ['agreement', agreement, { ...logitPair, labels }],
  ['invariance', invariance, { logits: scores, viewLogits: others, labels }],
  ['predictiveDivergence', predictiveDivergence, { ...logitPair, labels }],
  ['rightWrongSplit', rightWrongSplit, { ...logitPair, labels }],
  ['studentsSplit', (o) => studentsSplit({ ...o, students: ['a'] }), { labels, teacherLogits: scores, a: others }],
  ['shapeBias', shapeBias, { logits: scores, shapeLabels: [0, 1, 2, 1], textureLabels: [1, 2, 0, 0], labels }],
  ['foolingRate', foolingRate, { cleanLogits: scores, adversarialLogits: others, labels }],
  ['tokenFidelity', tokenFidelity, { ...logitPair, labels }],
  ['tokenFidelity by document', tokenFidelity, { ...logitPair, labels, clusters: [4, 7, 4, 9] }],
  ['acceptanceRate', acceptanceRate, { ...logitPair, labels }],
  ['acceptedLengths', (o) => acceptedLengths({ ...o, draftTokens: 3 }), { acceptedTokens: [3, 0, 1, 2], labels }],
  ['topKOverlap', (o) => topKOverlap({ ...o, k: 2 }), { ...logitPair, labels }],
  [
    'predictionFlips',
    (o) => predictionFlips({ ...o, from: 'logits' }),
    { beforeLogits: scores, afterLogits: others, labels },
  ],
  [
    'errorConsistency',
    (o) => errorConsistency({ ...o, from: 'logits' }),
    { beforeLogits: scores, afterLogits: others, labels },
  ],
  [
    'groupShift',
    (o) => groupShift({ ...o, from: 'logits', groups: 2 }),
    { beforeLogits: scores, afterLogits: others, labels, groups: [0, 0, 1, 1] },
  ],
  ['confusionMatrix', confusionMatrix, { logits: scores, labels }],
  [
    'studentFoolingRate',
    studentFoolingRate,
    {
      teacherCleanLogits: scores,
      teacherAdversarialLogits: others,
      studentCleanLogits: others,
      studentAdversarialLogits: scores,
      labels,
    },
  ],
];

const rowsOf = (batch: Batch, rows: readonly number[]): Batch =>
  Object.fromEntries(
    Object.entries(batch).map(([name, value]) => [name, rows.map((row) => (value as unknown[])[row])]),
  );
const spoil = (value: unknown): unknown => (Array.isArray(value) ? value.map(spoil) : Number.NaN);
const { readSync, ...blind } = cpuBackend({ precision: 'float64' });

describe.each(table)('%s', (name, make, batch) => {
  const metric = make() as AnyMetric<object>;
  const run = (given: Batch, by = metric) => measure(by, given as never);

  it('counts a row of weight 2 as two rows, and one of weight 0 not at all', async () => {
    const weighted = { ...batch, rowWeights: [1, 2, 1, 0] };
    const repeated = rowsOf(batch, [0, 1, 1, 2]);
    expectDeepClose(run(weighted), run(repeated), 1e-12);
    expectDeepClose(await measureOn(blind, metric, weighted as never), run(repeated), 1e-12, 'on a device');
  });

  it('does not look at rows that do not count', () => {
    const garbage = Object.fromEntries(
      Object.entries(batch).map(([key, value]) => [
        key,
        (value as unknown[]).map((row, at) => (at === 3 ? spoil(row) : row)),
      ]),
    );
    expectDeepClose(run({ ...garbage, rowWeights: [1, 1, 1, 0] }), run(rowsOf(batch, [0, 1, 2])), 1e-12);
  });

  it('leaves out rows labelled ignoreIndex', async () => {
    const masked = { ...batch, labels: [0, 1, -1, 0] };
    const ignoring = make({ ignoreIndex: -1 }) as AnyMetric<object>;
    const expected = run(rowsOf(batch, [0, 1, 3]));
    expectDeepClose(run(masked, ignoring), expected, 1e-12);
    expectDeepClose(await measureOn(blind, ignoring, masked as never), expected, 1e-12, 'on a device');
  });

  it('refuses a stream in which no row counts', () => {
    expect(() => run({ ...batch, rowWeights: [0, 0, 0, 0] })).toThrow(
      /number of rows that count must be at least 1, got 0/,
    );
  });

  it('refuses weights that are none, on the host and on a device that is not read', async () => {
    for (const rowWeights of [
      [1, -1, 1, 1],
      [1, Infinity, 1, 1],
    ]) {
      const message = /rowWeights must be finite numbers of at least 0/;
      expect(() => run({ ...batch, rowWeights })).toThrow(message);
      await expect(measureOn(blind, metric, { ...batch, rowWeights } as never)).rejects.toThrow(message);
    }
  });

  if (metric.inputs.includes('labels')) {
    it.each([[-100], [3], [1.5]])('refuses the label %s, also where labels cannot be read before', async (label) => {
      const bad = { ...batch, labels: [0, 1, 1, label] };
      expect(() => run(bad)).toThrow(/labels must be whole numbers in \[0, 3\)/);
      await expect(measureOn(blind, metric, bad as never)).rejects.toThrow(
        `${metric.name}: labels must be whole numbers from 0, below the number of classes, got '1 others'.`,
      );
    });
  }

  it('refuses NaN in a row that counts', async () => {
    const [input] = metric.inputs.filter((key) => key !== 'labels' && key !== 'groups' && key !== 'correct');
    const key = input ?? 'logits';
    const bad = { ...batch, [key]: (batch[key] as unknown[]).map((row, at) => (at === 1 ? spoil(row) : row)) };
    expect(() => run(bad), name).toThrow(/must be/);
    await expect(measureOn(blind, metric, bad as never)).rejects.toThrow(/must be/);
  });
});

const classesOf = (rows: readonly (readonly number[])[]) => rows.map((row) => row.indexOf(Math.max(...row)));

describe('predicted classes in place of scores', () => {
  it('with a label between two classes are refused on a device that is not read, in either precision', async () => {
    const { readSync: _, ...single } = cpuBackend();
    for (const device of [single, blind]) {
      for (const labels of [
        [0, 1.5],
        [0.5, 0],
        [3, 8388607.5],
        [0, Number.NaN],
        [-0.25, 1],
      ]) {
        const metric = accuracy({ from: 'predictions' });
        await expect(measureOn(device, metric, { predictions: [0, 1], labels }), `${labels}`).rejects.toThrow(
          'accuracy: labels must be whole numbers from 0',
        );
      }
      const { value } = await measureOn(device, accuracy({ from: 'predictions' }), {
        predictions: [8388609, 16777215, 3, 0],
        labels: [8388609, 16777215, 4, 0],
      });
      expect(value).toBe(0.75);
    }
  });

  const [predictions, otherPredictions] = [classesOf(scores), classesOf(others)];
  const from = 'predictions';

  it.each([
    ['accuracy', accuracy({ from }), { predictions, labels }, accuracy(), { logits: scores, labels }],
    [
      'f1Score',
      f1Score({ from, average: 'macro' }),
      { predictions, labels },
      f1Score({ average: 'macro' }),
      { logits: scores, labels },
    ],
    [
      'matthewsCorrelation',
      matthewsCorrelation({ from }),
      { predictions, labels },
      matthewsCorrelation(),
      { logits: scores, labels },
    ],
    [
      'agreement',
      agreement({ from }),
      { studentPredictions: otherPredictions, teacherPredictions: predictions },
      agreement(),
      logitPair,
    ],
    [
      'invariance',
      invariance({ from }),
      { predictions, viewPredictions: otherPredictions },
      invariance(),
      { logits: scores, viewLogits: others },
    ],
    [
      'rightWrongSplit',
      rightWrongSplit({ from }),
      { labels, studentPredictions: otherPredictions, teacherPredictions: predictions },
      rightWrongSplit(),
      { ...logitPair, labels },
    ],
    [
      'studentsSplit',
      studentsSplit({ students: ['a'], from }),
      { labels, teacherPredictions: predictions, a: otherPredictions },
      studentsSplit({ students: ['a'] }),
      { labels, teacherLogits: scores, a: others },
    ],
    [
      'errorOverlap',
      errorOverlap({ models: ['a', 'b'], from }),
      { labels, a: predictions, b: otherPredictions },
      errorOverlap({ models: ['a', 'b'] }),
      { labels, a: scores, b: others },
    ],
  ] as readonly (readonly [string, unknown, object, unknown, object])[])(
    'give %s the same result',
    (_, metric, batch, ofScores, scored) => {
      const expected = measure(ofScores as AnyMetric<object>, scored as never);
      expect(measure(metric as AnyMetric<object>, batch as never)).toEqual(expected);
    },
  );

  it('may show fewer classes in one batch than in another', () => {
    const metric = f1Score({ from, average: 'macro' });
    const whole = measure(metric, { predictions: [0, 1, 4], labels: [0, 0, 4] });
    const parts = [
      { predictions: [0, 1], labels: [0, 0] },
      { predictions: [4], labels: [4] },
    ];
    expect(whole.perClass).toHaveLength(5);
    for (const order of [parts, [...parts].reverse()]) {
      const running = accumulateAll(metric, order);
      expect(running).toEqual(whole);
    }
  });

  it('need the number of classes where they cannot be read', async () => {
    const batch = { studentPredictions: otherPredictions, teacherPredictions: predictions };
    await expect(measureOn(blind, agreement({ from }), batch)).rejects.toThrow(/classes must be given/);
    expect(await measureOn(blind, agreement({ from, classes: 3 }), batch)).toEqual(measure(agreement(), logitPair));
  });
});

function accumulateAll(metric: AnyMetric<object>, batches: readonly object[]): object {
  const running = accumulate(metric);
  for (const batch of batches) running.update(batch as never);
  return running.compute();
}

describe('probabilities', () => {
  const probabilities = scores.map((row) => {
    const exponentials = row.map(Math.exp);
    const sum = exponentials.reduce((total, value) => total + value, 0);
    return exponentials.map((value) => value / sum);
  });

  it('give a divergence the value of their logits', () => {
    const uniform = scores.map(() => [1 / 3, 1 / 3, 1 / 3]);
    const zeros = scores.map(() => [0, 0, 0]);
    const direct = measure(predictiveDivergence({ from: 'probabilities' }), {
      studentProbabilities: uniform,
      teacherProbabilities: probabilities,
    });
    expectDeepClose(direct, measure(predictiveDivergence(), { studentLogits: zeros, teacherLogits: scores }), 1e-12);
  });

  it('that do not sum to 1 are refused with advice that is right', () => {
    const batch = { probabilities: [[0.9, 0.3]], labels: [0] };
    for (const metric of [calibrationError(), brierScore(), negativeLogLikelihood()]) {
      expect(() => measure(metric, batch)).toThrow(/Divide each row by its sum, or give log p as logits\.$/);
    }
    const shares = measure(negativeLogLikelihood(), { logits: [[Math.log(0.9), Math.log(0.3)]], labels: [0] });
    expect(shares.value).toBeCloseTo(-Math.log(0.75), 12);
  });
});
