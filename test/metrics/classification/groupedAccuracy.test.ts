import { groupedAccuracy, measure } from 'dark-knowledge';
import { expect, it } from 'vitest';
import { describeMetric } from '../../support/metricSuite.ts';

const batch = {
  logits: [
    [2, 1],
    [1, 2],
    [1, 1],
    [0, 3],
    [4, 0],
  ],
  labels: [0, 0, 0, 1, 1],
  groups: [0, 0, 0, 2, 2],
};
// Right: 1 0 1 | 1 0; group 1 is empty.
const groups = [
  { group: 'near', correct: 2, count: 3, value: 2 / 3 },
  { group: 'middle', correct: 0, count: 0, value: null },
  { group: 'far', correct: 1, count: 2, value: 0.5 },
];
const names = ['near', 'middle', 'far'];

describeMetric('groupedAccuracy', [
  {
    title: 'an empty group is left out',
    metric: groupedAccuracy({ groups: names }),
    batch,
    expected: { value: 7 / 12, macro: 7 / 12, micro: 0.6, worst: 0.5, correct: 3, count: 5, emptyGroups: 1, groups },
  },
  {
    title: 'an empty group counts as 0',
    metric: groupedAccuracy({ groups: 3, emptyGroup: 'zero' }),
    batch,
    expected: { value: 7 / 18, micro: 0.6, groups: [{ group: '0' }, { group: '1' }, { group: '2' }] },
  },
]);

it('groupedAccuracy refuses an empty group on demand, and a group out of range', () => {
  expect(() => measure(groupedAccuracy({ groups: names, emptyGroup: 'throw' }), batch)).toThrow(
    "groupedAccuracy: groups must be all with at least one row, got ['middle'].",
  );
  expect(() => measure(groupedAccuracy({ groups: 2 }), batch)).toThrow(
    "groupedAccuracy: groups must be whole numbers in [0, 2), got '2 others'.",
  );
  // However little the row weighs beside the others.
  for (const group of [2, -1, 0.5]) {
    const light = { predictions: [0, 1], labels: [0, 0], groups: [0, group], rowWeights: [1, 1e-9] };
    expect(() => measure(groupedAccuracy({ groups: 2, from: 'predictions' }), light)).toThrow(
      "groupedAccuracy: groups must be whole numbers in [0, 2), got '1 others'.",
    );
  }
  expect(() => groupedAccuracy({ groups: 0 })).toThrow(RangeError);
  expect(() => groupedAccuracy({} as never)).toThrow(TypeError);
});
