import { acceptanceHybrid, klDivergence, totalVariation, valueAndGradients } from 'dark-knowledge';
import { describe, expect, it } from 'vitest';
import { describeDivergence } from '../support/divergenceSuite.ts';
import { describeLoss } from '../support/lossSuite.ts';
import { catalogueCases, pocketCase, pocketRow } from './catalogueCases.ts';

describeLoss(
  'acceptanceHybrid',
  // The weight counts as a number: the gradient is not that of the value.
  [...catalogueCases('acceptanceHybrid', acceptanceHybrid), pocketCase(acceptanceHybrid({ eta: 3 }), 0.198238784)].map(
    (test) => ({ ...test, smooth: false }),
  ),
);

describeDivergence('acceptanceHybrid', acceptanceHybrid, { shiftInvariant: false });

describe('acceptanceHybrid', () => {
  it('mixes value and gradient of the divergence and the distance by one weight', () => {
    const [eta, temperature] = [2, 1.5];
    const hybrid = valueAndGradients(acceptanceHybrid({ eta, temperature }), pocketRow);
    const divergence = valueAndGradients(klDivergence({ temperature, scaleByTemperatureSquared: false }), pocketRow);
    const distance = valueAndGradients(totalVariation({ temperature }), pocketRow);
    const weight = Math.exp(-eta * (1 - distance.value));
    expect(hybrid.value).toBeCloseTo(weight * divergence.value + (1 - weight) * distance.value, 12);
    hybrid.gradients.studentLogits.data.forEach((slope, index) => {
      const [ofDivergence, ofDistance] = [divergence, distance].map(
        (part) => part.gradients.studentLogits.data[index]!,
      );
      expect(slope).toBeCloseTo(weight * ofDivergence! + (1 - weight) * ofDistance!, 12);
    });
  });

  it('is the divergence where the two do not overlap: its gradient is of full size where the distance has none', () => {
    const apart = { studentLogits: [[100, -100]], teacherLogits: [[-100, 100]] };
    const { value, gradients } = valueAndGradients(acceptanceHybrid(), apart);
    expect(value).toBeCloseTo(200, 9);
    expect(gradients.studentLogits.data[0]).toBeCloseTo(1, 12);
    expect(valueAndGradients(totalVariation(), apart).gradients.studentLogits.data[0]).toBeCloseTo(0, 12);
  });
});
