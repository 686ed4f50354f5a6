/** Permutation tests of similarities: every one of them, and plain functions. */
import {
  accumulate,
  cka,
  cknna,
  type HostTensor,
  meanCca,
  measure,
  nearestNeighborAgreement,
  nullCalibration,
  procrustes,
  procrustesDistance,
  pwcca,
  representationalSimilarity,
  representationalSimilarityAnalysis,
  type SimilarityMetric,
  selectRows,
  svcca,
  tensor,
} from 'dark-knowledge';
import { describe, expect, it } from 'vitest';
import { sampleOrders } from '../../../src/metrics/similarity/sampleOrders.ts';
import catalogue from '../../fixtures/catalogue/nullCalibration.json' with { type: 'json' };
import reference from '../../fixtures/representations.json' with { type: 'json' };
import { expectDeepClose } from '../../support/deepClose.ts';
import { describeMetric } from '../../support/metricSuite.ts';
import { normals, rowsOf } from './samples.ts';

const known = catalogue.cases[0]!;
const { x, y } = reference;
const { permutation5 } = reference;

describeMetric('nullCalibration', [
  {
    title: "the catalogue's, with its orders",
    metric: nullCalibration({ of: cka() }),
    batch: known.inputs,
    expected: { ...known.result, exact: false, permutations: 19, samples: 30 },
    streams: false,
  },
  {
    title: "all orders of five samples, as SciPy's exact test has them",
    metric: nullCalibration({ of: 'cka', permutations: 119 }),
    batch: { x: x.slice(0, 5), y: y.slice(0, 5) },
    expected: { value: permutation5.value, pValue: permutation5.pValue, exact: true, permutations: 119 },
    streams: false,
    // Samples 4 and 5 of y are equal, and orders that exchange them tie up to float32's rounding.
    onDevices: false,
  },
  {
    title: 'of neighbours',
    metric: nullCalibration({ of: nearestNeighborAgreement({ k: 4 }), permutations: 20 }),
    batch: { x: known.inputs.x, y: known.inputs.y },
    expected: { expectedNull: null, exact: false, permutations: 20 },
    streams: false,
  },
]);

const similarities: Readonly<Record<string, SimilarityMetric<{ readonly value: number }>>> = {
  'cka biased': cka(),
  'cka debiased': cka({ debiased: true }),
  'cka with an RBF kernel': cka({ kernel: 'rbf' }),
  'cka with an RBF kernel, debiased': cka({ kernel: 'rbf', debiased: true }),
  representationalSimilarity: representationalSimilarity(),
  'representationalSimilarity as in the paper': representationalSimilarity({ preset: 'paper' }),
  nearestNeighborAgreement: nearestNeighborAgreement({ k: 4 }),
  cknna: cknna({ k: 6 }),
  'analysis by ranks': representationalSimilarityAnalysis(),
  'analysis by τ': representationalSimilarityAnalysis({ comparisons: ['kendall'] }),
  'analysis by the whitened cosine': representationalSimilarityAnalysis({ comparisons: ['whitenedCosine'] }),
  'analysis of distances': representationalSimilarityAnalysis({
    dissimilarities: ['squaredEuclidean'],
    comparisons: ['pearson'],
  }),
  procrustes: procrustes(),
  'procrustesDistance, not normalised': procrustesDistance({ normalize: false }),
  meanCca: meanCca(),
  svcca: svcca({ variance: 0.9 }),
  pwcca: pwcca(),
};

describe('what chance gives, by permutation', () => {
  const sets = { x: normals(1, 16, 5), y: normals(2, 16, 3) };

  for (const [name, similarity] of Object.entries(similarities)) {
    it(`of ${name} is the similarity itself, of samples in other orders`, () => {
      const orders = [...sampleOrders(16, 6, 3).orders()];
      const result = measure(nullCalibration({ of: similarity, permutations: 6, seed: 3 }), sets);
      expectDeepClose(result.value, measure(similarity, sets).value, 1e-9);
      const values = orders.map(
        (order) => measure(similarity, { x: sets.x, ...selectRows({ y: sets.y }, order) }).value,
      );
      expectDeepClose(result.null, values, 1e-9);
    });
  }

  it('of a function is the same, and a distance counts what is no larger', () => {
    const orders = { permutations: 40, seed: 7 };
    const asFunction = (a: HostTensor, b: HostTensor) => measure(cka(), { x: a, y: b }).value;
    const [metric, plain] = [cka(), asFunction].map((of) => measure(nullCalibration({ of, ...orders }), sets));
    expectDeepClose(plain, { ...metric, expectedNull: null }, 1e-9);
    const distance = measure(nullCalibration({ of: (a, b) => -asFunction(a, b), kind: 'distance', ...orders }), sets);
    expect(distance.pValue).toBe(plain!.pValue);
    expectDeepClose(distance.z, -plain!.z!, 1e-9);
    expect(distance.excess).toBeNull();
  });

  it('gives a function the activations as they were', () => {
    const seen: number[][] = [];
    const metric = nullCalibration({
      permutations: 1,
      of(a, b) {
        seen.push(Array.from(a.data), Array.from(b.data));
        return 1;
      },
    });
    const result = measure(metric, {
      x: [[1e30], [-3]],
      y: [
        [[5], [6]],
        [[7], [8e-30]],
      ],
    });
    expect(seen).toEqual([
      [1e30, -3],
      [7, 8e-30, 5, 6],
      [1e30, -3],
      [5, 6, 7, 8e-30],
    ]);
    expect(result).toMatchObject({ pValue: 1, z: null, excess: null, nullStandardDeviation: 0, exact: true });
  });

  it('finds what is common and does not find what is not', () => {
    const rows = rowsOf(normals(5, 60, 4));
    const noisy = rows.map((row, index) =>
      row.map((value, column) => value + normals(9, 60, 4).data[4 * index + column]!),
    );
    const of = nearestNeighborAgreement({ k: 5 });
    expect(measure(nullCalibration({ of, permutations: 199 }), { x: rows, y: noisy }).pValue).toBe(1 / 200);
    // Of p-values where nothing is common a tenth is below a tenth: of 60, with five deviations, not more than 18.
    const values = Array.from({ length: 60 }, (_, part) => {
      const batch = { x: normals(100 + part, 12, 3), y: normals(200 + part, 12, 3) };
      return measure(nullCalibration({ permutations: 19, seed: part }), batch).pValue;
    });
    expect(values.filter((value) => value <= 0.1).length).toBeLessThan(18);
    expect(values.filter((value) => value > 0.5).length).toBeGreaterThan(12);
  });

  it('is that of the same seed, and of no other', () => {
    const nullOf = (seed: number) => measure(nullCalibration({ permutations: 9, seed }), sets).null;
    expect(nullOf(1)).toEqual(nullOf(1));
    expect(nullOf(1)).not.toEqual(nullOf(2));
  });

  it('refuses orders that are none, a second batch, and what is no similarity', () => {
    const metric = nullCalibration();
    const refused = (permutations: number[][]) => () =>
      measure(metric, { x: [[1], [2], [4]], y: [[1], [3], [2]], permutations });
    expect(refused([[0, 1, 1]])).toThrow(/permutations must be orders of 0 … 2, got \[0, 1, 1\]/);
    expect(refused([[0, 1, 3]])).toThrow(/must be orders of 0 … 2/);
    expect(refused([[0, 1]])).toThrow(/permutations must be of shape \[orders, 3\]/);
    const running = accumulate(metric);
    running.update(sets);
    expect(() => running.update(sets)).toThrow(/samples must be of one batch, got .a second one/);
    expect(() => nullCalibration({ of: 3 as never })).toThrow(/of must be a similarity such as cka\(\), or a function/);
    expect(() => nullCalibration({ of: procrustes(), kind: 'similarity' })).toThrow(
      /kind must be 'distance', as of procrustes/,
    );
    expect(() => measure(nullCalibration({ of: () => Number.NaN }), sets)).toThrow(
      /of's value must be finite, got NaN/,
    );
    expect(() => nullCalibration({ of: representationalSimilarity({ preset: 'code' }) })).toThrow(
      /serves other orders of its samples.*Pass a function/,
    );
    expect(() => measure(nullCalibration({ of: cka({ minibatch: true }) }), sets)).toThrow(
      /cka's minibatch must be false/,
    );
    expect(() => measure(metric, { x: tensor([1], [1, 1]), y: tensor([1], [1, 1]) })).toThrow(
      /samples must be at least 2/,
    );
  });
});

describe('orders of samples', () => {
  it('are all there are where they are few, each once, and never the given one', () => {
    const { isExact, count, orders } = sampleOrders(4, 23, 0);
    const texts = [...orders()].map((order) => Array.from(order).join());
    expect([isExact, count, texts.length, new Set(texts).size]).toEqual([true, 23, 23, 23]);
    expect(texts).not.toContain('0,1,2,3');
  });

  it('are drawn where there are more', () => {
    const { isExact, orders } = sampleOrders(4, 22, 0);
    expect([isExact, [...orders()].length]).toEqual([false, 22]);
    for (const order of sampleOrders(300, 3, 1).orders()) expect(new Set(order).size).toBe(300);
  });
});
