import { accumulate, accuracy, confusionMatrix, f1Score, measure } from 'dark-knowledge';
import { checkMetric } from 'dark-knowledge/testing';
import { describe, expect, it } from 'vitest';
import { describeMetric } from '../../support/metricSuite.ts';

const logits = [
  [2, 1, 0],
  [0, 3, 1],
  [1, 0, 2],
  [4, 1, 1],
  [0, 0, 0],
];
const labels = [0, 1, 1, 0, 2];

describeMetric('confusionMatrix', [
  {
    title: 'by hand',
    metric: confusionMatrix(),
    batch: { logits, labels },
    expected: {
      value: 3 / 5,
      matrix: [
        [2, 0, 0],
        [0, 1, 1],
        [1, 0, 0],
      ],
      shares: [
        [1, 0, 0],
        [0, 0.5, 0.5],
        [1, 0, 0],
      ],
      classes: [
        { labels: 2, predictions: 3, correct: 2, recall: 1, precision: 2 / 3 },
        { labels: 2, predictions: 1, correct: 1, recall: 0.5, precision: 1 },
        { labels: 1, predictions: 1, correct: 0, recall: 0, precision: 0 },
      ],
      confusions: [
        { label: 1, prediction: 2, count: 1 },
        { label: 2, prediction: 0, count: 1 },
      ],
      count: 5,
    },
  },
  {
    title: 'predictions, with a class that does not occur',
    metric: confusionMatrix({ from: 'predictions', classes: 3 }),
    batch: { predictions: [0, 1], labels: [0, 0] },
    expected: {
      matrix: [
        [1, 1, 0],
        [0, 0, 0],
        [0, 0, 0],
      ],
      shares: [[0.5, 0.5, 0], null, null],
      classes: [{ recall: 0.5 }, { recall: null, precision: 0 }, { recall: null, precision: null }],
    },
  },
]);

describe('the confusion matrix', () => {
  it('agrees with accuracy and F1', () => {
    const { value, classes } = measure(confusionMatrix(), { logits, labels });
    expect(value).toBe(measure(accuracy(), { logits, labels }).value);
    const { perClass } = measure(f1Score({ average: 'macro' }), { logits, labels });
    expect(classes.map(({ recall, precision }) => [recall, precision])).toEqual(
      perClass.map(({ recall, precision }) => [recall, precision]),
    );
  });

  it('passes the kit', () => {
    checkMetric(confusionMatrix({ ignoreIndex: -100 }), { logits, labels }, { permutations: true });
  });

  it('grows by the classes that predictions show, and keeps those of scores', () => {
    const running = accumulate(confusionMatrix({ from: 'predictions' }));
    running.update({ predictions: [0], labels: [1] });
    running.update({ predictions: [2], labels: [0] });
    expect(running.compute().matrix).toEqual([
      [0, 0, 1],
      [1, 0, 0],
      [0, 0, 0],
    ]);
    const masked = measure(confusionMatrix(), { logits: [...logits.slice(0, 2)], labels: [0, 1], rowWeights: [0, 1] });
    expect(masked.matrix).toEqual([
      [0, 0, 0],
      [0, 1, 0],
      [0, 0, 0],
    ]);
  });

  it('refuses classes out of range, and too many of them', () => {
    const from = 'predictions';
    expect(() => measure(confusionMatrix({ from, classes: 2 }), { predictions: [2], labels: [0] })).toThrow(
      'confusionMatrix: labels and predictions must be whole numbers in [0, 2), got 2.',
    );
    expect(() => measure(confusionMatrix({ from }), { predictions: [50_000], labels: [0] })).toThrow(
      'confusionMatrix: number of classes must be at most 4096, got 50001.',
    );
  });
});
