/** Representational similarity analysis, its dissimilarities and the orders that its ranks come from. */
import {
  accumulate,
  cka,
  kendallCorrelation,
  measure,
  representationalSimilarityAnalysis,
  similarityMatrix,
  spearmanCorrelation,
} from 'dark-knowledge';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dissimilarityPairs } from '../../../src/metrics/similarity/dissimilarityPairs.ts';
import { inversionsOf, kendallOf, listOrder } from '../../../src/metrics/similarity/pairOrders.ts';
import catalogue from '../../fixtures/catalogue/representationalSimilarityAnalysis.json' with { type: 'json' };
import reference from '../../fixtures/representations.json' with { type: 'json' };
import { oracle } from '../../support/backends.ts';
import { expectDeepClose } from '../../support/deepClose.ts';
import { describeMetric } from '../../support/metricSuite.ts';
import { normals, rotated, rowsOf } from './samples.ts';

const { x, y } = reference;
const known = catalogue.cases[0]!;

describeMetric('representationalSimilarityAnalysis', [
  {
    title: "the catalogue's",
    metric: representationalSimilarityAnalysis(),
    batch: known.inputs,
    expected: { value: known.result.correlation.spearman, ...known.result, pairs: 435, samples: 30, status: 'ok' },
  },
  {
    title: 'with equal samples, as rsatoolbox has it',
    metric: representationalSimilarityAnalysis(),
    batch: { x, y },
    expected: { correlation: reference.correlation, squaredEuclidean: reference.squaredEuclidean },
    // Ties of float32 are ties of other pairs.
    onDevices: false,
  },
  {
    title: 'of what is asked for alone',
    metric: representationalSimilarityAnalysis({ dissimilarities: ['squaredEuclidean'], comparisons: ['kendall'] }),
    batch: { x, y },
    expected: {
      value: reference.squaredEuclidean.kendall,
      squaredEuclidean: { kendall: reference.squaredEuclidean.kendall },
      status: 'ok',
    },
    onDevices: false,
  },
  {
    title: 'cosines by hand',
    // Cosines of x: 0, 1/√2, 1/√2 for (1, 0), (2, 0), (2, 1); of y: −1, 0, 0.
    metric: representationalSimilarityAnalysis({ dissimilarities: ['cosine'], comparisons: ['cosine', 'pearson'] }),
    batch: {
      x: [
        [1, 0],
        [0, 5],
        [3, 3],
      ],
      y: [
        [2, 0],
        [-1, 0],
        [0, 7],
      ],
    },
    expected: {
      value: (2 + 2 * (1 - Math.SQRT1_2)) / Math.sqrt(1 + 2 * (1 - Math.SQRT1_2) ** 2) / Math.sqrt(6),
      cosine: { pearson: 1 },
    },
  },
  {
    title: 'samples that are all equally unlike',
    metric: representationalSimilarityAnalysis(),
    batch: { x: x.map(() => [3, 3, 3]), y },
    expected: { value: 0, correlation: { pearson: 0, kendall: 0, whitenedCosine: 0 }, status: 'constantX' },
    onDevices: false,
  },
]);

describe('dissimilarities', () => {
  it('of a sample without direction are 1, by the correlation and by the cosine', () => {
    const rows = { data: Float64Array.of(1e-200, 1e-200, 4, 9, 4, 10), shape: [3, 2] };
    expect(dissimilarityPairs(rows, 'correlation')[0]).toBe(1);
    expect(dissimilarityPairs(rows, 'correlation')[2]).toBeCloseTo(0, 15);
    // (1, 1) and (4, 9): a length that float64 can square is not needed.
    expect(dissimilarityPairs(rows, 'cosine')[0]).toBeCloseTo(1 - 13 / Math.sqrt(2 * 97), 15);
    const zero = { data: Float64Array.of(0, 0, 4, 9), shape: [2, 2] };
    expect(Array.from(dissimilarityPairs(zero, 'cosine'))).toEqual([1]);
  });

  it('by squared distances keep their digits far from 0, and are 0 between equal samples', () => {
    const rows = { data: Float64Array.of(1e6, 1e6, 1e6 + 3, 1e6 + 4, 1e6, 1e6), shape: [3, 2] };
    expectDeepClose(Array.from(dissimilarityPairs(rows, 'squaredEuclidean')), [25, 0, 25], 1e-12);
  });

  it('by squared distances, centred and compared by the cosine, are linear CKA', () => {
    fc.assert(
      fc.property(fc.nat(1e6), fc.integer({ min: 4, max: 40 }), (seed, samples) => {
        const batch = { x: normals(seed, samples, 5), y: normals(seed + 1, samples, 3) };
        const metric = representationalSimilarityAnalysis({
          dissimilarities: ['squaredEuclidean'],
          comparisons: ['whitenedCosine'],
        });
        expectDeepClose(measure(metric, batch).value, measure(cka(), batch).biased, 1e-10);
      }),
      { numRuns: 20 },
    );
  });

  it.each([3, 4, 5, 6, 7, 11])('of %i samples that are equally unlike are so to rounding', (samples) => {
    const axes = Array.from({ length: samples }, (_, row) => Array.from({ length: samples }, (_, at) => +(at === row)));
    const y = rowsOf(normals(4, samples, 3));
    const none = { spearman: 0, pearson: 0, kendall: 0 };
    const found = measure(
      representationalSimilarityAnalysis({ dissimilarities: ['squaredEuclidean', 'correlation', 'cosine'] }),
      { x: axes, y },
    );
    expect(found.status).toBe('constantX');
    expect(found).toMatchObject({ squaredEuclidean: none, correlation: none, cosine: none });
    // The whitened cosine is linear CKA, which is defined.
    expect(found.squaredEuclidean!.whitenedCosine).toBeCloseTo(measure(cka(), { x: axes, y }).biased, 10);
  });

  it('that are equal on paper tie in ranks', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3)), { minLength: 3, maxLength: 9 }), (grid) => {
        const other = rowsOf(normals(grid.length, grid.length, 4));
        const exact = grid.flatMap((a, i) =>
          grid.slice(0, i).map((b) => a.reduce((sum, value, at) => sum + (value - b[at]!) ** 2, 0)),
        );
        const others = Array.from(
          dissimilarityPairs({ data: Float64Array.from(other.flat()), shape: [grid.length, 4] }, 'squaredEuclidean'),
        );
        const { squaredEuclidean } = measure(
          representationalSimilarityAnalysis({ dissimilarities: ['squaredEuclidean'] }),
          { x: grid, y: other },
        );
        expect(squaredEuclidean!.spearman).toBeCloseTo(spearmanCorrelation(exact, others).value, 12);
        expect(squaredEuclidean!.kendall).toBeCloseTo(kendallCorrelation(exact, others).value, 12);
      }),
    );
  });

  it('do not change with a rotation, and correlations not with a scale and an offset of each sample', () => {
    const [a, b] = [rowsOf(normals(1, 30, 6)), rowsOf(normals(2, 30, 6))];
    const squared = representationalSimilarityAnalysis({ dissimilarities: ['squaredEuclidean'] });
    expectDeepClose(measure(squared, { x: rotated(3, a), y: b }), { ...measure(squared, { x: a, y: b }) }, 1e-9);
    const changed = a.map((row, index) => row.map((value) => value * (index + 1) - 3 * index));
    const metric = representationalSimilarityAnalysis({ dissimilarities: ['correlation'] });
    expectDeepClose(measure(metric, { x: changed, y: b }), { ...measure(metric, { x: a, y: b }) }, 1e-9);
  });
});

describe('orders of pairs', () => {
  const lists = fc.array(fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double({ noNaN: true })), {
    minLength: 1,
    maxLength: 80,
  });

  it('are those of sorting, negative numbers, zeros of both signs and infinities among them', () => {
    fc.assert(
      fc.property(lists, (list) => {
        const { order, ranks, tiedPairs } = listOrder(Float64Array.from(list));
        const positions = list.map((_, index) => index);
        // Equal numbers, 0 and −0 among them, as they stand.
        const sorted = positions.sort((a, b) => (list[a]! < list[b]! ? -1 : list[a]! > list[b]! ? 1 : a - b));
        expect(Array.from(order)).toEqual(sorted);
        const below = (value: number) => list.filter((other) => other < value).length;
        const equal = (value: number) => list.filter((other) => other === value).length;
        expect(Array.from(ranks)).toEqual(list.map((value) => 2 * below(value) + equal(value) - list.length + 0));
        expect(tiedPairs).toBe(list.reduce((sum, value) => sum + equal(value) - 1, 0) / 2);
      }),
    );
  });

  it('count every inversion, in runs of any number', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 200 }), (list) => {
        const expected = list.flatMap((value, index) => list.slice(index + 1).filter((later) => later < value)).length;
        const values = Int32Array.from(list);
        expect(inversionsOf(values)).toBe(expected);
      }),
    );
  });

  it("give Kendall's τ_b, pair by pair", () => {
    const small = fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 5 })), {
      minLength: 2,
      maxLength: 60,
    });
    fc.assert(
      fc.property(small, (rows) => {
        let [difference, orderedX, orderedY] = [0, 0, 0];
        rows.forEach(([a, b], index) => {
          for (const [c, d] of rows.slice(0, index)) {
            difference += Math.sign(a - c) * Math.sign(b - d);
            orderedX += Math.abs(Math.sign(a - c));
            orderedY += Math.abs(Math.sign(b - d));
          }
        });
        const orders = [0, 1].map((side) => listOrder(Float64Array.from(rows, (row) => row[side as 0 | 1])));
        const found = kendallOf(orders[0]!, orders[1]!);
        if (orderedX === 0 || orderedY === 0) expect(found).toBeUndefined();
        else expect(found).toBeCloseTo(difference / Math.sqrt(orderedX * orderedY), 12);
      }),
    );
  });
});

describe('representational similarity analysis', () => {
  it('makes a matrix of models, whose state grows with a stream', () => {
    const metric = similarityMatrix({ models: ['a', 'b'], similarity: representationalSimilarityAnalysis() });
    const running = accumulate(metric);
    running.update({ a: x.slice(0, 9), b: y.slice(0, 9) });
    running.update({ a: x.slice(9), b: y.slice(9) });
    const { value, cells } = running.compute();
    expectDeepClose(value[0]![0], 1, 1e-12);
    expectDeepClose(cells[1]![0], { correlation: reference.correlation }, 1e-9);
  });

  it('refuses NaN, more samples than it compares, and options that are none', () => {
    const metric = representationalSimilarityAnalysis();
    expect(() => measure(metric, { x: [[Number.NaN], ...x.slice(1).map(() => [1])], y })).toThrow(/x must be finite/);
    const long = { ...oracle, shapeOf: () => [4097, 2] };
    expect(() => metric.check(long, { x: {} as never, y: {} as never })).toThrow(
      /number of samples must be at most 4096, got 4097. Take a random part/,
    );
    expect(() => representationalSimilarityAnalysis({ comparisons: [] })).toThrow(
      /comparisons must be a list of at least 1/,
    );
    expect(() => representationalSimilarityAnalysis({ dissimilarities: ['cosine', 'cosine'] })).toThrow(/different/);
    expect(() => representationalSimilarityAnalysis({ comparisons: ['rank' as never] })).toThrow(
      /must be one of 'spearman'/,
    );
  });
});
