import { brierScore, measure, negativeLogLikelihood } from 'dark-knowledge';
import { expect, it } from 'vitest';
import fixture from '../../fixtures/calibration.json' with { type: 'json' };
import { describeMetric } from '../../support/metricSuite.ts';

const { logits, labels } = fixture;
const probabilities = [
  [0.5, 0.25, 0.25],
  [0.125, 0.125, 0.75],
  [1, 0, 0],
];

describeMetric('brierScore', [
  {
    title: "scikit-learn's on logits",
    metric: brierScore(),
    batch: { logits, labels },
    expected: { value: fixture.brier },
  },
  {
    title: 'halved',
    metric: brierScore({ scaleByHalf: true }),
    batch: { logits, labels },
    expected: { value: fixture.brier / 2, count: 240 },
  },
  {
    title: 'probabilities, by hand',
    metric: brierScore(),
    batch: { probabilities, labels: [0, 2, 0] },
    expected: { value: (0.375 + 0.09375) / 3 },
  },
]);

describeMetric('negativeLogLikelihood', [
  {
    title: "scikit-learn's log loss on logits",
    metric: negativeLogLikelihood(),
    batch: { logits, labels },
    expected: { value: fixture.logLoss },
  },
  {
    title: 'probabilities, by hand',
    metric: negativeLogLikelihood(),
    batch: { probabilities, labels: [1, 2, 0] },
    expected: { value: (2 * Math.LN2 - Math.log(0.75)) / 3 },
  },
  {
    title: 'a label of probability 0',
    metric: negativeLogLikelihood(),
    batch: { probabilities, labels: [0, 2, 1] },
    expected: { value: Infinity },
  },
  {
    title: 'logits of ±1e4',
    metric: negativeLogLikelihood(),
    batch: {
      logits: [
        [1e4, -1e4],
        [1e4, -1e4],
      ],
      labels: [0, 1],
    },
    expected: { value: 1e4 },
  },
]);

it('the Brier score and the likelihood refuse what is no probability', () => {
  for (const metric of [brierScore(), negativeLogLikelihood()]) {
    expect(() => measure(metric, { probabilities: [[0.5, 0.1]], labels: [0] })).toThrow(/sum to 1/);
    expect(() => measure(metric, { logits: [[0, Number.NaN]], labels: [0] })).toThrow(/free of NaN/);
    expect(() => measure(metric, { labels: [0] })).toThrow(/exactly one of/);
  }
  expect(() => brierScore({ scaleByHalf: 1 as never })).toThrow(TypeError);
});
