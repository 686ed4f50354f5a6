import { evaluate, negativeLogAcceptance, totalVariation } from 'dark-knowledge';
import { describe, expect, it } from 'vitest';
import { describeDivergence } from '../support/divergenceSuite.ts';
import { describeLoss } from '../support/lossSuite.ts';
import { catalogueCases, pocketCase, pocketRow } from './catalogueCases.ts';

describeLoss('totalVariation', [
  ...catalogueCases('totalVariation', totalVariation),
  pocketCase(totalVariation(), 0.202718405, [0.184836447, -0.162803402, -0.022033045]),
  {
    // p = (1/4, 3/4), q = (3/4, 1/4) at T = 2: gradient q·(g − Σ q·g)/2 with g = (½, −½).
    title: 'a temperature softens both sides, without T²',
    loss: totalVariation({ temperature: 2 }),
    inputs: { studentLogits: [[2 * Math.log(3), 0]], teacherLogits: [[0, 2 * Math.log(3)]] },
    value: 0.5,
    gradients: { studentLogits: [[0.09375, -0.09375]] },
  },
  {
    title: 'T² where it is asked for',
    loss: totalVariation({ temperature: 2, scaleByTemperatureSquared: true }),
    inputs: { studentLogits: [[2 * Math.log(3), 0]], teacherLogits: [[0, 2 * Math.log(3)]] },
    value: 2,
    gradients: { studentLogits: [[0.375, -0.375]] },
  },
  {
    title: 'disjoint support: distance 1',
    loss: totalVariation(),
    inputs: { studentLogits: [[0, -Infinity]], teacherLogits: [[-Infinity, 0]] },
    value: 1,
    gradients: { studentLogits: [[0, 0]] },
    smooth: false,
  },
]);

// Between equal sides that were shifted, q and p round apart: the gradient there is one of both signs.
describeDivergence('totalVariation', totalVariation, { shiftInvariant: false });

describe('totalVariation', () => {
  it('is 1 less the overlap whose logarithm negativeLogAcceptance is', () => {
    const overlap = Math.exp(-evaluate(negativeLogAcceptance(), pocketRow).value);
    expect(evaluate(totalVariation(), pocketRow).value).toBeCloseTo(1 - overlap, 12);
  });
});
