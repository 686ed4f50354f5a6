import { evaluate, klDivergence, standardizedKlDivergence, valueAndGradients } from 'dark-knowledge';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeDivergence } from '../support/divergenceSuite.ts';
import { describeLoss } from '../support/lossSuite.ts';
import { logitPairs } from './arbitraries.ts';
import { catalogueCases, pocketCase, pocketRow } from './catalogueCases.ts';

describeLoss('standardizedKlDivergence', [
  ...catalogueCases('standardizedKlDivergence', standardizedKlDivergence),
  pocketCase(standardizedKlDivergence(), 0.163620758, [0.218899845, -0.109449923, -0.109449923]),
  {
    title: 'a constant row on both sides, whose mean is no number of the machine',
    loss: standardizedKlDivergence(),
    inputs: { studentLogits: [[0.1, 0.1, 0.1]], teacherLogits: [[0.7, 0.7, 0.7]] },
    value: 0,
    gradients: { studentLogits: [[0, 0, 0]] },
    smooth: false,
  },
  {
    // Over the first three classes as in the row by hand; the student gives the fourth, which the teacher rules out, its share.
    title: 'a class that the teacher alone masks takes no part in the statistics, and pulls the student down',
    loss: standardizedKlDivergence(),
    inputs: { studentLogits: [[1, 2, 0, 1]], teacherLogits: [[0, 3, 1, -Infinity]] },
    // z_s = (0, 1, −1, 0): Σ e^{z/2} grows from 1 + e^½ + e^−½ by 1.
    value: 0.163620758 + 4 * Math.log((2 + Math.exp(0.5) + Math.exp(-0.5)) / (1 + Math.exp(0.5) + Math.exp(-0.5))),
    tolerance: 1e-8,
    smooth: false,
  },
  {
    title: 'a class that the student alone masks is infinitely wrong',
    loss: standardizedKlDivergence(),
    inputs: { studentLogits: [[1, 2, 0, -Infinity]], teacherLogits: [[0, 3, 1, 1]] },
    value: Infinity,
    smooth: false,
  },
  {
    title: 'logits whose squares float32 does not hold',
    loss: standardizedKlDivergence(),
    inputs: { studentLogits: [[1e30, 2e30, 0]], teacherLogits: [[0, 3e-30, 1e-30]] },
    value: 0.163620758,
    tolerance: 1e-8,
    smooth: false,
  },
]);

describeDivergence('standardizedKlDivergence', standardizedKlDivergence, { grain: 2 ** -8 });

describe('standardizedKlDivergence', () => {
  it('does not change where the student’s logits are shifted or multiplied: its gradient is orthogonal to both', () => {
    fc.assert(
      fc.property(logitPairs, ({ student, teacher }) => {
        const inputs = { studentLogits: student, teacherLogits: teacher };
        const { value, gradients } = valueAndGradients(standardizedKlDivergence(), inputs);
        const moved = student.map((row) => row.map((logit) => 8 * logit + 16));
        // Rows that are all but constant have no digits to keep under a shift.
        if (student.some((row) => Math.max(...row) - Math.min(...row) < 1e-3)) return;
        const again = evaluate(standardizedKlDivergence(), { ...inputs, studentLogits: moved }).value;
        expect(Math.abs(again - value)).toBeLessThan(1e-9 * Math.max(1, value));
        const along = student
          .flat()
          .reduce((sum, logit, index) => sum + logit * gradients.studentLogits.data[index]!, 0);
        expect(Math.abs(along)).toBeLessThan(1e-9);
      }),
    );
  });

  it('has the gradient of its value where the teacher alone masks a class', () => {
    const teacherLogits = [[0, 3, 1, -Infinity]];
    const at = (logits: number[]) =>
      evaluate(standardizedKlDivergence(), { studentLogits: [logits], teacherLogits }).value;
    const origin = [1, 2, 0.5, 1.5];
    const { gradients } = valueAndGradients(standardizedKlDivergence(), { studentLogits: [origin], teacherLogits });
    origin.forEach((_, index) => {
      const moved = (by: number): number[] => origin.map((logit, place) => (place === index ? logit + by : logit));
      const numerical = (at(moved(1e-5)) - at(moved(-1e-5))) / 2e-5;
      expect(gradients.studentLogits.data[index]).toBeCloseTo(numerical, 8);
    });
  });

  it('has a finite gradient where the student alone masks a class: that of the other scores', () => {
    const { value, gradients } = valueAndGradients(standardizedKlDivergence({ temperature: 1 }), {
      studentLogits: [[1, 3, -Infinity]],
      teacherLogits: [[3, 1, 2]],
    });
    expect(value).toBe(Infinity);
    // Two classes count on both sides: z = ∓1/√2 and ±1/√2, the deviation is √2, and the teacher's third score is 0.
    const z = Math.SQRT1_2;
    const weights = [Math.exp(-z), Math.exp(z)] as const;
    const q = weights.map((weight) => weight / (weights[0] + weights[1]));
    const p = [weights[1], weights[0], 1].map((weight) => weight / (weights[0] + weights[1] + 1));
    const slopes = [q[0]! - p[0]!, q[1]! - p[1]!, -p[2]!];
    const mean = (slopes[0]! + slopes[1]! + slopes[2]!) / 2;
    const along = z * (slopes[1]! - slopes[0]!);
    const expected = [slopes[0]! - mean + z * along, slopes[1]! - mean - z * along, slopes[2]!];
    gradients.studentLogits.data.forEach((slope, at) => {
      expect(slope).toBeCloseTo(expected[at]! / Math.SQRT2, 12);
    });
  });

  it('keeps T², which a peer drops where it gets no labels', () => {
    const scores = (row: number[]): number[] => {
      const mean = row.reduce((sum, value) => sum + value, 0) / row.length;
      const deviation = Math.sqrt(row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (row.length - 1));
      return row.map((value) => (value - mean) / deviation);
    };
    const [studentLogits, teacherLogits] = [pocketRow.studentLogits, pocketRow.teacherLogits].map((rows) =>
      rows.map(scores),
    );
    const plain = evaluate(klDivergence({ temperature: 2 }), {
      studentLogits: studentLogits!,
      teacherLogits: teacherLogits!,
    });
    expect(evaluate(standardizedKlDivergence(), pocketRow).value).toBeCloseTo(plain.value, 12);
  });
});
