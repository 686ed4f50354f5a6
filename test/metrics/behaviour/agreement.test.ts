import { agreement, invariance, measure } from 'dark-knowledge';
import { expect, it } from 'vitest';
import fixture from '../../fixtures/scores.json' with { type: 'json' };
import { describeMetric } from '../../support/metricSuite.ts';

const studentLogits = [
  [5, 1, 0],
  [1, 1, 0],
  [0, 2, 3],
  [1, 4, 2],
  [9, 1, 2],
];
const teacherLogits = [
  [2, 1, 0],
  [0, 3, 3],
  [0, 1, 9],
  [0, 4, 5],
  [3, 3, 3],
];
// Student predicts 0 0 2 1 0, teacher 0 1 2 2 0 (the first of equal logits): 3 of 5 agree.
// κ by hand: chance = (3·2 + 1·1 + 1·2)/25 = .36; (.6 − .36)/(1 − .36) = .375, as sklearn's cohen_kappa_score has it.
describeMetric('agreement', [
  {
    title: "scikit-learn's κ",
    metric: agreement(),
    batch: { studentLogits: fixture.studentLogits, teacherLogits: fixture.teacherLogits },
    expected: { kappa: fixture.agreementKappa, count: 90 },
  },
  {
    title: 'ties go to the first class, and classes are those of the teacher',
    metric: agreement(),
    batch: { studentLogits, teacherLogits },
    expected: {
      value: 0.6,
      same: 3,
      count: 5,
      kappa: 0.375,
      perClass: [
        { class: 0, same: 2, count: 2, value: 1 },
        { class: 1, same: 0, count: 1, value: 0 },
        { class: 2, same: 1, count: 2, value: 0.5 },
      ],
    },
  },
  {
    title: 'one class that both always predict',
    metric: agreement(),
    batch: {
      studentLogits: [
        [2, 1],
        [2, 1],
        [2, 1],
      ],
      teacherLogits: [
        [3, 1],
        [4, 1],
        [5, 1],
      ],
    },
    expected: { value: 1, kappa: 1, perClass: [{ value: 1 }, { count: 0, value: null }] },
  },
]);

describeMetric('invariance', [
  {
    title: 'two views of one model',
    metric: invariance(),
    batch: { logits: teacherLogits, viewLogits: studentLogits },
    expected: { value: 0.6, kappa: 0.375, perClass: [{ count: 2 }, { count: 1 }, { count: 2 }] },
  },
]);

it('agreement refuses NaN and shapes that differ', () => {
  expect(() => measure(agreement(), { studentLogits: [[Number.NaN, 1]], teacherLogits: [[0, 1]] })).toThrow(
    'agreement: teacherLogits and studentLogits must be free of NaN',
  );
  expect(() => measure(agreement(), { studentLogits: [[0, 1, 2]], teacherLogits: [[0, 1]] })).toThrow(
    'agreement: studentLogits must be of the shape of teacherLogits, [1, 2], got shape [1, 3].',
  );
});
