import { foolingRate, measure, studentFoolingRate } from 'dark-knowledge';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeMetric } from '../../support/metricSuite.ts';

const [zero, one, two] = [
  [3, 1, 0],
  [0, 2, 1],
  [-1, 0, 5],
];
const tie = [2, 2, 0];

describeMetric('foolingRate', [
  {
    // Images 0 and 3 change their prediction; the tie of image 4 keeps the first class.
    title: 'by hand, with a tie',
    metric: foolingRate(),
    batch: { cleanLogits: [zero, one, two, two, zero], adversarialLogits: [one, one, two, zero, tie] },
    expected: { value: 2 / 5, fooled: 2, count: 5 },
  },
]);

describeMetric('studentFoolingRate', [
  {
    // Teacher fooled on 0, 1, 3; of these the student on 1 and 3; the student also on 4, which did not fool the teacher.
    title: 'by hand',
    metric: studentFoolingRate(),
    batch: {
      teacherCleanLogits: [zero, one, two, two, zero],
      teacherAdversarialLogits: [one, two, two, zero, zero],
      studentCleanLogits: [one, zero, two, one, zero],
      studentAdversarialLogits: [one, two, two, two, two],
    },
    expected: {
      value: 2 / 3,
      status: 'defined',
      studentFooled: 2,
      teacherFooled: 3,
      count: 5,
      teacherValue: 3 / 5,
      studentFooledOverall: 3,
    },
  },
  {
    title: 'an attack that fools the teacher nowhere leaves nothing to score',
    metric: studentFoolingRate(),
    batch: {
      teacherCleanLogits: [zero, one],
      teacherAdversarialLogits: [zero, one],
      studentCleanLogits: [zero, one],
      studentAdversarialLogits: [one, zero],
    },
    expected: {
      value: null,
      status: 'noneFooledTeacher',
      studentFooled: 0,
      teacherFooled: 0,
      count: 2,
      teacherValue: 0,
      studentFooledOverall: 2,
    },
  },
]);

describe('fooling rates', () => {
  it('count a change of prediction, not of correctness', () => {
    // Wrong before (2 for 0) and wrong after in another way (1): the attack fooled the model.
    expect(measure(foolingRate(), { cleanLogits: [two], adversarialLogits: [one] }).value).toBe(1);
  });

  it('let teacher and student have different classes, but not different images', () => {
    const teacher = { teacherCleanLogits: [zero], teacherAdversarialLogits: [one] };
    const student = { studentCleanLogits: [[0, 1]], studentAdversarialLogits: [[1, 0]] };
    expect(measure(studentFoolingRate(), { ...teacher, ...student }).value).toBe(1);
    const more = {
      studentCleanLogits: [
        [0, 1],
        [0, 1],
      ],
      studentAdversarialLogits: [
        [1, 0],
        [0, 1],
      ],
    };
    expect(() => measure(studentFoolingRate(), { ...teacher, ...more })).toThrow(/rows of studentCleanLogits/);
  });

  it('refuse NaN and unequal shapes', () => {
    expect(() => measure(foolingRate(), { cleanLogits: [[Number.NaN, 1]], adversarialLogits: [[1, 0]] })).toThrow(
      'foolingRate: cleanLogits and adversarialLogits must be free of NaN',
    );
    expect(() => measure(foolingRate(), { cleanLogits: [[0, 1]], adversarialLogits: [[1, 0, 2]] })).toThrow(TypeError);
    expect(() =>
      measure(studentFoolingRate(), {
        teacherCleanLogits: [zero],
        teacherAdversarialLogits: [one],
        studentCleanLogits: [zero],
        studentAdversarialLogits: [[0, Number.NaN, 1]],
      }),
    ).toThrow(RangeError);
  });

  it('score a student that is the teacher at 1', () => {
    const row = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(fc.array(fc.tuple(row, row), { minLength: 1, maxLength: 12 }), (pairs) => {
        const clean = pairs.map(([first]) => first);
        const adversarial = pairs.map(([, second]) => second);
        const alone = measure(foolingRate(), { cleanLogits: clean, adversarialLogits: adversarial });
        const both = measure(studentFoolingRate(), {
          teacherCleanLogits: clean,
          teacherAdversarialLogits: adversarial,
          studentCleanLogits: clean,
          studentAdversarialLogits: adversarial,
        });
        expect(both.value).toBe(alone.fooled > 0 ? 1 : null);
        expect(both.teacherValue).toBe(alone.value);
        expect(both.studentFooledOverall).toBe(alone.fooled);
      }),
      { numRuns: 60 },
    );
  });
});
