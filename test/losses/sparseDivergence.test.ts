import {
  evaluate,
  evaluateOn,
  jensenShannon,
  klDivergence,
  sparseDivergence,
  totalVariation,
  valueAndGradients,
} from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeLoss } from '../support/lossSuite.ts';
import { catalogueCases } from './catalogueCases.ts';

const pocket = { studentLogits: [[1, 2, 0]], teacherIndices: [[1]], teacherLogProbabilities: [[-0.16984602]] };

const logSoftmax = (row: readonly number[]): number[] => {
  const most = Math.max(...row);
  const log = most + Math.log(row.reduce((sum, value) => sum + Math.exp(value - most), 0));
  return row.map((value) => value - log);
};
/** A row's most likely classes and their log-probabilities. */
const topOf = (logits: readonly number[], count: number): { indices: number[]; logs: number[] } => {
  const logs = logSoftmax(logits);
  const order = logs.map((_, index) => index).sort((a, b) => logs[b]! - logs[a]!);
  const indices = order.slice(0, count);
  return { indices, logs: indices.map((index) => logs[index]!) };
};
const teacherOf = (rows: readonly (readonly number[])[], count: number) => {
  const tops = rows.map((row) => topOf(row, count));
  return { teacherIndices: tops.map(({ indices }) => indices), teacherLogProbabilities: tops.map(({ logs }) => logs) };
};
const studentLogits = [
  [1, -2, 0.5, 3, -1],
  [0.25, 2, -0.5, 1, 0],
];
const teacherLogits = [
  [0, 1, -1, 2.5, 0.5],
  [1.5, -1, 0, 0.75, 2],
];

describeLoss('sparseDivergence', [
  ...catalogueCases('sparseDivergence', sparseDivergence),
  ...(
    [
      ['tail', 0.081554679],
      ['renormalize', 0],
      ['zero', 0.407605964],
    ] as const
  ).map(([missing, value]) => ({
    title: `one row, by hand in float64, ${missing}`,
    loss: sparseDivergence({ missing }),
    inputs: pocket,
    value,
  })),
  {
    title: 'renormalised at a temperature: the divergence of the listed classes there',
    loss: sparseDivergence({ missing: 'renormalize', temperature: 3 }),
    inputs: { studentLogits, ...teacherOf(teacherLogits, 2) },
    value: evaluate(klDivergence({ temperature: 3 }), {
      studentLogits: studentLogits.map((row, at) => topOf(teacherLogits[at]!, 2).indices.map((index) => row[index]!)),
      teacherLogits: teacherLogits.map((row) => topOf(row, 2).logs),
    }).value,
  },
  ...(['tail', 'renormalize', 'zero'] as const).map((missing) => ({
    title: `a row without an entry says nothing, ${missing}`,
    loss: sparseDivergence({ missing, reduction: 'none' }),
    inputs: {
      studentLogits: [
        [1, 2, 0],
        [1, 2, 0],
      ],
      teacherIndices: [
        [-1, -1],
        [1, -1],
      ],
      teacherLogProbabilities: [
        [-Infinity, -Infinity],
        [-0.16984602, -Infinity],
      ],
    },
    value: [0, { tail: 0.081554679, renormalize: 0, zero: 0.407605964 }[missing]],
    tolerance: 1e-9,
    smooth: false,
  })),
  {
    title: 'the tail as it is known, in leading axes and weighted rows',
    loss: sparseDivergence({ divergence: 'jensenShannon', beta: 0.3 }),
    inputs: {
      studentLogits: [studentLogits],
      teacherIndices: [[[3], [4]]],
      teacherLogProbabilities: [[[-0.3], [-0.7]]],
      teacherTailLogProbability: [[Math.log1p(-Math.exp(-0.3)), Math.log1p(-Math.exp(-0.7))]],
      rowWeights: [[0.5, 2]],
    },
    value: evaluate(sparseDivergence({ divergence: 'jensenShannon', beta: 0.3 }), {
      studentLogits,
      teacherIndices: [[3], [4]],
      teacherLogProbabilities: [[-0.3], [-0.7]],
      rowWeights: [0.5, 2],
    }).value,
  },
  {
    title: 'a row that does not count may hold anything',
    loss: sparseDivergence(),
    inputs: {
      studentLogits: [
        [1, 2, 0],
        [Number.NaN, 0, Infinity],
      ],
      teacherIndices: [[1], [7]],
      teacherLogProbabilities: [[-0.16984602], [3]],
      labels: [0, -100],
    },
    value: 0.081554679,
    smooth: false,
  },
  {
    title: 'classes masked in the student outside of the list drop out, listed ones are infinitely wrong',
    loss: sparseDivergence({ reduction: 'none' }),
    inputs: {
      studentLogits: [
        [0, 0, -Infinity, -Infinity],
        [0, 0, -Infinity, 0],
      ],
      teacherIndices: [
        [0, 1],
        [0, 2],
      ],
      teacherLogProbabilities: [
        [-Math.LN2, -Math.LN2],
        [-Math.LN2, -Math.LN2],
      ],
    },
    value: [0, Infinity],
    smooth: false,
  },
]);

describe('sparseDivergence', () => {
  const dense = {
    forward: klDivergence(),
    reverse: klDivergence({ direction: 'reverse' }),
    jensenShannon: jensenShannon(),
    totalVariation: totalVariation(),
  };
  const logit = fc.double({ min: -8, max: 8, noNaN: true });
  const pairs = fc.integer({ min: 2, max: 6 }).chain((classes) => {
    const row = fc.array(logit, { minLength: classes, maxLength: classes });
    return fc.record({ student: row, teacher: row, count: fc.integer({ min: 1, max: classes }) });
  });

  it('equals the dense divergence where the list has all classes', () => {
    for (const [divergence, loss] of Object.entries(dense)) {
      const all = { studentLogits, ...teacherOf(teacherLogits, 5) };
      const got = valueAndGradients(sparseDivergence({ divergence: divergence as 'forward' }), all);
      const expected = valueAndGradients(loss, { studentLogits, teacherLogits });
      expect(got.value).toBeCloseTo(expected.value, 12);
      got.gradients.studentLogits.data.forEach((gradient, index) => {
        expect(gradient).toBeCloseTo(expected.gradients.studentLogits.data[index]!, 12);
      });
    }
  });

  it('lies between 0 and the dense divergence, which knows more, and its gradient sums to 0', () => {
    fc.assert(
      fc.property(
        pairs,
        fc.constantFrom('forward', 'reverse', 'jensenShannon', 'totalVariation'),
        (pair, divergence) => {
          const inputs = { studentLogits: [pair.student], ...teacherOf([pair.teacher], pair.count) };
          const { value, gradients } = valueAndGradients(sparseDivergence({ divergence }), inputs);
          const whole = evaluate(dense[divergence], {
            studentLogits: [pair.student],
            teacherLogits: [pair.teacher],
          }).value;
          expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThanOrEqual(whole + 1e-6);
          expect(Math.abs(Array.from(gradients.studentLogits.data).reduce((sum, g) => sum + g, 0))).toBeLessThan(1e-10);
        },
      ),
    );
  });

  it('is 0 where student and teacher are equal, but for the listed mass with zero', () => {
    const equal = { studentLogits: teacherLogits, ...teacherOf(teacherLogits, 2) };
    expect(evaluate(sparseDivergence(), equal).value).toBeCloseTo(0, 12);
    expect(evaluate(sparseDivergence({ missing: 'renormalize' }), equal).value).toBeCloseTo(0, 12);
    const listed = teacherLogits.map((row) =>
      Math.log(topOf(row, 2).logs.reduce((sum, log) => sum + Math.exp(log), 0)),
    );
    expect(evaluate(sparseDivergence({ missing: 'zero' }), equal).value).toBeCloseTo(
      -(listed[0]! + listed[1]!) / 2,
      12,
    );
  });

  it('keeps the gradient where a truncated sum is negative: p = ½, q = 0.6', () => {
    const inputs = {
      studentLogits: [[Math.log(0.6), Math.log(0.4)]],
      teacherIndices: [[0]],
      teacherLogProbabilities: [[-Math.LN2]],
    };
    const { value, gradients } = valueAndGradients(sparseDivergence(), inputs);
    expect(value).toBeCloseTo(0.5 * Math.log(0.5 / 0.6) + 0.5 * Math.log(0.5 / 0.4), 12);
    expect(gradients.studentLogits.data[0]).toBeCloseTo(0.1, 12);
  });

  it('gives NaN for a class beyond the classes where values cannot be read', () => {
    const { readSync, ...blind } = cpuBackend();
    const { value } = evaluateOn(blind, sparseDivergence(), { ...pocket, teacherIndices: [[3]] });
    expect(readSync(value).data[0]).toBeNaN();
  });

  it('refuses lists that are none', () => {
    const run = (inputs: object) => () => evaluate(sparseDivergence(), { ...pocket, ...inputs } as never);
    expect(run({ teacherIndices: [[3]] })).toThrow(
      /teacherIndices must be whole numbers in \[0, 3\), or −1 for padding, got 3/,
    );
    expect(run({ teacherIndices: [[-2]] })).toThrow(RangeError);
    expect(run({ teacherIndices: [[0.5]] })).toThrow(RangeError);
    expect(run({ teacherIndices: [[1, 1]], teacherLogProbabilities: [[-1, -1]] })).toThrow(
      /row 0 must be different, got '1 twice'/,
    );
    expect(run({ teacherLogProbabilities: [[2]] })).toThrow(/teacherLogProbabilities must be of at most 1 in a row/);
    expect(run({ teacherIndices: [1] })).toThrow(/teacherIndices must be of shape \[1, K\], got shape \[1\]/);
    expect(run({ teacherLogProbabilities: [[-1, -1]] })).toThrow(
      /teacherLogProbabilities must be of the shape of teacherIndices/,
    );
    expect(run({ teacherTailLogProbability: [[-1]] })).toThrow(TypeError);
  });

  it('refuses options that contradict each other', () => {
    expect(() => sparseDivergence({ missing: 'zero', divergence: 'reverse' })).toThrow(
      /missing must be 'tail' or 'renormalize'/,
    );
    expect(() => sparseDivergence({ temperature: 2 })).toThrow(/temperature must be 1 with missing: 'tail', got 2/);
    expect(() => sparseDivergence({ beta: 1 })).toThrow(RangeError);
  });
});
