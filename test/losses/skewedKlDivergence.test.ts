import { evaluate, jensenShannon, klDivergence, skewedKlDivergence, valueAndGradients } from 'dark-knowledge';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeDivergence } from '../support/divergenceSuite.ts';
import { describeLoss } from '../support/lossSuite.ts';
import { logitPairs } from './arbitraries.ts';
import { catalogueCases, pocketCase, pocketRow } from './catalogueCases.ts';

const directions = ['forward', 'reverse'] as const;

describeLoss('skewedKlDivergence', [
  ...catalogueCases('skewedKlDivergence', skewedKlDivergence),
  pocketCase(skewedKlDivergence(), 0.131998412, [0.17435214, -0.153568855, -0.020783285]),
  pocketCase(skewedKlDivergence({ direction: 'reverse' }), 0.171485975, [0.235196476, -0.207160369, -0.028036107]),
  ...directions.map((direction) => ({
    title: `disjoint support: −log λ, the upper bound, ${direction}`,
    loss: skewedKlDivergence({ direction, skew: 0.25 }),
    inputs: { studentLogits: [[0, -Infinity, -Infinity]], teacherLogits: [[-Infinity, 0, -Infinity]] },
    value: Math.log(4),
    gradients: { studentLogits: [[0, 0, 0]] },
    smooth: false,
  })),
  {
    // m = λ·p + (1 − λ)·q with q = (1, 0), p = (½, ½), λ = ½: m = (¾, ¼).
    title: 'a class at −Infinity in the student only is finite',
    loss: skewedKlDivergence({ skew: 0.5 }),
    inputs: { studentLogits: [[0, -Infinity]], teacherLogits: [[0, 0]] },
    value: 0.5 * Math.log(2 / 3) + 0.5 * Math.log(2),
    gradients: { studentLogits: [[0, 0]] },
    smooth: false,
  },
]);

for (const direction of directions) {
  describeDivergence(`skewedKlDivergence, ${direction}`, (options) => skewedKlDivergence({ direction, ...options }));
}

describe('skewedKlDivergence', () => {
  it('adds up to the Jensen–Shannon divergence at the same mixture, in value and gradient', () => {
    fc.assert(
      fc.property(logitPairs, fc.double({ min: 0.05, max: 0.95, noNaN: true }), ({ student, teacher }, beta) => {
        const inputs = { studentLogits: student, teacherLogits: teacher };
        const whole = valueAndGradients(jensenShannon({ beta, temperature: 2 }), inputs);
        const forward = valueAndGradients(skewedKlDivergence({ skew: beta, temperature: 2 }), inputs);
        const options = { direction: 'reverse', skew: 1 - beta, temperature: 2 } as const;
        const reverse = valueAndGradients(skewedKlDivergence(options), inputs);
        expect(beta * forward.value + (1 - beta) * reverse.value).toBeCloseTo(whole.value, 9);
        whole.gradients.studentLogits.data.forEach((slope, index) => {
          const [one, other] = [forward, reverse].map(({ gradients }) => gradients.studentLogits.data[index]!);
          expect(beta * one! + (1 - beta) * other!).toBeCloseTo(slope, 9);
        });
      }),
    );
  });

  it('lies between 0 and −log λ, and tends to klDivergence with λ', () => {
    fc.assert(
      fc.property(logitPairs, fc.constantFrom(...directions), ({ student, teacher }, direction) => {
        const inputs = { studentLogits: student, teacherLogits: teacher };
        expect(evaluate(skewedKlDivergence({ direction, skew: 0.1 }), inputs).value).toBeLessThanOrEqual(
          Math.log(10) + 1e-12,
        );
      }),
    );
    for (const direction of directions) {
      expect(evaluate(skewedKlDivergence({ direction, skew: 1e-8 }), pocketRow).value).toBeCloseTo(
        evaluate(klDivergence({ direction }), pocketRow).value,
        6,
      );
    }
  });

  it('names klDivergence in the error for a skew of 0', () => {
    for (const skew of [0, 1, -1, Number.NaN]) {
      expect(() => skewedKlDivergence({ skew })).toThrow(
        /^skewedKlDivergence: skew must be strictly between 0 and 1, got .*klDivergence/,
      );
    }
  });
});
