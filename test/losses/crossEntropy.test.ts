import { crossEntropy, valueAndGradients } from 'dark-knowledge';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeLoss } from '../support/lossSuite.ts';
import { logitPairs, shifted } from './arbitraries.ts';
import { fixtureCases } from './fixtureCases.ts';

describeLoss('crossEntropy', [
  ...fixtureCases('crossEntropy', crossEntropy),
  {
    // −log softmax([ln 4, 0, 0])₀ = log(6/4); the gradient is softmax minus one-hot.
    title: 'one row by hand',
    loss: crossEntropy(),
    inputs: { studentLogits: [[Math.log(4), 0, 0]], labels: [0] },
    value: Math.log(1.5),
    gradients: { studentLogits: [[4 / 6 - 1, 1 / 6, 1 / 6]] },
  },
  {
    title: 'one row as a vector of logits',
    loss: crossEntropy(),
    inputs: { studentLogits: [Math.log(4), 0, 0], labels: 0 },
    value: Math.log(1.5),
    gradients: { studentLogits: [4 / 6 - 1, 1 / 6, 1 / 6] },
  },
  {
    title: 'logits of ±1e4, right and wrong',
    loss: crossEntropy(),
    inputs: {
      studentLogits: [
        [1e4, -1e4],
        [1e4, -1e4],
      ],
      labels: [0, 1],
    },
    value: 1e4,
    gradients: {
      studentLogits: [
        [0, 0],
        [0.5, -0.5],
      ],
    },
    smooth: false,
  },
  {
    title: 'a class at −Infinity beside the label counts 0',
    loss: crossEntropy(),
    inputs: { studentLogits: [[0, 0, -Infinity]], labels: [1] },
    value: Math.log(2),
    gradients: { studentLogits: [[0.5, -0.5, 0]] },
    smooth: false,
  },
  {
    title: 'a label at −Infinity is infinitely wrong, with a finite gradient',
    loss: crossEntropy(),
    inputs: { studentLogits: [[0, 0, -Infinity]], labels: [2] },
    value: Infinity,
    gradients: { studentLogits: [[0.5, 0.5, -1]] },
    smooth: false,
  },
  {
    title: 'a masked row may hold NaN',
    loss: crossEntropy({ labelSmoothing: 0.1 }),
    inputs: {
      studentLogits: [
        [Number.NaN, 0],
        [0, 0],
      ],
      labels: [-100, 1],
    },
    value: Math.log(2),
    gradients: {
      studentLogits: [
        [0, 0],
        [0.5 - 0.05, 0.5 - 0.95],
      ],
    },
    smooth: false,
  },
  {
    title: 'a batch of ignored labels, of NaN',
    loss: crossEntropy(),
    inputs: { studentLogits: [[Number.NaN, 0]], labels: [-100] },
    value: 0,
    gradients: { studentLogits: [[0, 0]] },
    smooth: false,
  },
]);

describe('crossEntropy', () => {
  it('is at least 0, does not change when logits are shifted, and has a gradient that sums to 0', () => {
    fc.assert(
      fc.property(logitPairs, fc.nat(), fc.constantFrom(0, 0.1, 1), ({ student }, draw, labelSmoothing) => {
        const labels = student.map((row, index) => (draw + index) % row.length);
        const loss = crossEntropy({ labelSmoothing });
        const plain = valueAndGradients(loss, { studentLogits: student, labels });
        const moved = valueAndGradients(loss, { studentLogits: shifted(student, 9), labels });
        expect(plain.value).toBeGreaterThanOrEqual(0);
        expect(Math.abs(moved.value - plain.value)).toBeLessThan(1e-10);
        const total = Array.from(plain.gradients.studentLogits.data).reduce((sum, g) => sum + g, 0);
        expect(Math.abs(total)).toBeLessThan(1e-10);
      }),
    );
  });

  it('adds up over two halves of a batch when both divide by the whole batch', () => {
    const studentLogits = [
      [1, 2, 0],
      [0, -1, 3],
      [2, 2, 1],
      [0.5, 0, 0],
    ];
    const labels = [0, 2, 1, 1];
    const whole = valueAndGradients(crossEntropy(), { studentLogits, labels });
    const halves = [0, 2].map((from) =>
      valueAndGradients(crossEntropy({ normalizer: 4 }), {
        studentLogits: studentLogits.slice(from, from + 2),
        labels: labels.slice(from, from + 2),
      }),
    );
    expect(halves[0]!.value + halves[1]!.value).toBeCloseTo(whole.value, 12);
    expect(halves.flatMap(({ gradients }) => [...gradients.studentLogits.data])).toEqual(
      Array.from(whole.gradients.studentLogits.data),
    );
  });
});
