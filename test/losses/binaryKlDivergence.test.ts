import { binaryKlDivergence, evaluate, klDivergence, tensor, valueAndGradients } from 'dark-knowledge';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeDivergence } from '../support/divergenceSuite.ts';
import { describeLoss } from '../support/lossSuite.ts';
import { catalogueCases, pocketCase } from './catalogueCases.ts';

const half = Math.log(3);
// σ(log 3) = 3/4.
const opposite = 0.75 * Math.log(3) - 0.25 * Math.log(3);

describeLoss('binaryKlDivergence', [
  ...catalogueCases('binaryKlDivergence', binaryKlDivergence),
  pocketCase(binaryKlDivergence(), 0.087324455, [0.077019526, -0.023925683, -0.077019526]),
  {
    title: 'ignored labels do not count, nor does a row of them',
    loss: binaryKlDivergence(),
    inputs: {
      studentLogits: [
        [half, 7, 0, Number.NaN],
        [Number.NaN, 1, 2, 3],
        [-half, 0, 0, 0],
      ],
      teacherLogits: [
        [-half, 1, 0, 5],
        [1, 1, 1, 1],
        [half, 0, 0, 0],
      ],
      labels: [
        [1, -100, 0, -100],
        [-100, -100, -100, -100],
        [0, 0, 1, 1],
      ],
    },
    value: (opposite / 2 + opposite / 4) / 2,
    gradients: {
      studentLogits: [
        [0.125, 0, 0, 0],
        [0, 0, 0, 0],
        [-0.0625, 0, 0, 0],
      ],
    },
    smooth: false,
  },
  {
    title: 'row weights beside ignored labels',
    loss: binaryKlDivergence({ ignoreIndex: 9 }),
    inputs: {
      studentLogits: [
        [half, 0],
        [half, 0],
        [half, half],
      ],
      teacherLogits: [
        [-half, 0],
        [-half, 0],
        [-half, -half],
      ],
      labels: [
        [1, 9],
        [0, 1],
        [9, 9],
      ],
      rowWeights: [3, 1, 5],
    },
    value: (3 * opposite + opposite / 2) / 4,
    smooth: false,
  },
  {
    title: 'a teacher at ±Infinity is certain',
    loss: binaryKlDivergence({ reduction: 'none' }),
    inputs: {
      studentLogits: [[half], [half], [Infinity], [-Infinity]],
      teacherLogits: [[Infinity], [-Infinity], [Infinity], [-Infinity]],
    },
    value: [-Math.log(0.75), -Math.log(0.25), 0, 0],
    gradients: { studentLogits: [[-0.25], [0.75], [0], [0]] },
    smooth: false,
  },
  {
    title: 'a student at ±Infinity that is not as certain of the same is infinitely wrong, with a finite gradient',
    loss: binaryKlDivergence({ reduction: 'none' }),
    inputs: { studentLogits: [[Infinity], [-Infinity]], teacherLogits: [[0], [0]] },
    value: [Infinity, Infinity],
    gradients: { studentLogits: [[0.5], [-0.5]] },
    smooth: false,
  },
]);

// Shifted log-odds are another prediction, and −Infinity is a certain no.
describeDivergence('binaryKlDivergence', binaryKlDivergence, { shiftInvariant: false, masksClasses: false });

describe('binaryKlDivergence', () => {
  it('is the divergence of two classes for each label', () => {
    const logit = fc.double({ min: -30, max: 30, noNaN: true });
    fc.assert(
      fc.property(logit, logit, fc.constantFrom(1, 4), (student, teacher, temperature) => {
        const binary = valueAndGradients(binaryKlDivergence({ temperature }), {
          studentLogits: [student],
          teacherLogits: [teacher],
        });
        const two = valueAndGradients(klDivergence({ temperature }), {
          studentLogits: [student, 0],
          teacherLogits: [teacher, 0],
        });
        expect(Math.abs(binary.value - two.value)).toBeLessThanOrEqual(1e-10 * two.value + 1e-300);
        const [slope, expected] = [binary, two].map(({ gradients }) => gradients.studentLogits.data[0]!);
        expect(Math.abs(slope! - expected!)).toBeLessThanOrEqual(1e-10 * Math.abs(expected!) + 1e-15);
      }),
    );
  });

  it('keeps, in float32, a divergence of 4e-13 between near certainties', () => {
    const single = (value: number) => tensor(Float32Array.of(value), [1, 1]);
    // In float64 by the definition with log1p.
    const [u, v] = [28, 30];
    const noStudent = Math.exp(-u) / (1 + Math.exp(-u));
    const noTeacher = Math.exp(-v) / (1 + Math.exp(-v));
    const expected =
      (1 - noTeacher) * (Math.log1p(Math.exp(-u)) - Math.log1p(Math.exp(-v))) +
      noTeacher * Math.log(noTeacher / noStudent);
    const { value } = evaluate(binaryKlDivergence(), { studentLogits: single(u), teacherLogits: single(v) });
    expect(value / expected).toBeCloseTo(1, 4);
    expect(expected).toBeCloseTo(4.1e-13, 14);
  });

  it('counts the no: a student that says yes everywhere is not rewarded for it', () => {
    const teacherLogits = [[-4, -4, 4]];
    const value = (logit: number) =>
      evaluate(binaryKlDivergence(), { studentLogits: [[logit, logit, 4]], teacherLogits }).value;
    expect(value(10)).toBeGreaterThan(value(0));
    expect(value(0)).toBeGreaterThan(value(-4));
  });

  it('refuses labels that are not of the logits, and says what to do', () => {
    const logits = { studentLogits: [[1, 2]], teacherLogits: [[1, 2]] };
    expect(() => evaluate(binaryKlDivergence(), { ...logits, labels: [1] })).toThrow(
      /labels must be of the shape of studentLogits, \[1, 2\], got shape \[1\]\. .*set ignoreIndex: null\.$/,
    );
    expect(evaluate(binaryKlDivergence({ ignoreIndex: null }), { ...logits, labels: [1] }).value).toBe(0);
    expect(binaryKlDivergence().options).toEqual({
      temperature: 1,
      ignoreIndex: -100,
      reduction: 'mean',
      normalizer: undefined,
    });
  });
});
