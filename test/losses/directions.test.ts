import { cosineDistance, evaluate, normalizedMse, valueAndGradients } from 'dark-knowledge';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeLoss, type LossCase } from '../support/lossSuite.ts';
import { catalogueCases } from './catalogueCases.ts';

/** The pocket samples of the catalogue: cosine distances 1, 0.4 and 1. */
const pocket = {
  studentFeatures: [
    [0, 0],
    [3, 4],
    [6, 0],
  ],
  teacherFeatures: [
    [0, 0],
    [1, 0],
    [0, 1],
  ],
};

/** [batch, tokens, width] under an attention mask, with padding that holds nothing. */
const tokens = {
  studentFeatures: [
    [
      [3, 4],
      [Number.NaN, 0],
    ],
    [
      [6, 0],
      [2, 2],
    ],
  ],
  teacherFeatures: [
    [
      [1, 0],
      [1, 1],
    ],
    [
      [0, 1],
      [Infinity, 0],
    ],
  ],
  rowWeights: [
    [1, 0],
    [3, 0],
  ],
};

const tokenCase = (loss: unknown, value: number): LossCase => ({
  title: 'tokens under an attention mask, one of them weighted three times',
  loss,
  inputs: tokens,
  value,
  smooth: false,
});

describeLoss('cosineDistance', [
  ...catalogueCases('cosineDistance', cosineDistance),
  {
    title: 'the pocket rows',
    loss: cosineDistance({ reduction: 'none' }),
    inputs: pocket,
    value: [1, 0.4, 1],
    smooth: false,
  },
  tokenCase(cosineDistance(), (0.4 + 3 * 1) / 4),
  {
    title: 'a teacher without a direction: distance 1, gradient 0',
    loss: cosineDistance(),
    inputs: { studentFeatures: [[0.3, 0.7]], teacherFeatures: [[0, 0]] },
    value: 1,
    gradients: { studentFeatures: [[0, 0]] },
    smooth: false,
  },
]);

describeLoss('normalizedMse', [
  ...catalogueCases('normalizedMse', normalizedMse),
  {
    title: 'the pocket rows',
    loss: normalizedMse({ reduction: 'none' }),
    inputs: pocket,
    value: [0, 0.8, 2],
    smooth: false,
  },
  tokenCase(normalizedMse(), (0.8 + 3 * 2) / 4),
]);

const row = fc
  .array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 3, maxLength: 3 })
  .filter((numbers) => Math.hypot(...numbers) > 0.1);
const rowsOf = fc.array(row, { minLength: 2, maxLength: 2 });

describe('the losses between directions', () => {
  it('are one: normalizedMse is twice cosineDistance, in value and gradient, at any scale', () => {
    fc.assert(
      fc.property(rowsOf, rowsOf, fc.double({ min: 0.01, max: 100, noNaN: true }), (student, teacher, scale) => {
        const inputs = {
          studentFeatures: student,
          teacherFeatures: teacher.map((numbers) => numbers.map((x) => scale * x)),
        };
        const cosine = valueAndGradients(cosineDistance(), inputs);
        const squared = valueAndGradients(normalizedMse(), inputs);
        expect(squared.value).toBeCloseTo(2 * cosine.value, 12);
        squared.gradients.studentFeatures.data.forEach((gradient, index) => {
          expect(gradient).toBeCloseTo(2 * cosine.gradients.studentFeatures.data[index]!, 12);
        });
      }),
    );
  });

  it('keep their digits where the directions nearly agree, in float32 too', () => {
    // An angle of 2⁻¹² has the distance 2⁻²⁵; one minus a cosine would be 0 or 2⁻²⁴.
    const single = (numbers: readonly number[]) => ({ data: Float32Array.from(numbers), shape: [1, 2] });
    const inputs = { studentFeatures: single([1, 2 ** -12]), teacherFeatures: single([1, 0]) };
    expect(evaluate(cosineDistance(), inputs).value / 2 ** -25).toBeCloseTo(1, 3);
    expect(evaluate(normalizedMse(), inputs).value / 2 ** -24).toBeCloseTo(1, 3);
  });

  it('never cut a width to fit', () => {
    for (const [name, make] of Object.entries({ cosineDistance, normalizedMse })) {
      const inputs = { studentFeatures: [[1, 2]], teacherFeatures: [[1, 2, 3]] };
      expect(() => evaluate(make(), inputs)).toThrow(
        `${name}: teacherFeatures must be of the shape of studentFeatures, [1, 2], got shape [1, 3].`,
      );
    }
  });

  it('leave out the tokens that labels ignore, where they are asked to', () => {
    const inputs = { ...pocket, labels: [-100, 3, -100] };
    expect(evaluate(cosineDistance({ ignoreIndex: -100 }), inputs).value).toBeCloseTo(0.4, 12);
    expect(evaluate(cosineDistance(), inputs).value).toBeCloseTo(2.4 / 3, 12);
  });
});
