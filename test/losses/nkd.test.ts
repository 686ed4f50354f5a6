import { evaluate, nkd, valueAndGradients } from 'dark-knowledge';
import { describe, expect, it } from 'vitest';
import { describeLoss } from '../support/lossSuite.ts';
import { catalogueCases, pocketCase, pocketRow } from './catalogueCases.ts';

const pocket = { ...pocketRow, labels: [1] };

describeLoss('nkd', [
  ...catalogueCases('nkd', nkd),
  pocketCase(nkd(), 1.910416166, [0.899676331, -0.282467919, -0.617208412], pocket),
  {
    // p_y = 1/2 and q_y = 1/4: ½·log 4.
    title: 'two classes: the label alone',
    loss: nkd({ temperature: 3 }),
    inputs: { studentLogits: [[0, Math.log(3)]], teacherLogits: [[0, 0]], labels: [0] },
    value: 0.5 * Math.log(4),
    gradients: { studentLogits: [[-0.375, 0.375]] },
  },
  {
    title: 'a class that both sides mask is not there',
    loss: nkd(),
    inputs: { studentLogits: [[1, 2, 0, -Infinity]], teacherLogits: [[0, 3, 1, -Infinity]], labels: [1] },
    value: 1.910416166,
    gradients: { studentLogits: [[0.899676331, -0.282467919, -0.617208412, 0]] },
    tolerance: 1e-9,
    smooth: false,
  },
  {
    title: 'a teacher without a class beside the label has nothing to say of the others',
    loss: nkd(),
    inputs: { studentLogits: [[Math.log(3), 0, 0]], teacherLogits: [[0, -Infinity, -Infinity]], labels: [0] },
    value: Math.log(5 / 3),
    gradients: { studentLogits: [[-0.4, 0.2, 0.2]] },
    smooth: false,
  },
  {
    title: 'a label that the teacher rules out counts 0, however wrong the student',
    loss: nkd({ gamma: 0 }),
    inputs: { studentLogits: [[-Infinity, 1, 0]], teacherLogits: [[-Infinity, 0, 0]], labels: [0] },
    value: 0,
    gradients: { studentLogits: [[0, 0, 0]] },
    smooth: false,
  },
]);

describe('nkd', () => {
  it('shows a NaN at the label beside a teacher that gives it no probability, where an infinity counts 0', () => {
    const teacherLogits = [[-1e30, 0]];
    expect(evaluate(nkd(), { studentLogits: [[Number.NaN, 0]], teacherLogits, labels: [0] }).value).toBeNaN();
    expect(evaluate(nkd(), { studentLogits: [[-Infinity, 0]], teacherLogits, labels: [0] }).value).toBe(0);
  });

  it('is a cross-entropy: above 0 between equal sides, where the second part alone has gradient 0', () => {
    const same = { studentLogits: [[0, 3, 1]], teacherLogits: [[0, 3, 1]], labels: [1] };
    const { value, gradients } = valueAndGradients(nkd({ temperature: 2 }), same);
    const labelAlone = valueAndGradients(nkd({ gamma: 0 }), same);
    expect(value).toBeGreaterThan(labelAlone.value + 1);
    gradients.studentLogits.data.forEach((slope, index) => {
      expect(slope).toBeCloseTo(labelAlone.gradients.studentLogits.data[index]!, 12);
    });
    expect(labelAlone.gradients.studentLogits.data[1]).toBeLessThan(-0.01);
  });

  it('does not see a row whose label is ignored, whatever it holds', () => {
    const { value, gradients } = valueAndGradients(nkd(), {
      studentLogits: [
        [1, 2, 0],
        [Number.NaN, 1, 1],
      ],
      teacherLogits: [
        [0, 3, 1],
        [1, -Infinity, 1],
      ],
      labels: [1, -100],
    });
    expect(value).toBeCloseTo(evaluate(nkd(), pocket).value, 12);
    expect(Array.from(gradients.studentLogits.data.slice(3))).toEqual([0, 0, 0]);
  });

  it('refuses a single class', () => {
    expect(() => evaluate(nkd(), { studentLogits: [[1]], teacherLogits: [[1]], labels: [0] })).toThrow(
      'nkd: studentLogits must be of at least 2 classes, got 1.',
    );
  });
});
