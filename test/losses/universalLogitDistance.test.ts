import { evaluate, tensor, universalLogitDistance, valueAndGradients } from 'dark-knowledge';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeLoss } from '../support/lossSuite.ts';
import { catalogueCases, pocketCase, pocketRow } from './catalogueCases.ts';

describeLoss('universalLogitDistance', [
  ...catalogueCases('universalLogitDistance', universalLogitDistance),
  pocketCase(universalLogitDistance(), 0.357107557),
  pocketCase(universalLogitDistance(), 0.361862267, undefined, { ...pocketRow, teacherLogits: [[0, 3, 1, -1]] }),
  {
    title: 'certain predictions of other classes are alike: 0, with gradient 0',
    loss: universalLogitDistance(),
    inputs: { studentLogits: [[1e4, 0, -1e4]], teacherLogits: [[0, 1e4]] },
    value: 0,
    gradients: { studentLogits: [[0, 0, 0]] },
    smooth: false,
  },
  {
    title: 'leading axes, and a temperature',
    loss: universalLogitDistance({ temperature: 2, reduction: 'sum' }),
    inputs: {
      studentLogits: [[[1, 2, 0]], [[0, 1, 3]]],
      teacherLogits: [[[0, 3, 1, 0.5]], [[1, 0, 2, -1]]],
    },
  },
  {
    title: 'one row as a vector',
    loss: universalLogitDistance(),
    inputs: { studentLogits: [1, 2, 0], teacherLogits: [0, 3, 1, -1] },
    value: 0.361862267,
  },
  {
    title: 'a row that does not count may hold NaN',
    loss: universalLogitDistance(),
    inputs: {
      studentLogits: [...pocketRow.studentLogits, [Number.NaN, 1, 2]],
      teacherLogits: [...pocketRow.teacherLogits, [0, Number.NaN, 2]],
      rowWeights: [1, 0],
    },
    value: 0.357107557,
    tolerance: 1e-8,
    smooth: false,
  },
  {
    // q sorted is (1/2, 1/4, 1/4): both quarters against 1/8 and 1/8, the half against 3/4; 2·∂q₀ in the logits.
    title: 'equal probabilities, which keep their order',
    loss: universalLogitDistance(),
    inputs: {
      studentLogits: [[0, Math.LN2, 0]],
      teacherLogits: [[Math.log(6), 0, 0]],
    },
    value: 0.5,
    gradients: { studentLogits: [[0.25, -0.5, 0.25]] },
    smooth: false,
  },
]);

describe('universalLogitDistance', () => {
  const row = fc.array(fc.double({ min: -9, max: 9, noNaN: true }), { minLength: 2, maxLength: 7 });

  it('lies in [0, 2], is symmetric, and does not change when the teacher is permuted or shifted', () => {
    fc.assert(
      fc.property(row, row, (student, teacher) => {
        const of = (s: number[], t: number[]): number =>
          evaluate(universalLogitDistance(), { studentLogits: [s], teacherLogits: [t] }).value;
        const value = of(student, teacher);
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(2 + 1e-12);
        expect(of(teacher, student)).toBeCloseTo(value, 12);
        expect(of(student, teacher.map((logit) => logit + 3).reverse())).toBeCloseTo(value, 10);
      }),
    );
  });

  it('takes log-probabilities, and passes a NaN on', () => {
    const teacherLogProbabilities = [[Math.log(0.5), Math.log(0.3), Math.log(0.2)]];
    const { value } = evaluate(universalLogitDistance(), { studentLogits: [[0, 0]], teacherLogProbabilities });
    expect(value).toBeCloseTo(0.2 + 0.2, 12);
    const spoiled = valueAndGradients(universalLogitDistance(), {
      studentLogits: [[Number.NaN, 1]],
      teacherLogits: [[0, 1]],
    });
    expect(spoiled.value).toBeNaN();
    expect(spoiled.gradients.studentLogits.data[0]).toBeNaN();
  });

  it('has in float64 the gradient of a difference that float32 would round away', () => {
    const [student, teacher] = [1, 1 + 2e-7];
    const { value, gradients } = valueAndGradients(universalLogitDistance(), {
      studentLogits: [[student, 0]],
      teacherLogits: [[0, teacher]],
    });
    // 2·(σ(v) − σ(u)) in hyperbolic functions, and 2·σ(u)·σ(−u) away from the teacher's larger class.
    const half = (teacher - student) / 2;
    const expected = Math.sinh(half) / (Math.cosh(student / 2) * Math.cosh(teacher / 2));
    expect(Math.abs(value / expected - 1)).toBeLessThan(1e-8);
    const slope = 0.5 / Math.cosh(student / 2) ** 2;
    expect(gradients.studentLogits.data[0]).toBeCloseTo(-slope, 12);
    expect(gradients.studentLogits.data[1]).toBeCloseTo(slope, 12);
  });

  it('has gradient 0 where sides are equal but for the rounding of an offset, in either precision', () => {
    const logits = [0.1, 2.7, -3.3, 1.9, 0.4];
    for (const form of [Float32Array, Float64Array]) {
      const of = (offset: number) => tensor(form.from(logits.map((logit) => logit + offset)), [1, 5]);
      const { value, gradients } = valueAndGradients(universalLogitDistance(), {
        studentLogits: of(0),
        teacherLogits: of(0.7),
      });
      expect(value).toBeLessThan(form === Float32Array ? 1e-6 : 1e-15);
      expect(Array.from(gradients.studentLogits.data)).toEqual([0, 0, 0, 0, 0]);
    }
  });

  it('shows a NaN of either side in value and gradient', () => {
    const [good, bad] = [[[1, 2, 0]], [[0, Number.NaN, 1]]];
    for (const [studentLogits, teacherLogits] of [
      [good, bad],
      [bad, good],
    ]) {
      const { value, gradients } = valueAndGradients(universalLogitDistance(), {
        studentLogits: studentLogits!,
        teacherLogits: teacherLogits!,
      });
      expect(value).toBeNaN();
      expect(Array.from(gradients.studentLogits.data)).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    }
  });

  it('refuses rows that differ, and one class', () => {
    const run = (inputs: object) => () => evaluate(universalLogitDistance(), { ...pocketRow, ...inputs });
    expect(
      run({
        teacherLogits: [
          [0, 1],
          [1, 0],
        ],
      }),
    ).toThrow(/rows of teacherLogits must be of the shape of those of studentLogits/);
    expect(run({ teacherLogits: [[1]] })).toThrow(/teacherLogits must be of at least 2 classes/);
  });
});
