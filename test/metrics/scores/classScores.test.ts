import { f1Score, matthewsCorrelation, measure, perplexity } from 'dark-knowledge';
import { describe, expect, it } from 'vitest';
import fixture from '../../fixtures/scores.json' with { type: 'json' };
import { describeMetric } from '../../support/metricSuite.ts';

const { studentLogits: logits, labels } = fixture;
const pairs = logits.map((row) => row.slice(0, 2));
const parity = labels.map((label) => label % 2);
const oneHot = (rows: readonly number[], classes: number) =>
  rows.map((row) => Array.from({ length: classes }, (_, index) => (index === row ? 1 : 0)));

describeMetric('f1Score', [
  {
    title: "scikit-learn's macro, micro and weighted scores",
    metric: f1Score({ average: 'macro' }),
    batch: { logits, labels },
    expected: { value: fixture.f1.macro, ...fixture.f1, count: 90 },
  },
  {
    title: "scikit-learn's binary score",
    metric: f1Score(),
    batch: { logits: pairs, labels: parity },
    expected: { value: fixture.binary.positive1 },
  },
  {
    title: 'classes that are only predicted, or do not occur',
    metric: f1Score({ average: 'macro' }),
    batch: { logits: oneHot(fixture.missing.predictions, 6), labels: fixture.missing.labels },
    expected: {
      value: fixture.missing.macro,
      weighted: fixture.missing.weighted,
      perClass: [{}, {}, {}, { f1: 0, occurs: true }, { f1: 0, occurs: true, support: 0 }, { occurs: false }],
    },
  },
  {
    title: 'no positive at all',
    metric: f1Score(),
    batch: {
      logits: [
        [1, 0],
        [1, 0],
        [1, 0],
      ],
      labels: [0, 0, 0],
    },
    expected: { value: 0, micro: 1 },
  },
]);

describeMetric('matthewsCorrelation', [
  {
    title: "scikit-learn's R_K of four classes",
    metric: matthewsCorrelation(),
    batch: { logits, labels },
    expected: { value: fixture.matthews, status: 'ok', count: 90 },
  },
  {
    title: "scikit-learn's of two classes",
    metric: matthewsCorrelation(),
    batch: { logits: pairs, labels: parity },
    expected: { value: fixture.binary.matthews },
  },
  {
    title: 'labels of one class have a status',
    metric: matthewsCorrelation(),
    batch: {
      logits: [
        [1, 0],
        [0, 1],
        [1, 0],
      ],
      labels: [0, 0, 0],
    },
    expected: { value: 0, status: 'constant' },
  },
]);

describeMetric('perplexity', [
  {
    title: "torchmetrics' perplexity (in float32)",
    metric: perplexity(),
    batch: { logits, labels },
    expected: { value: fixture.perplexity.value },
    tolerance: 1e-6,
  },
  {
    title: 'padding does not count',
    metric: perplexity({ ignoreIndex: -100 }),
    batch: { logits, labels: fixture.perplexity.padded },
    expected: { value: fixture.perplexity.ignoreIndex, count: 77 },
    tolerance: 1e-6,
  },
  {
    title: 'uniform over 8 classes: 8, or 3 bits',
    metric: perplexity(),
    batch: { logits: [Array(8).fill(1e4), Array(8).fill(0), Array(8).fill(-3)], labels: [0, 5, 7] },
    expected: { value: 8, bitsPerToken: 3, negativeLogLikelihood: Math.log(8) },
  },
]);

describe('scores by class', () => {
  it('F1 of the other class', () => {
    const { value } = measure(f1Score({ positiveClass: 0 }), { logits: pairs, labels: parity });
    expect(value).toBeCloseTo(fixture.binary.positive0, 12);
    for (const average of ['micro', 'weighted'] as const) {
      expect(measure(f1Score({ average }), { logits, labels }).value).toBeCloseTo(fixture.f1[average], 12);
    }
  });
  it('refuse what makes no sense', () => {
    expect(() => measure(f1Score(), { logits, labels })).toThrow(/Set average to 'macro'/);
    expect(() => f1Score({ positiveClass: 2 })).toThrow(/at most 1/);
    expect(() => f1Score({ average: 'mean' as never })).toThrow(/'binary', 'macro', 'micro', 'weighted'/);
    expect(() => measure(matthewsCorrelation(), { logits: [[Number.NaN, 0]], labels: [0] })).toThrow(/NaN/);
    expect(() => measure(perplexity(), { logits: [[Number.NaN, 0]], labels: [0] })).toThrow(/NaN/);
    expect(() => measure(perplexity({ ignoreIndex: 0 }), { logits: [[1, 0]], labels: [0] })).toThrow(
      /number of rows that count must be at least 1/,
    );
    expect(() => measure(perplexity(), { logits: [[1, 0]], labels: [-100] })).toThrow(/whole numbers in \[0, 2\)/);
  });
});
