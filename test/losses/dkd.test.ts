import { dkd, evaluate, klDivergence, nkd, tensor, valueAndGradients, valueAndGradientsOn } from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeDivergence } from '../support/divergenceSuite.ts';
import { describeLoss } from '../support/lossSuite.ts';
import { logitPairs } from './arbitraries.ts';
import { catalogueCases, pocketCase, pocketRow } from './catalogueCases.ts';

const pocket = { ...pocketRow, labels: [1] };
/** KL between softmax(0, b) and softmax(0, a), by the definition. */
const ofTwo = (b: number, a: number): number => {
  const [p, q] = [1 / (1 + Math.exp(b)), 1 / (1 + Math.exp(a))];
  return p * Math.log(p / q) + (1 - p) * Math.log((1 - p) / (1 - q));
};

describeLoss('dkd', [
  ...catalogueCases('dkd', dkd),
  pocketCase(dkd({ alpha: 1, beta: 8, temperature: 1 }), 3.778491937, [3.82747053, -0.178553779, -3.648916751], pocket),
  pocketCase(dkd(), 4.103401391, undefined, pocket),
  {
    // Where the label is certain on both sides only the other two classes, (0, −3) against (0, 1), are left.
    title: 'a label 500 above the rest, which a mask of −1000 turns into NaN in float32',
    loss: dkd(),
    inputs: { studentLogits: [[0, 500, -3]], teacherLogits: [[0, 480, 1]], labels: [1] },
    value: 16 * 8 * ofTwo(0.25, -0.75),
    smooth: false,
  },
  {
    title: 'a label 5000 below the rest, which a mask of −1000 does not hide in float64 either',
    loss: dkd({ alpha: 0, beta: 1, temperature: 1 }),
    inputs: { studentLogits: [[0, -5000, -3]], teacherLogits: [[0, -4990, 1]], labels: [1] },
    value: ofTwo(1, -3),
    smooth: false,
  },
  {
    title: 'two classes: the label against the other is all there is',
    loss: dkd({ alpha: 2, temperature: 1 }),
    inputs: { studentLogits: [[0, Math.log(3)]], teacherLogits: [[0, 0]], labels: [0] },
    // p = (1/2, 1/2), q = (1/4, 3/4).
    value: 2 * (0.5 * Math.log(2) + 0.5 * Math.log(2 / 3)),
    gradients: { studentLogits: [[-0.5, 0.5]] },
  },
  {
    title: 'a teacher without a class beside the label has nothing to say of the others',
    loss: dkd({ temperature: 1 }),
    inputs: { studentLogits: [[Math.log(3), 0, 0]], teacherLogits: [[0, -Infinity, -Infinity]], labels: [0] },
    // q_y = 3/5: −log q_y, and its gradient.
    value: Math.log(5 / 3),
    gradients: { studentLogits: [[-0.4, 0.2, 0.2]] },
    smooth: false,
  },
  {
    title: 'a student without a class beside the label, where the teacher has some, is infinitely wrong',
    loss: dkd({ temperature: 1 }),
    inputs: { studentLogits: [[0, -Infinity]], teacherLogits: [[0, 0]], labels: [0] },
    value: Infinity,
    gradients: { studentLogits: [[0.5, 0]] },
    smooth: false,
  },
  {
    title: 'both sides without a class beside the label agree',
    loss: dkd(),
    inputs: { studentLogits: [[1, -Infinity]], teacherLogits: [[3, -Infinity]], labels: [0] },
    value: 0,
    gradients: { studentLogits: [[0, 0]] },
    smooth: false,
  },
]);

describeDivergence('dkd', dkd, {
  leastClasses: 2,
  beside: (rows) => ({ labels: Array(rows).fill(1) }),
  rounding: 1e-10,
});

describe('dkd', () => {
  it('is klDivergence where each row’s β is 1 − p_y', () => {
    fc.assert(
      fc.property(logitPairs, ({ student, teacher }) => {
        if (student[0]!.length < 2) return;
        student.forEach((row, index) => {
          const inputs = { studentLogits: [row], teacherLogits: [teacher[index]!], labels: [0] };
          const powers = teacher[index]!.map((logit) => Math.exp(logit - teacher[index]![0]!));
          const beta = 1 - 1 / powers.reduce((sum, power) => sum + power, 0);
          const [parts, whole] = [dkd({ alpha: 1, beta, temperature: 1 }), klDivergence()].map((loss) =>
            valueAndGradients(loss, inputs),
          );
          expect(Math.abs(parts!.value - whole!.value)).toBeLessThan(1e-9 * Math.max(1, whole!.value));
          whole!.gradients.studentLogits.data.forEach((slope, at) => {
            expect(parts!.gradients.studentLogits.data[at]).toBeCloseTo(slope, 9);
          });
        });
      }),
    );
  });

  it('changes nothing in the second part with the label’s own logit', () => {
    const value = (logit: number) =>
      evaluate(dkd({ alpha: 0, beta: 1 }), { ...pocket, studentLogits: [[1, logit, 0]] }).value;
    expect(value(-5000)).toBeCloseTo(value(2), 12);
    expect(value(5000)).toBeCloseTo(value(2), 12);
  });

  it('gives NaN for a label out of range that it cannot read, never a silent number', () => {
    const { readSync: _, ...host } = cpuBackend({ precision: 'float64' });
    for (const loss of [dkd(), nkd()]) {
      const { value, gradients } = valueAndGradientsOn(host, loss, { ...pocket, labels: [7] });
      expect(value.data[0]).toBeNaN();
      expect(Array.from(gradients.studentLogits.data).every(Number.isNaN)).toBe(true);
    }
  });

  it('refuses a single class and a label out of range', () => {
    expect(() => evaluate(dkd(), { studentLogits: [[1]], teacherLogits: [[1]], labels: [0] })).toThrow(
      'dkd: studentLogits must be of at least 2 classes, got 1.',
    );
    expect(() => evaluate(dkd(), { ...pocket, labels: [3] })).toThrow(
      'dkd: labels must be whole numbers in [0, 3), got 3.',
    );
    expect(() => dkd({ beta: -1 })).toThrow('dkd: beta must be a finite number of at least 0, got -1.');
  });

  it('returns the mean over rows, where a peer that sums calls it a mean', () => {
    const twice = {
      studentLogits: [
        [1, 2, 0],
        [1, 2, 0],
      ],
      teacherLogits: [
        [0, 3, 1],
        [0, 3, 1],
      ],
      labels: [1, 1],
    };
    expect(evaluate(dkd(), twice).value).toBeCloseTo(evaluate(dkd(), pocket).value, 12);
  });

  it('stays finite in float32 in value and gradient', () => {
    const single = (data: number[]) => tensor(Float32Array.from(data), [1, 3]);
    const { value, gradients } = valueAndGradients(dkd(), {
      studentLogits: single([0, 500, -3]),
      teacherLogits: single([0, 480, 1]),
      labels: [1],
    });
    expect(value).toBeCloseTo(15.7578, 3);
    expect(Array.from(gradients.studentLogits.data).every(Number.isFinite)).toBe(true);
  });
});
