import { measure, predictiveDivergence, rightWrongSplit, shapeBias, studentsSplit } from 'dark-knowledge';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import fixture from '../../fixtures/scores.json' with { type: 'json' };
import { describeMetric } from '../../support/metricSuite.ts';

const { studentLogits, teacherLogits } = fixture;
const first = (row: readonly number[]) => row.indexOf(Math.max(...row));
const same = studentLogits.filter((row, index) => first(row) === first(teacherLogits[index]!)).length;

describeMetric('predictiveDivergence', [
  {
    title: "PyTorch's kl_div, batch mean",
    metric: predictiveDivergence(),
    batch: { studentLogits, teacherLogits },
    expected: { value: fixture.divergence.forward, fidelity: same / 90, count: 90 },
  },
  {
    title: 'the other direction',
    metric: predictiveDivergence({ direction: 'reverse' }),
    batch: { studentLogits, teacherLogits },
    expected: { value: fixture.divergence.reverse },
  },
  {
    title: 'equal logits up to a shift, large ones, and classes that both exclude',
    metric: predictiveDivergence(),
    batch: {
      studentLogits: [
        [1, 2, 3],
        [1e4, -1e4, 0],
        [-Infinity, 1, 1],
      ],
      teacherLogits: [
        [11, 12, 13],
        [1e4, -1e4, 0],
        [-Infinity, 1, 1],
      ],
    },
    expected: { value: 0, fidelity: 1 },
  },
  {
    title: 'a class that only the student excludes',
    metric: predictiveDivergence(),
    batch: {
      studentLogits: [
        [-Infinity, 1],
        [0, 1],
        [0, 1],
      ],
      teacherLogits: [
        [0, 1],
        [0, 1],
        [0, 1],
      ],
    },
    expected: { value: Infinity },
  },
]);

// Teacher right: rows 0, 1, 2; student right: rows 0, 3, 4.
const hard = {
  labels: [0, 1, 0, 1, 1, 0],
  teacherLogits: [
    [2, 1],
    [0, 1],
    [1, 1],
    [1, 0],
    [1, 0],
    [0, 1],
  ],
  studentLogits: [
    [2, 1],
    [2, 1],
    [0, 1],
    [0, 1],
    [0, 1],
    [0, 1],
  ],
};
describeMetric('rightWrongSplit', [
  {
    title: 'four groups by hand',
    metric: rightWrongSplit(),
    batch: hard,
    expected: {
      value: 4 / 6,
      count: 6,
      bothRight: { count: 1, share: 1 / 6 },
      onlyTeacherRight: { count: 2, share: 2 / 6 },
      onlyStudentRight: { count: 2, share: 2 / 6 },
      neitherRight: { count: 1, share: 1 / 6 },
      corrected: 2 / 3,
      broken: 2 / 3,
    },
  },
  {
    title: 'a teacher without mistakes has none corrected',
    metric: rightWrongSplit(),
    batch: {
      labels: [0, 0, 0],
      teacherLogits: [
        [1, 0],
        [1, 0],
        [1, 0],
      ],
      studentLogits: [
        [1, 0],
        [0, 1],
        [1, 0],
      ],
    },
    expected: { corrected: null, broken: 1 / 3 },
  },
]);

const right = [1, 0];
const wrong = [0, 1];
describeMetric('studentsSplit', [
  {
    title: 'five groups by hand',
    metric: studentsSplit({ students: ['9L', '6L', '3L'] }),
    batch: {
      labels: [0, 0, 0, 0, 0, 0, 0, 0],
      teacherLogits: [right, right, right, right, right, wrong, wrong, wrong],
      '9L': [right, right, right, wrong, wrong, wrong, right, right],
      '6L': [right, right, wrong, wrong, wrong, wrong, wrong, right],
      '3L': [right, wrong, wrong, wrong, right, wrong, wrong, right],
    },
    expected: {
      value: 1 / 5,
      count: 8,
      all: { count: 1, share: 1 / 8 },
      someStudents: { count: 3, share: 3 / 8 },
      teacherOnly: { count: 1, share: 1 / 8 },
      none: { count: 1, share: 1 / 8 },
      studentsOnly: { count: 2, share: 2 / 8 },
      retained: [
        { student: '9L', count: 3, share: 3 / 5 },
        { student: '6L', count: 2, share: 2 / 5 },
        { student: '3L', count: 2, share: 2 / 5 },
      ],
    },
  },
  {
    title: 'a teacher that is never right',
    metric: studentsSplit({ students: ['student'] }),
    batch: { labels: [0, 0, 0], teacherLogits: [wrong, wrong, wrong], student: [wrong, right, wrong] },
    expected: { value: null, none: { count: 2 }, studentsOnly: { count: 1 }, retained: [{ count: 0, share: null }] },
  },
]);

describeMetric('shapeBias', [
  {
    title: 'shape, texture, neither, and a row without conflict',
    metric: shapeBias(),
    batch: {
      logits: [
        [3, 1, 0],
        [0, 2, 1],
        [1, 1, 0],
        [0, 1, 2],
        [5, 0, 0],
        [0, 0, 4],
      ],
      shapeLabels: [0, 0, 0, 0, 0, 2],
      textureLabels: [1, 1, 1, 1, 0, 0],
    },
    expected: {
      value: 3 / 4,
      shapeDecisions: 3,
      textureDecisions: 1,
      otherDecisions: 1,
      withoutConflict: 1,
      count: 6,
    },
  },
  {
    title: 'no admissible decision',
    metric: shapeBias(),
    batch: {
      logits: [
        [0, 0, 1],
        [0, 0, 1],
        [0, 0, 1],
      ],
      shapeLabels: [0, 0, 0],
      textureLabels: [1, 1, 1],
    },
    expected: { value: null, otherDecisions: 3 },
  },
]);

describe('splits of rows', () => {
  it('part all rows, whatever the predictions and their order', () => {
    const bit = fc.integer({ min: 0, max: 1 });
    fc.assert(
      fc.property(fc.array(fc.tuple(bit, bit, bit, bit), { minLength: 1, maxLength: 30 }), (rows) => {
        const of = (list: typeof rows) => {
          const column = (index: number) => list.map((row) => (row[index] === 0 ? [1, 0] : [0, 1]));
          return measure(studentsSplit({ students: ['a', 'b'] }), {
            labels: list.map((row) => row[0]),
            teacherLogits: column(1),
            a: column(2),
            b: column(3),
          });
        };
        const { all, someStudents, teacherOnly, none, studentsOnly, count } = of(rows);
        const parts = [all, someStudents, teacherOnly, none, studentsOnly];
        expect(parts.reduce((sum, part) => sum + part.count, 0)).toBe(count);
        expect(of([...rows].reverse())).toEqual(of(rows));
      }),
      { numRuns: 40 },
    );
  });

  it('refuse NaN, labels out of range, clashing names and unknown options', () => {
    const bad = [[Number.NaN, 1]];
    const good = [[0, 1]];
    const split = studentsSplit({ students: ['a'] });
    expect(() => measure(rightWrongSplit(), { labels: [0], studentLogits: bad, teacherLogits: good })).toThrow(/NaN/);
    expect(() => measure(split, { labels: [0], a: bad, teacherLogits: good })).toThrow(/NaN/);
    expect(() => measure(shapeBias(), { logits: bad, shapeLabels: [0], textureLabels: [1] })).toThrow(/NaN/);
    expect(() => measure(shapeBias(), { logits: good, shapeLabels: [2], textureLabels: [1] })).toThrow(
      'shapeBias: shapeLabels must be whole numbers in [0, 2), got 2.',
    );
    expect(() => measure(shapeBias(), { logits: good, shapeLabels: [1], textureLabels: [0, 1] })).toThrow(
      /shapeBias: textureLabels must be of the shape of the rows/,
    );
    expect(() => measure(predictiveDivergence(), { studentLogits: good, teacherLogits: bad })).toThrow(/NaN/);
    expect(() => measure(split, { labels: [3], a: good, teacherLogits: good })).toThrow(/in \[0, 2\)/);
    expect(() => studentsSplit({ students: ['labels'] })).toThrow(
      /names that are none of labels, rowWeights, teacherLogits/,
    );
    expect(() => studentsSplit({ students: [] })).toThrow(RangeError);
    expect(() => rightWrongSplit({ topK: 1 } as never)).toThrow(/option/);
  });
});
