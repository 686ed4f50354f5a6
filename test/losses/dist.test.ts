import { dist, evaluate, tensor, valueAndGradients } from 'dark-knowledge';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeLoss } from '../support/lossSuite.ts';
import { logitPairs, shifted } from './arbitraries.ts';
import { catalogueCases } from './catalogueCases.ts';

const pocket = {
  studentLogits: [
    [1, 2, 0],
    [0, 1, 3],
  ],
  teacherLogits: [
    [0, 3, 1],
    [1, 0, 2],
  ],
};
const masked = {
  studentLogits: [
    [1, 2, 0],
    [Number.NaN, Infinity, -Infinity],
    [0, 1, 3],
  ],
  teacherLogits: [
    [0, 3, 1],
    [0, Number.NaN, -Infinity],
    [1, 0, 2],
  ],
};

describeLoss('dist', [
  ...catalogueCases('dist', dist),
  { title: 'two rows, by hand in float64', loss: dist(), inputs: pocket, value: 0.725365502, tolerance: 1e-9 },
  {
    title: 'a masked sample is not there, whatever it holds',
    loss: dist(),
    inputs: { ...masked, mask: [1, 0, 1] },
    value: 0.725365502,
    tolerance: 1e-9,
    smooth: false,
  },
  {
    title: 'no sample left',
    loss: dist(),
    inputs: { ...masked, mask: [0, 0, 0] },
    value: 0,
    gradients: { studentLogits: Array(3).fill([0, 0, 0]) },
    smooth: false,
  },
  {
    title: 'scores of a sigmoid, at T = 2 with unequal weights',
    loss: dist({ activation: 'sigmoid', temperature: 2, beta: 0.7, gamma: 1.3 }),
    inputs: { ...pocket, mask: [1, 1] },
  },
  {
    // e/(2e + e⁻²) in both samples, but for what two softmaxes round: without a direction, whichever way that falls.
    title: 'a class that the teacher finds as likely in every sample is constant, in spite of rounding',
    loss: dist(),
    inputs: {
      studentLogits: [
        [-1, 0, -2],
        [-1, -1, 0],
      ],
      teacherLogits: [
        [1, -2, 1],
        [2, 2, -1],
      ],
    },
    // By NumPy: rows 1.98282, and of the columns (1 + 2 + 2)/3.
    value: 3.6494909282055352,
    smooth: false,
  },
  {
    // Float32 may be off by more than the rounding of a softmax in the sum of so many equal numbers.
    title: 'a teacher that predicts the same for each of many samples is constant over them',
    loss: dist({ beta: 0, gamma: 3 }),
    inputs: {
      studentLogits: Array.from({ length: 3001 }, (_, row) => [Math.sin(row), Math.cos(2 * row), 0.3]),
      teacherLogits: Array.from({ length: 3001 }, () => [0.3, 1.1, -0.4]),
    },
    value: 3,
    smooth: false,
  },
  {
    title: 'both sides constant: correlation 0 everywhere, with gradient 0',
    loss: dist({ beta: 2, gamma: 3 }),
    inputs: {
      studentLogits: [
        [0.1, 0.1, 0.1],
        [0.3, 0.3, 0.3],
      ],
      teacherLogits: [
        [7, 7, 7],
        [2, 2, 2],
      ],
    },
    value: 5,
    gradients: {
      studentLogits: [
        [0, 0, 0],
        [0, 0, 0],
      ],
    },
    smooth: false,
  },
  {
    // Columns of 1e-22 and less, whose squares float32 does not hold.
    title: 'classes of tiny probability correlate like any other',
    loss: dist({ beta: 0 }),
    inputs: {
      studentLogits: [
        [0, -50, -51, -60],
        [1, -49, -53, -58],
        [0, -52, -50, -59],
      ],
      teacherLogits: [
        [0, -50, -51, -60],
        [1, -51, -50, -58],
        [0, -52, -49, -61],
      ],
    },
  },
]);

describe('dist', () => {
  it('is 0 where the predictions agree, to the second order in their difference', () => {
    expect(evaluate(dist(), { ...pocket, teacherLogits: shifted(pocket.studentLogits, 4) }).value).toBeLessThan(1e-15);
    const near = pocket.studentLogits.map((row) => row.map((logit, index) => logit + 1e-5 * index * index));
    const twice = pocket.studentLogits.map((row) => row.map((logit, index) => logit + 2e-5 * index * index));
    const [once, double] = [near, twice].map((teacherLogits) => evaluate(dist(), { ...pocket, teacherLogits }).value);
    expect(double! / once!).toBeCloseTo(4, 3);
  });

  it('has, with a single sample, γ for its second part', () => {
    const one = { studentLogits: [[1, 2, 0]], teacherLogits: [[0, 3, 1]] };
    const { value, gradients } = valueAndGradients(dist({ beta: 0, gamma: 0.7 }), one);
    expect(value).toBeCloseTo(0.7, 12);
    expect(Array.from(gradients.studentLogits.data)).toEqual([0, 0, 0]);
  });

  it('lies between 0 and 2·(β + γ), takes leading axes for samples, and changes nothing with their order', () => {
    fc.assert(
      fc.property(logitPairs, ({ student, teacher }) => {
        const { value } = evaluate(dist(), { studentLogits: student, teacherLogits: teacher });
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(4 + 1e-12);
        const backwards = { studentLogits: student.toReversed(), teacherLogits: teacher.toReversed() };
        expect(evaluate(dist(), backwards).value).toBeCloseTo(value, 9);
        const deeper = { studentLogits: [student], teacherLogits: [teacher] };
        expect(evaluate(dist(), deeper).value).toBeCloseTo(value, 12);
      }),
    );
  });

  it('gives gradients in the shape of the logits, and a masked sample gradient 0', () => {
    const deep = (rows: number[][]) => tensor(rows.flat(), [1, 3, 3]);
    const { gradients } = valueAndGradients(dist(), {
      studentLogits: deep(masked.studentLogits),
      teacherLogits: deep(masked.teacherLogits),
      mask: [[1, 0, 1]],
    });
    expect(gradients.studentLogits.shape).toEqual([1, 3, 3]);
    expect(Array.from(gradients.studentLogits.data.slice(3, 6))).toEqual([0, 0, 0]);
    const plain = valueAndGradients(dist(), pocket).gradients.studentLogits.data;
    expect(gradients.studentLogits.data[0]).toBeCloseTo(plain[0]!, 12);
    expect(gradients.studentLogits.data[8]).toBeCloseTo(plain[5]!, 12);
  });

  it('refuses a mask of another shape and a weight below 0', () => {
    expect(() => evaluate(dist(), { ...pocket, mask: [1] })).toThrow(
      'dist: mask must be of the shape of the samples, [2], got shape [1].',
    );
    expect(() => evaluate(dist(), { ...pocket, mask: [1, 0.5] })).toThrow(
      'dist: mask must be 1 for what counts and 0 for what does not, got 0.5.',
    );
    expect(() => dist({ gamma: -1 })).toThrow('dist: gamma must be a finite number of at least 0, got -1.');
  });
});
