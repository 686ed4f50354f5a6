import { adaptiveKlDivergence, evaluate, klDivergence, valueAndGradients } from 'dark-knowledge';
import { describe, expect, it } from 'vitest';
import { describeDivergence } from '../support/divergenceSuite.ts';
import { describeLoss } from '../support/lossSuite.ts';
import { catalogueCases, pocketCase, pocketRow } from './catalogueCases.ts';

const log = (probabilities: number[]): number[][] => [probabilities.map(Math.log)];

describeLoss(
  'adaptiveKlDivergence',
  // The mixture's weight counts as a number: the gradient is not that of the value.
  [
    ...catalogueCases('adaptiveKlDivergence', adaptiveKlDivergence),
    pocketCase(adaptiveKlDivergence(), 0.208556796),
    {
      title: 'a vocabulary whose head is summed in blocks',
      loss: adaptiveKlDivergence({ temperature: 0.7 }),
      inputs: {
        studentLogits: [0, 1].map((row) => Array.from({ length: 300 }, (_, index) => Math.sin(index * 1.7 + row))),
        teacherLogits: [0, 1].map((row) => Array.from({ length: 300 }, (_, index) => Math.cos(index * 2.3 - row))),
      },
    },
    {
      title: 'a class ruled out by the student, outside of which the sides are equal',
      loss: adaptiveKlDivergence(),
      inputs: { studentLogits: [[0, 0, -Infinity]], teacherLogits: [[0, 0, -30]] },
      value: Infinity,
      smooth: false,
    },
  ].map((test) => ({ ...test, smooth: false })),
);

// Which classes are the head changes by a jump, where a shift rounds their order away.
describeDivergence('adaptiveKlDivergence', adaptiveKlDivergence, { grain: 2 ** -20 });

/** The share of the forward divergence in the value. */
function share(inputs: { studentLogits: number[][]; teacherLogits: number[][] }, mu?: number): number {
  const [mixed, forward, reverse] = [
    adaptiveKlDivergence(mu === undefined ? {} : { mu }),
    klDivergence(),
    klDivergence({ direction: 'reverse' }),
  ].map((loss) => evaluate(loss, inputs).value);
  return (mixed! - reverse!) / (forward! - reverse!);
}

describe('adaptiveKlDivergence', () => {
  it('has the class at which μ is reached in the head', () => {
    // Gaps .15 and .05 in the head, .05 and .15 in the tail; without the second class the head's share would be .375.
    const inputs = { studentLogits: [[0, 0, 0, 0]], teacherLogits: log([0.4, 0.3, 0.2, 0.1]) };
    expect(share(inputs)).toBeCloseTo(0.5, 10);
    expect(share(inputs, 0.3)).toBeCloseTo(0.375, 10);
  });

  it('takes the first of equally likely classes first', () => {
    // The head is one of two classes of probability .4: gaps .3 and .1.
    const inputs = { studentLogits: log([0.1, 0.3, 0.6]), teacherLogits: log([0.4, 0.4, 0.2]) };
    expect(share(inputs, 0.3)).toBeCloseTo(0.3 / 0.8, 10);
    const other = { studentLogits: log([0.3, 0.1, 0.6]), teacherLogits: log([0.4, 0.4, 0.2]) };
    expect(share(other, 0.3)).toBeCloseTo(0.1 / 0.8, 10);
  });

  it('mixes the two gradients as the two values', () => {
    const options = { temperature: 2 } as const;
    const [mixed, forward, reverse] = [
      adaptiveKlDivergence(options),
      klDivergence(options),
      klDivergence({ ...options, direction: 'reverse' }),
    ].map((loss) => valueAndGradients(loss, pocketRow));
    const a = (mixed!.value - reverse!.value) / (forward!.value - reverse!.value);
    mixed!.gradients.studentLogits.data.forEach((slope, index) => {
      const [one, other] = [forward, reverse].map((part) => part!.gradients.studentLogits.data[index]!);
      expect(slope).toBeCloseTo(a * one! + (1 - a) * other!, 10);
    });
  });
});
