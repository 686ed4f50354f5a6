import { evaluate, klDivergence, logitMse, valueAndGradients } from 'dark-knowledge';
import { describe, expect, it } from 'vitest';
import { describeDivergence } from '../support/divergenceSuite.ts';
import { describeLoss } from '../support/lossSuite.ts';
import { catalogueCases, pocketCase, pocketRow } from './catalogueCases.ts';

describeLoss('logitMse', [
  ...catalogueCases('logitMse', logitMse),
  pocketCase(logitMse(), 1, [2 / 3, -2 / 3, -2 / 3]),
  // Differences (1, −1, −1) less their mean −1/3.
  pocketCase(logitMse({ center: true }), 8 / 9, [8 / 9, -4 / 9, -4 / 9]),
  ...[false, true].map((center) => ({
    title: `classes that a side masks do not count, center ${center}`,
    loss: logitMse({ center }),
    inputs: {
      studentLogits: [[1, -Infinity, 2, 5]],
      teacherLogits: [[0, -Infinity, 4, -Infinity]],
    },
    // Differences (1, −2), centred (1.5, −1.5), over two classes.
    value: center ? 2.25 : 2.5,
    gradients: { studentLogits: [center ? [1.5, 0, -1.5, 0] : [1, 0, -2, 0]] },
    smooth: false,
  })),
  {
    title: 'a class masked by the student only is infinitely wrong; the others keep their gradient',
    loss: logitMse(),
    inputs: { studentLogits: [[1, -Infinity]], teacherLogits: [[0, 0]] },
    value: Infinity,
    gradients: { studentLogits: [[2, 0]] },
    smooth: false,
  },
  {
    title: 'a row that is masked throughout counts 0',
    loss: logitMse({ reduction: 'none' }),
    inputs: {
      studentLogits: [
        [-Infinity, -Infinity],
        [1, 1],
      ],
      teacherLogits: [
        [-Infinity, -Infinity],
        [0, 1],
      ],
    },
    value: [0, 0.5],
    gradients: {
      studentLogits: [
        [0, 0],
        [1, 0],
      ],
    },
    smooth: false,
  },
]);

describeDivergence('logitMse', logitMse, { shiftInvariant: false });
describeDivergence('logitMse centred', (options) => logitMse({ center: true, ...options }), { rounding: 1e-9 });

describe('logitMse', () => {
  it('is, centred, twice the limit of the divergence scaled by T² as T grows', () => {
    const [divergence, limit] = [klDivergence({ temperature: 1e4 }), logitMse({ center: true })].map((loss) =>
      valueAndGradients(loss, pocketRow),
    );
    expect(2 * divergence!.value).toBeCloseTo(limit!.value, 3);
    limit!.gradients.studentLogits.data.forEach((slope, index) => {
      expect(2 * divergence!.gradients.studentLogits.data[index]!).toBeCloseTo(slope, 3);
    });
  });

  it('divides by the classes of a row, not by the rows alone', () => {
    const wide = { studentLogits: [Array(100).fill(1)], teacherLogits: [Array(100).fill(0)] };
    expect(evaluate(logitMse(), wide).value).toBeCloseTo(1, 12);
  });

  it('refuses a temperature that is no positive number, and an option it does not have', () => {
    expect(() => logitMse({ temperature: 0 })).toThrow(
      'logitMse: temperature must be a finite number greater than 0, got 0.',
    );
    // @ts-expect-error not an option
    expect(() => logitMse({ centre: true })).toThrow(/Did you mean 'center'\?$/);
  });
});
