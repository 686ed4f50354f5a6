import { klDivergence, valueAndGradients } from 'dark-knowledge';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeLoss } from '../support/lossSuite.ts';
import { logitPairs, shifted } from './arbitraries.ts';
import { fixtureCases, publicRows } from './fixtureCases.ts';

describeLoss('klDivergence', [
  ...fixtureCases('klDivergence', klDivergence),
  // Reference values to six figures, by the definition in float64.
  ...(
    [
      ['forward', 1, 0.629286],
      ['reverse', 1, 0.677491],
      ['forward', 2, 0.779202],
      ['forward', 4, 0.825715],
    ] as const
  ).map(([direction, temperature, value]) => ({
    title: `torchtune's eight rows, ${direction} at T = ${temperature}`,
    loss: klDivergence({ direction, temperature }),
    inputs: publicRows,
    value,
    tolerance: 1e-6,
  })),
  {
    title: 'one row as a vector of logits',
    loss: klDivergence(),
    // p = (1/2, 1/2), q = (1/4, 3/4): ½·ln 2 + ½·ln(2/3).
    inputs: { studentLogits: [0, Math.log(3)], teacherLogits: [0, 0] },
    value: 0.5 * Math.log(2) + 0.5 * Math.log(2 / 3),
    gradients: { studentLogits: [-0.25, 0.25] },
  },
  {
    title: 'opposite logits of ±1e4: log q is −2e4 where p is 1',
    loss: klDivergence(),
    inputs: { studentLogits: [[1e4, -1e4]], teacherLogits: [[-1e4, 1e4]] },
    value: 2e4,
    gradients: { studentLogits: [[1, -1]] },
    smooth: false,
  },
  {
    title: 'opposite logits of ±1e4, reverse: the gradient vanishes where q is certain',
    loss: klDivergence({ direction: 'reverse' }),
    inputs: { studentLogits: [[1e4, -1e4]], teacherLogits: [[-1e4, 1e4]] },
    value: 2e4,
    gradients: { studentLogits: [[0, 0]] },
    smooth: false,
  },
  ...(['forward', 'reverse'] as const).map((direction) => ({
    title: `a class at −Infinity on both sides counts 0, ${direction}`,
    loss: klDivergence({ direction }),
    inputs: { studentLogits: [[0, Math.log(3), -Infinity]], teacherLogits: [[0, 0, -Infinity]] },
    value:
      direction === 'forward' ? 0.5 * Math.log(2) + 0.5 * Math.log(2 / 3) : 0.25 * Math.log(0.5) + 0.75 * Math.log(1.5),
    smooth: false,
  })),
  {
    title: 'a class at −Infinity in the student only is infinitely wrong, with a finite gradient',
    loss: klDivergence(),
    inputs: { studentLogits: [[0, -Infinity]], teacherLogits: [[0, 0]] },
    value: Infinity,
    gradients: { studentLogits: [[0.5, -0.5]] },
    smooth: false,
  },
  {
    title: 'a class at −Infinity in the student only counts 0 in the reverse direction',
    loss: klDivergence({ direction: 'reverse' }),
    inputs: { studentLogits: [[0, -Infinity]], teacherLogits: [[0, 0]] },
    value: Math.log(2),
    gradients: { studentLogits: [[0, 0]] },
    smooth: false,
  },
  {
    title: 'a masked row may hold NaN and infinities',
    loss: klDivergence(),
    inputs: {
      studentLogits: [
        [Number.NaN, 0],
        [0, Math.log(3)],
        [-Infinity, 0],
      ],
      teacherLogits: [
        [1, Infinity],
        [0, 0],
        [0, 0],
      ],
      rowWeights: [0, 1, 0],
    },
    value: 0.5 * Math.log(2) + 0.5 * Math.log(2 / 3),
    gradients: {
      studentLogits: [
        [0, 0],
        [-0.25, 0.25],
        [0, 0],
      ],
    },
    smooth: false,
  },
  ...(['mean', 'sum', 'none'] as const).map((reduction) => ({
    title: `a batch without a row that counts, ${reduction}`,
    loss: klDivergence({ reduction, ignoreIndex: -1 }),
    inputs: { studentLogits: [[Number.NaN, 0]], teacherLogits: [[0, -Infinity]], labels: [-1] },
    value: reduction === 'none' ? [0] : 0,
    gradients: { studentLogits: [[0, 0]] },
    smooth: false,
  })),
]);

describe('klDivergence', () => {
  it('is 0 between equal predictions, with gradient 0, in both directions', () => {
    fc.assert(
      fc.property(logitPairs, fc.constantFrom('forward' as const, 'reverse' as const), ({ student }, direction) => {
        const { value, gradients } = valueAndGradients(klDivergence({ direction }), {
          studentLogits: student,
          teacherLogits: shifted(student, 3),
        });
        expect(Math.abs(value)).toBeLessThan(1e-12);
        for (const gradient of gradients.studentLogits.data) expect(Math.abs(gradient)).toBeLessThan(1e-12);
      }),
    );
  });

  it('is never negative, does not change when logits are shifted, and has a gradient that sums to 0 in each row', () => {
    fc.assert(
      fc.property(
        logitPairs,
        fc.constantFrom('forward' as const, 'reverse' as const),
        ({ student, teacher }, direction) => {
          const loss = klDivergence({ direction, temperature: 2 });
          const plain = valueAndGradients(loss, { studentLogits: student, teacherLogits: teacher });
          const moved = valueAndGradients(loss, {
            studentLogits: shifted(student, -5),
            teacherLogits: shifted(teacher, 7),
          });
          expect(plain.value).toBeGreaterThanOrEqual(-1e-12);
          expect(moved.value).toBeCloseTo(plain.value, 9);
          const classes = student[0]!.length;
          for (let row = 0; row < student.length; row++) {
            const part = plain.gradients.studentLogits.data.subarray(row * classes, (row + 1) * classes);
            expect(Math.abs(Array.from(part).reduce((sum, g) => sum + g, 0))).toBeLessThan(1e-10);
          }
        },
      ),
    );
  });

  it('tends to half the mean square of centred logit differences over the classes as T grows', () => {
    const studentLogits = [[1, -2, 0.5, 3]];
    const teacherLogits = [[0, 1, -1, 2.5]];
    const differences = studentLogits[0]!.map((s, index) => s - teacherLogits[0]![index]!);
    const mean = differences.reduce((sum, d) => sum + d, 0) / 4;
    const limit = differences.reduce((sum, d) => sum + (d - mean) ** 2, 0) / 8;
    for (const direction of ['forward', 'reverse'] as const) {
      const { value, gradients } = valueAndGradients(klDivergence({ direction, temperature: 1e4 }), {
        studentLogits,
        teacherLogits,
      });
      expect(value).toBeCloseTo(limit, 3);
      differences.forEach((difference, index) => {
        expect(gradients.studentLogits.data[index]).toBeCloseTo((difference - mean) / 4, 3);
      });
    }
  });

  it('passes a NaN in a row that counts on to the value and the gradient', () => {
    for (const direction of ['forward', 'reverse'] as const) {
      for (const side of ['studentLogits', 'teacherLogits'] as const) {
        const inputs = { studentLogits: [[0, 1]], teacherLogits: [[0, 1]], [side]: [[Number.NaN, 1]] };
        const { value, gradients } = valueAndGradients(klDivergence({ direction }), inputs);
        expect(value, `${direction}, ${side}`).toBeNaN();
        expect(gradients.studentLogits.data[0], `${direction}, ${side}`).toBeNaN();
      }
    }
  });
});
