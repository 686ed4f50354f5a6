/** What losses on two sides' logits share: the classes' axis, a temperature for each side, vocabularies, the teacher's names. */
import {
  type AlphaDivergenceOptions,
  acceptanceHybrid,
  adaptiveKlDivergence,
  alphaDivergence,
  crossEntropy,
  evaluate,
  jensenShannon,
  klDivergence,
  negativeLogAcceptance,
  skewedKlDivergence,
  softCrossEntropy,
  totalVariation,
  type Vocabulary,
  valueAndGradients,
  weightedSum,
} from 'dark-knowledge';
import { describe, expect, it } from 'vitest';
import { describeLoss } from '../support/lossSuite.ts';
import { catalogueCases } from './catalogueCases.ts';

const losses = {
  klDivergence,
  softCrossEntropy,
  jensenShannon,
  skewedKlDivergence,
  alphaDivergence,
  alphaBeyondHalf: (options: AlphaDivergenceOptions<'mean'> = {}) => alphaDivergence({ alpha: 0.8, ...options }),
  adaptiveKlDivergence,
  totalVariation,
  negativeLogAcceptance,
  acceptanceHybrid,
};
/** Their weight between two divergences counts as a number: the gradient is not that of the value. */
const detached = ['adaptiveKlDivergence', 'acceptanceHybrid'];

/** Numbers without a pattern. */
const wave = (seed: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => 3 * Math.sin(seed * 12.9898 + index * 78.233));
const rowsOf = (seed: number, rows: number, classes: number): number[][] =>
  Array.from({ length: rows }, (_, row) => wave(seed + row, classes));

/** [2, 3, 2, 2] with the classes along axis 1, and the same as [2, 2, 2, 3]. */
const mapOf = (seed: number): { first: number[][][][]; last: number[][][][] } => {
  const value = (n: number, c: number, h: number, w: number): number =>
    2 * Math.sin(seed + 7 * n + 3 * c + 5 * h + 11 * w);
  const range = <Value>(count: number, make: (index: number) => Value) =>
    Array.from({ length: count }, (_, i) => make(i));
  return {
    first: range(2, (n) => range(3, (c) => range(2, (h) => range(2, (w) => value(n, c, h, w))))),
    last: range(2, (n) => range(2, (h) => range(2, (w) => range(3, (c) => value(n, c, h, w))))),
  };
};
const [student, teacher] = [mapOf(1), mapOf(2)];
const labels = [
  [
    [0, 2],
    [-100, 1],
  ],
  [
    [1, 1],
    [0, -100],
  ],
];

describeLoss('klDivergence, two temperatures', catalogueCases('klDivergence', klDivergence));

describeLoss('classes along an axis', [
  ...Object.entries(losses).map(([name, factory]) => ({
    title: `${name} of maps [N, C, H, W] with ignored labels`,
    loss: factory({ axis: 1, temperature: 2 }),
    inputs: { studentLogits: student.first, teacherLogits: teacher.first, labels },
    value: evaluate(factory({ temperature: 2 }), { studentLogits: student.last, teacherLogits: teacher.last, labels })
      .value,
    smooth: !detached.includes(name),
  })),
  {
    title: 'rows of their own values, the axis counted from the last',
    loss: klDivergence({ axis: -3, reduction: 'none', temperature: { student: 1, teacher: 3 } }),
    inputs: {
      studentLogits: student.first,
      teacherLogits: teacher.first,
      rowWeights: labels.map((n) => n.map((h) => h.map((l) => (l + 100) / 50))),
    },
  },
  {
    title: 'cross-entropy of maps',
    loss: crossEntropy({ axis: 1 }),
    inputs: { studentLogits: student.first, labels },
    value: evaluate(crossEntropy(), { studentLogits: student.last, labels }).value,
  },
]);

// Student: classes a b c d e; teacher: d x a y b. Both have a, b and d.
const matched = { studentIndices: [0, 1, 3], teacherIndices: [2, 4, 0] };
const tokens = { studentLogits: rowsOf(1, 3, 5), teacherLogits: rowsOf(4, 3, 6) };
const vocabularies: readonly [string, Vocabulary][] = [
  ['a shared prefix', { size: 4 }],
  ['matched classes and a tail', matched],
  ['matched classes alone', { ...matched, missing: 'renormalize' }],
];

describeLoss('vocabularies that differ', [
  ...vocabularies.flatMap(([title, vocabulary]) =>
    Object.entries(losses).map(([name, factory]) => ({
      title: `${name}, ${title}`,
      loss: factory({ vocabulary, temperature: { student: 2, teacher: 1.5 } }),
      inputs: tokens,
      smooth: !detached.includes(name),
    })),
  ),
  {
    title: 'classes along axis 0, and a tail',
    loss: klDivergence({ vocabulary: matched, axis: 0 }),
    inputs: {
      studentLogits: tokens.studentLogits[0]!.map((_, at) => tokens.studentLogits.map((row) => row[at]!)),
      teacherLogits: tokens.teacherLogits[0]!.map((_, at) => tokens.teacherLogits.map((row) => row[at]!)),
    },
    value: evaluate(klDivergence({ vocabulary: matched }), tokens).value,
  },
  {
    title: 'a tail of masked classes drops out on both sides',
    loss: klDivergence({ vocabulary: { studentIndices: [0, 1], teacherIndices: [1, 0] } }),
    inputs: { studentLogits: [[0, Math.log(3), -Infinity]], teacherLogits: [[0, 0, -Infinity]] },
    value: 0.5 * Math.log(2) + 0.5 * Math.log(2 / 3),
    gradients: { studentLogits: [[-0.25, 0.25, 0]] },
    smooth: false,
  },
]);

const softmax = (row: readonly number[]): number[] => {
  const weights = row.map(Math.exp);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
};
const kl = (p: readonly number[], q: readonly number[]): number =>
  p.reduce((sum, value, index) => sum + value * Math.log(value / q[index]!), 0);
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('vocabularies', () => {
  it('truncated to a prefix are renormalised, and the rest gets no gradient', () => {
    const { value, gradients } = valueAndGradients(klDivergence({ vocabulary: { size: 4 } }), tokens);
    const expected = tokens.studentLogits.map((row, at) =>
      kl(softmax(tokens.teacherLogits[at]!.slice(0, 4)), softmax(row.slice(0, 4))),
    );
    expect(value).toBeCloseTo(mean(expected), 12);
    expect([4, 9, 14].map((at) => gradients.studentLogits.data[at])).toEqual([0, 0, 0]);
  });

  it('matched with a tail compare buckets of probability', () => {
    const bucketed = (row: readonly number[], indices: readonly number[]): number[] => {
      const p = softmax(row);
      const own = indices.map((index) => p[index]!);
      return [...own, p.filter((_, index) => !indices.includes(index)).reduce((sum, value) => sum + value, 0)];
    };
    const expected = tokens.studentLogits.map((row, at) =>
      kl(bucketed(tokens.teacherLogits[at]!, matched.teacherIndices), bucketed(row, matched.studentIndices)),
    );
    expect(evaluate(klDivergence({ vocabulary: matched }), tokens).value).toBeCloseTo(mean(expected), 12);
  });

  it('that are a permutation of one another give the divergence of the permuted teacher', () => {
    const order = [3, 0, 4, 1, 2];
    const teacherLogits = tokens.teacherLogits.map((row) => row.slice(0, 5));
    const permuted = teacherLogits.map((row) => order.map((index) => row[index]!));
    const vocabulary = { studentIndices: [0, 1, 2, 3, 4], teacherIndices: order };
    const { studentLogits } = tokens;
    const got = valueAndGradients(klDivergence({ vocabulary }), { studentLogits, teacherLogits });
    const expected = valueAndGradients(klDivergence(), { studentLogits, teacherLogits: permuted });
    expect(got.value).toBeCloseTo(expected.value, 12);
    got.gradients.studentLogits.data.forEach((gradient, index) => {
      expect(gradient).toBeCloseTo(expected.gradients.studentLogits.data[index]!, 12);
    });
  });

  it('are read in the factory, and what makes no sense is refused', () => {
    const make = (vocabulary: unknown) => () => klDivergence({ vocabulary: vocabulary as Vocabulary });
    expect(make('shared')).toThrow(
      "klDivergence: vocabulary must be 'same', { size } or { studentIndices, teacherIndices }",
    );
    expect(make({ size: 1 })).toThrow(/vocabulary\.size must be a whole number of at least 2/);
    expect(make({ size: 4, missing: 'tail' })).toThrow(RangeError);
    expect(make({ studentIndices: [0] })).toThrow(RangeError);
    expect(make({ ...matched, studentIndices: [0, 0, 1] })).toThrow(
      /studentIndices must be different .*, got '0 twice'/,
    );
    expect(make({ ...matched, studentIndices: [0, 1] })).toThrow(
      /teacherIndices must be of the shape of studentIndices/,
    );
    expect(make({ ...matched, missing: 'drop' })).toThrow(/vocabulary\.missing must be one of/);
    expect(make({ studentIndices: [1], teacherIndices: [2], missing: 'renormalize' })).toThrow(/at least 2 classes/);
    const far = klDivergence({ vocabulary: { studentIndices: [7], teacherIndices: [0] } });
    expect(() => evaluate(far, tokens)).toThrow(
      'klDivergence: studentLogits must be of the 8 classes that vocabulary names, got 5.',
    );
  });

  it('of different sizes are an error that names both, where nothing is said', () => {
    expect(() => evaluate(klDivergence(), tokens)).toThrow(RangeError);
    expect(() => evaluate(klDivergence(), tokens)).toThrow(/teacherLogits must be of the student's 5 classes, got 6\./);
  });
});

describe('the two sides', () => {
  it.each(Object.entries(losses))('are softened by their own temperatures in %s', (_, factory) => {
    const [temperature, halved] = [{ student: 3, teacher: 1.5 }, rowsOf(4, 3, 5).map((row) => row.map((x) => 2 * x))];
    const { studentLogits } = tokens;
    const apart = valueAndGradients(factory({ temperature }), { studentLogits, teacherLogits: rowsOf(4, 3, 5) });
    const alike = valueAndGradients(factory({ temperature: 3 }), { studentLogits, teacherLogits: halved });
    expect(apart.value).toBeCloseTo(alike.value, 12);
    alike.gradients.studentLogits.data.forEach((slope, index) => {
      expect(apart.gradients.studentLogits.data[index]).toBeCloseTo(slope, 12);
    });
  });

  it('have one temperature or each its own', () => {
    const { value } = evaluate(klDivergence({ temperature: { student: 3, teacher: 3 } }), {
      studentLogits: tokens.studentLogits,
      teacherLogits: rowsOf(4, 3, 5),
    });
    const same = { studentLogits: tokens.studentLogits, teacherLogits: rowsOf(4, 3, 5) };
    expect(value).toBe(evaluate(klDivergence({ temperature: 3 }), same).value);
    expect(() => klDivergence({ temperature: { student: 2 } as never })).toThrow(
      /temperature\.teacher must be a number/,
    );
    expect(() => klDivergence({ temperature: { student: 0, teacher: 1 } })).toThrow(/temperature\.student must be/);
    expect(() => klDivergence({ temperature: { student: 1, teacher: 1, mean: 2 } as never })).toThrow(RangeError);
  });

  it("take log-probabilities for the teacher's logits, under their name, also in a sum", () => {
    const { studentLogits } = tokens;
    const teacherLogits = rowsOf(4, 3, 5);
    const teacherLogProbabilities = teacherLogits.map((row) => softmax(row).map(Math.log));
    for (const factory of Object.values(losses)) {
      const expected = evaluate(factory(), { studentLogits, teacherLogits }).value;
      expect(evaluate(factory(), { studentLogits, teacherLogProbabilities }).value).toBeCloseTo(expected, 12);
    }
    const both = weightedSum({ task: { loss: crossEntropy(), weight: 1 }, kd: { loss: klDivergence(), weight: 1 } });
    const batch = { studentLogits, teacherLogProbabilities, labels: [0, 1, 2] };
    expect(evaluate(both, batch as never).terms.kd).toBeCloseTo(
      evaluate(klDivergence(), { studentLogits, teacherLogits }).value,
      12,
    );
    expect(() => evaluate(klDivergence(), { studentLogits, teacherLogProbability: teacherLogits } as never)).toThrow(
      /teacherLogits must be given/,
    );
  });

  it('have an axis of theirs, or the call is refused', () => {
    expect(() => evaluate(klDivergence({ axis: 2 }), tokens)).toThrow(RangeError);
    expect(() => klDivergence({ axis: 0.5 })).toThrow(/axis must be a whole number/);
  });
});
