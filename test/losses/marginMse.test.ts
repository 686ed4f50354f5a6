import { evaluate, marginMse } from 'dark-knowledge';
import { describe, expect, it } from 'vitest';
import { describeDivergence } from '../support/divergenceSuite.ts';
import { describeLoss } from '../support/lossSuite.ts';
import { catalogueCases } from './catalogueCases.ts';

describeLoss('marginMse', [
  ...catalogueCases('marginMse', marginMse),
  {
    // Margins of the student 1 and 2, of the teacher 5·½ and 8·½: d = (−1.5, −2).
    title: 'a teacher on another scale',
    loss: marginMse({ teacherScale: 0.5 }),
    inputs: { studentScores: [[2, 1, 0]], teacherScores: [[9, 4, 1]] },
    value: (2.25 + 4) / 2,
    gradients: { studentScores: [[-3.5, 1.5, 2]] },
  },
  {
    title: 'padded candidates do not count',
    loss: marginMse({ reduction: 'none' }),
    inputs: {
      studentScores: [
        [2, 1, -Infinity],
        [1, -Infinity, -Infinity],
        [-Infinity, 1, 2],
      ],
      teacherScores: [
        [9, 4, -Infinity],
        [3, -Infinity, -Infinity],
        [-Infinity, 0, 5],
      ],
    },
    value: [16, 0, 0],
    gradients: {
      studentScores: [
        [-8, 8, 0],
        [0, 0, 0],
        [0, 0, 0],
      ],
    },
    smooth: false,
  },
  {
    title: 'a candidate that only the student rules out is infinitely wrong',
    loss: marginMse(),
    inputs: { studentScores: [[2, 1, -Infinity]], teacherScores: [[9, 4, 0]] },
    value: Infinity,
    gradients: { studentScores: [[-8, 8, 0]] },
    smooth: false,
  },
  {
    title: 'one query as a vector of scores',
    loss: marginMse(),
    inputs: { studentScores: [2, 1], teacherScores: [3, 1] },
    value: 1,
    gradients: { studentScores: [-2, 2] },
  },
]);

describeDivergence('marginMse', marginMse, {
  inputs: ['studentScores', 'teacherScores'],
  leastClasses: 2,
  rounding: 1e-9,
});

describe('marginMse', () => {
  it('shows a NaN in a row that has no positive', () => {
    const [studentScores, teacherScores] = [[[-Infinity, Number.NaN, 2]], [[-Infinity, 0, 5]]];
    expect(evaluate(marginMse(), { studentScores, teacherScores }).value).toBeNaN();
    expect(
      evaluate(marginMse(), { studentScores: [[-Infinity, 1, 2]], teacherScores: [[-Infinity, 0, NaN]] }).value,
    ).toBeNaN();
  });

  it('refuses scores without a negative, and sides of different shape', () => {
    expect(() => evaluate(marginMse(), { studentScores: [[1]], teacherScores: [[1]] })).toThrow(
      'marginMse: studentScores must be of shape [..., candidates] with at least 2, got shape [1, 1]. Candidate 0 is',
    );
    expect(() => evaluate(marginMse(), { studentScores: [[1, 2]], teacherScores: [[1, 2, 3]] })).toThrow(
      'marginMse: teacherScores must be of the shape of studentScores, [1, 2], got shape [1, 3].',
    );
  });
});
