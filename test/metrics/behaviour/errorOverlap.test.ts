import { accumulate, errorOverlap, measure } from 'dark-knowledge';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import fixture from '../../fixtures/scores.json' with { type: 'json' };
import { describeMetric } from '../../support/metricSuite.ts';

const labels = [0, 1, 2, 0, 1, 2, 0, 1];
const predictions = {
  teacher: [0, 1, 2, 1, 1, 2, 2, 1],
  student: [0, 0, 2, 1, 1, 0, 2, 1],
  other: [1, 1, 2, 1, 1, 1, 0, 1],
};
const oneHot = (rows: number[]) => rows.map((row) => [0, 1, 2].map((index) => (index === row ? 1 : 0)));
// Wrong: teacher {3, 6}, student {1, 3, 5, 6}, other {0, 3, 5}.
const expected = {
  value: 1 / 5,
  count: 8,
  errors: [
    { model: 'teacher', count: 2, rate: 0.25 },
    { model: 'student', count: 4, rate: 0.5 },
    { model: 'other', count: 3, rate: 0.375 },
  ],
  regions: [
    { models: ['student'], count: 1, indices: [1] },
    { models: ['teacher', 'student'], count: 1, indices: [6] },
    { models: ['other'], count: 1, indices: [0] },
    { models: ['student', 'other'], count: 1, indices: [5] },
    { models: ['teacher', 'student', 'other'], count: 1, indices: [3] },
  ],
  pairs: [
    // κ by hand: observed .75, chance (2·4 + 6·4)/64 = .5.
    { models: ['teacher', 'student'], both: 2, either: 4, jaccard: 0.5, kappa: 0.5 },
    // Observed 5/8, chance (2·3 + 6·5)/64 = .5625: .0625/.4375 = 1/7.
    { models: ['teacher', 'other'], both: 1, either: 4, jaccard: 0.25, kappa: 1 / 7 },
    // Observed 5/8, chance (4·3 + 4·5)/64 = .5.
    { models: ['student', 'other'], both: 2, either: 5, jaccard: 0.4, kappa: 0.25 },
  ],
  union: { count: 5, indices: [0, 1, 3, 5, 6] },
};

describeMetric('errorOverlap', [
  {
    title: "scikit-learn's κ and Jaccard index of two models",
    metric: errorOverlap({ models: ['teacher', 'student'] }),
    batch: { labels: fixture.labels, teacher: fixture.teacherLogits, student: fixture.studentLogits },
    expected: { value: fixture.errorJaccard, pairs: [{ jaccard: fixture.errorJaccard, kappa: fixture.errorKappa }] },
  },
  {
    title: 'three models from predictions',
    metric: errorOverlap({ models: ['teacher', 'student', 'other'], from: 'predictions' }),
    batch: { labels, ...predictions },
    expected,
  },
  {
    title: 'three models from logits',
    metric: errorOverlap({ models: ['teacher', 'student', 'other'] }),
    batch: {
      labels,
      teacher: oneHot(predictions.teacher),
      student: oneHot(predictions.student),
      other: oneHot(predictions.other),
    },
    expected,
  },
  {
    title: 'no model errs: κ and Jaccard are 1',
    metric: errorOverlap({ models: ['a', 'b'], from: 'predictions' }),
    batch: { labels: [0, 1, 0], a: [0, 1, 0], b: [0, 1, 0] },
    expected: { value: 1, regions: [], pairs: [{ jaccard: 1, kappa: 1 }], union: { count: 0, indices: [] } },
  },
  {
    title: 'one always right, one always wrong: κ is 0',
    metric: errorOverlap({ models: ['a', 'b'], from: 'predictions' }),
    batch: { labels: [0, 1, 0], a: [0, 1, 0], b: [1, 0, 1] },
    expected: { value: 0, pairs: [{ jaccard: 0, kappa: 0 }] },
  },
]);

describe('errorOverlap', () => {
  it('takes models by names that every object has', () => {
    const named = errorOverlap({ models: ['constructor', 'toString', 'other'], from: 'predictions' });
    const { teacher, student, other } = predictions;
    const result = measure(named, { labels, constructor: teacher, toString: student, other });
    expect([result.value, result.count, result.union]).toEqual([expected.value, expected.count, expected.union]);
  });

  it('keeps nothing but errors when it streams', () => {
    const running = accumulate(errorOverlap({ models: ['model'], from: 'predictions' }));
    for (let batch = 0; batch < 5; batch++)
      running.update({ labels: Array(100).fill(0), model: [1, ...Array(99).fill(0)] });
    running.merge(accumulate(errorOverlap({ models: ['model'], from: 'predictions' })));
    expect(running.toJSON().statistics?.region?.data).toHaveLength(5);
    expect(running.compute().union.indices).toEqual([0, 100, 200, 300, 400]);
  });

  it('has regions that part the union, and errors that are sums of regions, for any predictions', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(2), fc.nat(2), fc.nat(2), fc.nat(2), fc.nat(2)), { minLength: 1, maxLength: 40 }),
        (rows) => {
          const models = ['a', 'b', 'c', 'd'] as const;
          const column = (index: number) => rows.map((row) => row[index]!);
          const result = measure(errorOverlap({ models, from: 'predictions' }), {
            labels: column(0),
            a: column(1),
            b: column(2),
            c: column(3),
            d: column(4),
          });
          expect(result.regions.flatMap(({ indices }) => indices).sort((x, y) => x - y)).toEqual(result.union.indices);
          models.forEach((model, index) => {
            const wrong = rows.flatMap((row, at) => (row[index + 1] === row[0] ? [] : [at]));
            const parts = result.regions.filter((region) => region.models.includes(model));
            expect(parts.flatMap(({ indices }) => indices).sort((x, y) => x - y)).toEqual(wrong);
            expect(result.errors[index]!.count).toBe(wrong.length);
          });
        },
      ),
      { numRuns: 50 },
    );
  });

  it('refuses names that clash, unknown forms and NaN', () => {
    expect(() => errorOverlap({ models: [] })).toThrow(/a list of at least 1/);
    expect(() => errorOverlap({ models: ['a', 'a'] })).toThrow(/models must be different from each other/);
    expect(() => errorOverlap({ models: ['labels'] })).toThrow(
      /names other than 'labels' and 'rowWeights', got 'labels'/,
    );
    expect(() => measure(errorOverlap({ models: ['a'] }), { labels: [0], a: [[Number.NaN, 0]] })).toThrow(
      /free of NaN/,
    );
    expect(() => measure(errorOverlap({ models: ['a', 'b'] }), { labels: [0], a: [[0, 1]], b: [[0, 1, 2]] })).toThrow(
      'errorOverlap: b must be of the shape of a, [1, 2], got shape [1, 3].',
    );
  });
});
