import { accuracy } from 'dark-knowledge';
import { describeMetric } from '../../support/metricSuite.ts';

const logits = [
  [0.1, 0.9, 0.3],
  [2, 2, 1],
  [0, 1, 5],
  [3, 1, 2],
];

describeMetric('accuracy', [
  {
    title: 'the first of equal scores is the prediction',
    metric: accuracy(),
    batch: { logits, labels: [1, 1, 2, 2] },
    expected: { value: 0.5, correct: 2, count: 4 },
  },
  {
    title: 'top 2 takes in the second of equal scores',
    metric: accuracy({ topK: 2 }),
    batch: { logits, labels: [1, 1, 0, 2] },
    expected: { value: 0.75, correct: 3, count: 4 },
  },
]);
