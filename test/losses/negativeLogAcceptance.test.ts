import { negativeLogAcceptance, tensor, valueAndGradients } from 'dark-knowledge';
import { describe, expect, it } from 'vitest';
import { describeDivergence } from '../support/divergenceSuite.ts';
import { describeLoss } from '../support/lossSuite.ts';
import { catalogueCases, pocketCase } from './catalogueCases.ts';

describeLoss('negativeLogAcceptance', [
  ...catalogueCases('negativeLogAcceptance', negativeLogAcceptance, {
    // In the first row nearly all of the overlap is class 4, whose log-probabilities are −695 and, the smaller one, the
    // student's −850; the student is certain of class 5. In the other two rows it is class 3 and class 4.
    'logits of size 1000': {
      gradients: {
        studentLogits: [
          [0, 0, 0, 0, -1 / 3, 1 / 3],
          [0, 0, 0, 0, 0, 0],
          [0, 0, 0, 0, 0, 0],
        ],
      },
    },
  }),
  pocketCase(negativeLogAcceptance(), 0.226547344, [0.231833329, -0.204198119, -0.02763521]),
  {
    // α = ½ at T = 2, as in totalVariation's case; the student's smaller share is that of class 1.
    title: 'a temperature softens both sides',
    loss: negativeLogAcceptance({ temperature: 2 }),
    inputs: { studentLogits: [[2 * Math.log(3), 0]], teacherLogits: [[0, 2 * Math.log(3)]] },
    value: Math.log(2),
    gradients: { studentLogits: [[0.1875, -0.1875]] },
  },
  {
    title: 'no overlap at all: infinite, with gradient 0',
    loss: negativeLogAcceptance(),
    inputs: { studentLogits: [[0, -Infinity]], teacherLogits: [[-Infinity, 0]] },
    value: Infinity,
    gradients: { studentLogits: [[0, 0]] },
    smooth: false,
  },
]);

describeDivergence('negativeLogAcceptance', negativeLogAcceptance, { shiftInvariant: false });

describe('negativeLogAcceptance', () => {
  it('trains where the overlap is less than float32 holds, which a floor inside the logarithm does not', () => {
    const single = (data: number[]) => tensor(Float32Array.from(data), [1, 2]);
    const { value, gradients } = valueAndGradients(negativeLogAcceptance(), {
      studentLogits: single([0, -200]),
      teacherLogits: single([-200, 0]),
    });
    expect(value).toBeCloseTo(200 - Math.log(2), 4);
    expect(gradients.studentLogits.data[0]).toBeCloseTo(0.5, 5);
  });
});
