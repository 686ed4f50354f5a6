import { evaluate, klDivergence, softCrossEntropy, valueAndGradients } from 'dark-knowledge';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeLoss } from '../support/lossSuite.ts';
import { logitPairs, shifted } from './arbitraries.ts';
import { fixtureCases, publicRows } from './fixtureCases.ts';

describeLoss('softCrossEntropy', [
  ...fixtureCases('softCrossEntropy', softCrossEntropy),
  {
    // The test of torchtune expects 1.7209 under the name of a KL divergence.
    title: "torchtune's eight rows",
    loss: softCrossEntropy(),
    inputs: publicRows,
    value: 1.7209,
    tolerance: 5e-5,
  },
  {
    title: 'opposite logits of ±1e4',
    loss: softCrossEntropy(),
    inputs: { studentLogits: [[1e4, -1e4]], teacherLogits: [[-1e4, 1e4]] },
    value: 2e4,
    gradients: { studentLogits: [[1, -1]] },
    smooth: false,
  },
  {
    // p = (1/2, 1/2, 0), q = (1/4, 3/4, 0).
    title: 'a class at −Infinity on both sides counts 0',
    loss: softCrossEntropy(),
    inputs: { studentLogits: [[0, Math.log(3), -Infinity]], teacherLogits: [[0, 0, -Infinity]] },
    value: -0.5 * Math.log(1 / 4) - 0.5 * Math.log(3 / 4),
    gradients: { studentLogits: [[-0.25, 0.25, 0]] },
    smooth: false,
  },
  {
    title: 'a class at −Infinity in the student only is infinitely wrong, with a finite gradient',
    loss: softCrossEntropy(),
    inputs: { studentLogits: [[0, -Infinity]], teacherLogits: [[0, 0]] },
    value: Infinity,
    gradients: { studentLogits: [[0.5, -0.5]] },
    smooth: false,
  },
  {
    title: 'a batch without a row that counts, of NaN',
    loss: softCrossEntropy(),
    inputs: { studentLogits: [[Number.NaN, 0]], teacherLogits: [[0, Number.NaN]], rowWeights: [0] },
    value: 0,
    gradients: { studentLogits: [[0, 0]] },
    smooth: false,
  },
]);

describe('softCrossEntropy', () => {
  it("has KL's gradient, and KL's value plus T² times the teacher's entropy", () => {
    fc.assert(
      fc.property(logitPairs, fc.constantFrom(0.5, 1, 4), ({ student, teacher }, temperature) => {
        const inputs = { studentLogits: student, teacherLogits: teacher };
        const soft = valueAndGradients(softCrossEntropy({ temperature }), inputs);
        const kl = valueAndGradients(klDivergence({ temperature }), inputs);
        soft.gradients.studentLogits.data.forEach((gradient, index) => {
          expect(Math.abs(gradient - kl.gradients.studentLogits.data[index]!)).toBeLessThan(1e-12);
        });
        const matched = { studentLogits: shifted(teacher, 1), teacherLogits: teacher };
        const entropy = evaluate(softCrossEntropy({ temperature }), matched).value;
        expect(Math.abs(soft.value - kl.value - entropy)).toBeLessThan(1e-9);
      }),
    );
  });
});
