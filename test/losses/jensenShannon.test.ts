import { evaluate, jensenShannon, valueAndGradients } from 'dark-knowledge';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeLoss } from '../support/lossSuite.ts';
import { logitPairs, shifted } from './arbitraries.ts';
import { fixtureCases, publicRows } from './fixtureCases.ts';

describeLoss('jensenShannon', [
  ...fixtureCases('jensenShannon', jensenShannon),
  // By the definition in float64, from probabilities: these rows are far from underflow.
  ...(
    [
      [0.1, 0.0534227],
      [0.5, 0.141548],
      [0.9, 0.0567117],
    ] as const
  ).map(([beta, value]) => ({
    title: `torchtune's eight rows, β = ${beta}`,
    loss: jensenShannon({ beta }),
    inputs: publicRows,
    value,
    tolerance: 1e-7,
  })),
  {
    // The third class underflows on both sides in float32, and is below 1e-47 in float64: the two others decide,
    // p = (e, 1)/(1 + e) and q = (1, e)/(1 + e).
    title: 'a class that underflows on both sides',
    loss: jensenShannon(),
    inputs: { studentLogits: [[0, 1, -110]], teacherLogits: [[1, 0, -120]] },
    value: 0.11094,
    tolerance: 1e-5,
  },
  {
    title: 'opposite logits of ±1e4: log 2, the upper bound, with gradient 0',
    loss: jensenShannon(),
    inputs: { studentLogits: [[1e4, -1e4]], teacherLogits: [[-1e4, 1e4]] },
    value: Math.log(2),
    gradients: { studentLogits: [[0, 0]] },
    smooth: false,
  },
  {
    title: 'disjoint support: the entropy of the mixture weights',
    loss: jensenShannon({ beta: 0.25 }),
    inputs: { studentLogits: [[0, -Infinity, -Infinity]], teacherLogits: [[-Infinity, 0, -Infinity]] },
    value: -0.25 * Math.log(0.25) - 0.75 * Math.log(0.75),
    gradients: { studentLogits: [[0, 0, 0]] },
    smooth: false,
  },
  {
    // q = (1, 0), p = (1/2, 1/2), m = (3/4, 1/4): ½(½ln(2/3) + ½ln 2) + ½ln(4/3).
    title: 'a class at −Infinity in the student only is finite',
    loss: jensenShannon(),
    inputs: { studentLogits: [[0, -Infinity]], teacherLogits: [[0, 0]] },
    value: 0.25 * Math.log(2 / 3) + 0.25 * Math.log(2) + 0.5 * Math.log(4 / 3),
    gradients: { studentLogits: [[0, 0]] },
    smooth: false,
  },
  {
    title: 'a batch without a row that counts, of NaN',
    loss: jensenShannon(),
    inputs: { studentLogits: [[Number.NaN, 0]], teacherLogits: [[0, Number.NaN]], rowWeights: [0] },
    value: 0,
    gradients: { studentLogits: [[0, 0]] },
    smooth: false,
  },
]);

describe('jensenShannon', () => {
  it('is symmetric at β = 0.5, and elsewhere when β goes with the sides', () => {
    fc.assert(
      fc.property(logitPairs, fc.constantFrom(0.5, 0.2), ({ student, teacher }, beta) => {
        const oneWay = evaluate(jensenShannon({ beta }), { studentLogits: student, teacherLogits: teacher });
        const otherWay = evaluate(jensenShannon({ beta: 1 - beta }), {
          studentLogits: teacher,
          teacherLogits: student,
        });
        expect(Math.abs(oneWay.value - otherWay.value)).toBeLessThan(1e-12);
      }),
    );
  });

  it('lies between 0 and the entropy of (β, 1 − β), and does not change when logits are shifted', () => {
    fc.assert(
      fc.property(logitPairs, fc.double({ min: 0.01, max: 0.99, noNaN: true }), ({ student, teacher }, beta) => {
        const loss = jensenShannon({ beta });
        const { value } = evaluate(loss, { studentLogits: student, teacherLogits: teacher });
        const entropy = -beta * Math.log(beta) - (1 - beta) * Math.log(1 - beta);
        expect(value).toBeGreaterThanOrEqual(-1e-12);
        expect(value).toBeLessThanOrEqual(entropy + 1e-12);
        const moved = evaluate(loss, { studentLogits: shifted(student, 4), teacherLogits: shifted(teacher, -6) });
        expect(Math.abs(moved.value - value)).toBeLessThan(1e-10);
      }),
    );
  });

  it('tends to 0 at both limits of β; divided by β or 1 − β, to forward or reverse KL', () => {
    const near = (beta: number): number => evaluate(jensenShannon({ beta }), publicRows).value;
    expect(near(1e-6)).toBeLessThan(1e-6);
    expect(near(1 - 1e-6)).toBeLessThan(1e-6);
    expect(near(1e-6) / 1e-6).toBeCloseTo(0.629286, 4);
    expect(near(1 - 1e-6) / 1e-6).toBeCloseTo(0.677491, 4);
  });

  it('names the two divergences in the error for β = 0 and β = 1', () => {
    for (const beta of [0, 1, -0.5, Number.NaN]) {
      expect(() => jensenShannon({ beta })).toThrow(RangeError);
      expect(() => jensenShannon({ beta })).toThrow(
        /^jensenShannon: beta must be strictly between 0 and 1, got .*'forward'.*'reverse'/,
      );
    }
  });

  it('passes a NaN in a row that counts on to the value and the gradient', () => {
    for (const side of ['studentLogits', 'teacherLogits'] as const) {
      const inputs = { studentLogits: [[0, 1]], teacherLogits: [[0, 1]], [side]: [[Number.NaN, 1]] };
      const { value, gradients } = valueAndGradients(jensenShannon(), inputs);
      expect(value).toBeNaN();
      expect(gradients.studentLogits.data[0]).toBeNaN();
    }
  });
});
