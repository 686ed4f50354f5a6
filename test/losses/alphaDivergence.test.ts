import { alphaDivergence, evaluate, klDivergence, valueAndGradients } from 'dark-knowledge';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeDivergence } from '../support/divergenceSuite.ts';
import { describeLoss } from '../support/lossSuite.ts';
import { logitPairs } from './arbitraries.ts';
import { catalogueCases, pocketCase, pocketRow } from './catalogueCases.ts';

describeLoss('alphaDivergence', [
  ...catalogueCases('alphaDivergence', alphaDivergence),
  pocketCase(alphaDivergence(), 0.191965658, [0.263176094, -0.231804735, -0.031371359]),
  ...[-0.7, 0.3, 0.8, 2].map((alpha) => ({
    title: `its gradient is that of its value at α = ${alpha}`,
    loss: alphaDivergence({ alpha, temperature: 2 }),
    inputs: pocketRow,
  })),
  {
    title: 'disjoint support: 1/(α·(1 − α)), the upper bound, with gradient 0',
    loss: alphaDivergence({ alpha: 0.2 }),
    inputs: { studentLogits: [[0, -Infinity, -Infinity]], teacherLogits: [[-Infinity, 0, -Infinity]] },
    value: 1 / (0.2 * 0.8),
    gradients: { studentLogits: [[0, 0, 0]] },
    smooth: false,
  },
  {
    title: 'a class masked by the student alone is infinite for α > 1, with gradient 0',
    loss: alphaDivergence({ alpha: 1.5 }),
    inputs: { studentLogits: [[0, -Infinity]], teacherLogits: [[0, 0]] },
    value: Infinity,
    gradients: { studentLogits: [[0, 0]] },
    smooth: false,
  },
  {
    title: 'a class masked by the teacher alone is infinite for α < 0, with gradient 0',
    loss: alphaDivergence({ alpha: -0.5 }),
    inputs: { studentLogits: [[0, 0]], teacherLogits: [[0, -Infinity]] },
    value: Infinity,
    gradients: { studentLogits: [[0, 0]] },
    smooth: false,
  },
  {
    // p = (1/2, 1/2), q = (1, 0): S = ½^1.5 at α = 1.5 the other way round, S = Σ p^α·q^(1 − α) = 1·(1/2)^(−1/2).
    title: 'the other way round it is finite',
    loss: alphaDivergence({ alpha: 1.5 }),
    inputs: { studentLogits: [[0, 0]], teacherLogits: [[0, -Infinity]] },
    value: (Math.SQRT2 - 1) / 0.75,
    smooth: false,
  },
]);

for (const alpha of [-1, 0.5, 0.9, 3]) {
  describeDivergence(`alphaDivergence at α = ${alpha}`, (options) =>
    alphaDivergence({ alpha, temperature: 8, ...options }),
  );
}

describe('alphaDivergence', () => {
  it('tends to both directions of klDivergence', () => {
    for (const [alpha, direction] of [
      [1 - 1e-6, 'forward'],
      [1e-6, 'reverse'],
    ] as const) {
      const [near, limit] = [alphaDivergence({ alpha }), klDivergence({ direction })].map((loss) =>
        valueAndGradients(loss, pocketRow),
      );
      expect(near!.value).toBeCloseTo(limit!.value, 5);
      limit!.gradients.studentLogits.data.forEach((slope, index) => {
        expect(near!.gradients.studentLogits.data[index]).toBeCloseTo(slope, 5);
      });
    }
  });

  it('is at ½ four times the squared Hellinger distance', () => {
    fc.assert(
      fc.property(logitPairs, ({ student, teacher }) => {
        const roots = (row: number[]): number[] => {
          const most = Math.max(...row);
          const powers = row.map((logit) => Math.exp(logit - most));
          const total = powers.reduce((sum, power) => sum + power, 0);
          return powers.map((power) => Math.sqrt(power / total));
        };
        const distance = student.reduce((sum, row, index) => {
          const [q, p] = [roots(row), roots(teacher[index]!)];
          return sum + q.reduce((squares, root, at) => squares + (root - p[at]!) ** 2, 0);
        }, 0);
        const { value } = evaluate(alphaDivergence({ reduction: 'sum' }), {
          studentLogits: student,
          teacherLogits: teacher,
        });
        expect(value).toBeCloseTo(2 * distance, 9);
      }),
    );
  });

  it('is the same with the sides exchanged at 1 − α', () => {
    const exchanged = { studentLogits: pocketRow.teacherLogits, teacherLogits: pocketRow.studentLogits };
    for (const alpha of [-0.4, 0.3, 0.5, 2.5]) {
      expect(evaluate(alphaDivergence({ alpha: 1 - alpha }), exchanged).value).toBeCloseTo(
        evaluate(alphaDivergence({ alpha }), pocketRow).value,
        12,
      );
    }
  });

  it('keeps its digits near equality: of second order in the difference, at any α', () => {
    const at = (alpha: number, by: number) => {
      const studentLogits = [pocketRow.teacherLogits[0]!.map((logit, index) => logit + by * index * index)];
      return evaluate(alphaDivergence({ alpha }), { ...pocketRow, studentLogits }).value;
    };
    for (const alpha of [-2, 0.2, 0.5, 0.7, 3]) {
      expect(at(alpha, 1e-7) / at(alpha, 1e-6)).toBeCloseTo(1e-2, 7);
      // All of them have the same curvature there.
      expect(at(alpha, 1e-6) / at(0.5, 1e-6)).toBeCloseTo(1, 4);
    }
  });

  it('refuses 0 and 1, and names klDivergence in its direction', () => {
    expect(() => alphaDivergence({ alpha: 1 })).toThrow(
      "alphaDivergence: alpha must be neither 0 nor 1, got 1. In the limit it is klDivergence({ direction: 'forward' }).",
    );
    expect(() => alphaDivergence({ alpha: 0 })).toThrow(/direction: 'reverse'/);
    expect(() => alphaDivergence({ alpha: Number.NaN })).toThrow(RangeError);
  });
});
