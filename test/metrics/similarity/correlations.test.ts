import { meanCca, measure, procrustesDistance, svcca, tensor } from 'dark-knowledge';
import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import reference from '../../fixtures/similarity.json' with { type: 'json' };
import { expectDeepClose } from '../../support/deepClose.ts';
import { describeMetric } from '../../support/metricSuite.ts';
import { normals, rotated, rowsOf } from './samples.ts';

const { x, y, wideX, wideY, cca: expected } = reference;
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const constant = x.map(() => [0.1, 30.3]);
/** Two columns that repeat sums of others: rank 10 in 12 columns. */
const deficient = x.map((row) => [...row, row[0]! + row[1]!, 2 * row[2]!]);

describeMetric('meanCca', [
  {
    title: 'cosines of the principal angles, as SciPy has them',
    metric: meanCca(),
    batch: { x, y },
    expected: {
      value: mean(expected.correlations),
      correlations: expected.correlations,
      directionsX: 10,
      directionsY: 10,
      samples: 100,
      status: 'ok',
    },
  },
  {
    title: 'sets of different width',
    metric: meanCca(),
    batch: { x: wideX.map((row) => row.slice(0, 5)), y: wideY },
    expected: { correlations: expected.wideCorrelations, directionsX: 5, directionsY: 3, status: 'ok' },
  },
  {
    title: 'columns that repeat others add no direction',
    metric: meanCca(),
    batch: { x: deficient, y },
    expected: { correlations: expected.correlations, directionsX: 10, status: 'ok' },
  },
  {
    title: 'more directions than samples are matched whatever they are, which the status says',
    metric: meanCca(),
    batch: { x: wideX.slice(0, 8).map((row) => row.slice(0, 7)), y: wideY.slice(0, 8) },
    expected: { value: 1, status: 'tooFewSamples' },
  },
  {
    title: 'a constant set',
    metric: meanCca(),
    batch: { x, y: constant },
    expected: { value: 0, correlations: [], status: 'constantY' },
  },
]);

describeMetric('svcca', [
  {
    title: 'the directions that hold 80 % of the variance',
    metric: svcca({ variance: 0.8 }),
    batch: { x, y },
    expected: {
      value: expected.svcca80,
      directionsX: expected.svccaDirections[0],
      directionsY: expected.svccaDirections[1],
      status: 'ok',
    },
  },
  {
    title: 'all of the variance is what meanCca takes',
    metric: svcca({ variance: 1 }),
    batch: { x, y },
    expected: { value: mean(expected.correlations), directionsX: 10 },
  },
  {
    title: 'constant sets',
    metric: svcca(),
    batch: { x: constant, y: constant },
    expected: { status: 'constantBoth' },
  },
]);

describeMetric('procrustesDistance', [
  {
    title: 'the distance after the best rotation',
    metric: procrustesDistance(),
    batch: { x, y },
    expected: { value: expected.procrustes, similarity: Math.sqrt(1 - expected.scipyDisparity), status: 'ok' },
  },
  {
    title: 'without scaling, in the units of the sets',
    // Centred columns ±1 and ±2 along one line: |X| = √2, |Y| = 2√2, so the distance is √2.
    metric: procrustesDistance({ normalize: false }),
    batch: {
      x: [
        [1, 5],
        [3, 5],
      ],
      y: [[0], [4]],
    },
    expected: { value: Math.sqrt(2), similarity: 1 },
  },
  {
    title: 'a constant set',
    metric: procrustesDistance(),
    batch: { x: constant, y },
    expected: { value: 0, similarity: 0, status: 'constantX' },
  },
]);

describe('measures of two sets by their cross-products', () => {
  it('meanCca is unchanged by every invertible linear map, procrustesDistance by rotation and scale', () => {
    fc.assert(
      fc.property(fc.nat(1e6), (seed) => {
        const [a, b] = [rowsOf(normals(seed, 30, 4)), rowsOf(normals(seed + 1, 30, 3))];
        const map = Matrix.add(new Matrix(rowsOf(normals(seed + 2, 4, 4))).mul(0.2), Matrix.eye(4));
        const mapped = new Matrix(a).mmul(map).to2DArray();
        const turned = rotated(seed + 3, a).map((row) => row.map((value) => 3 * value - 8));
        expectDeepClose(measure(meanCca(), { x: mapped, y: b }), { ...measure(meanCca(), { x: a, y: b }) }, 1e-8);
        expectDeepClose(
          measure(procrustesDistance(), { x: turned, y: b }),
          { ...measure(procrustesDistance(), { x: a, y: b }) },
          1e-8,
        );
        expect(measure(procrustesDistance(), { x: turned, y: a }).value).toBeLessThan(1e-6);
      }),
      { numRuns: 20 },
    );
  });

  it('procrustesDistance keeps the triangle inequality', () => {
    fc.assert(
      fc.property(fc.nat(1e6), (seed) => {
        const sets = [0, 1, 2].map((part) => normals(seed + part, 12, 3));
        const distance = (a: number, b: number) => measure(procrustesDistance(), { x: sets[a]!, y: sets[b]! }).value;
        expect(distance(0, 2)).toBeLessThanOrEqual(distance(0, 1) + distance(1, 2) + 1e-12);
        expectDeepClose(distance(0, 1), distance(1, 0), 1e-10);
      }),
      { numRuns: 20 },
    );
  });

  it('refuse widths whose decomposition nobody would wait for, and options out of range', () => {
    const wide = tensor(new Float32Array(5000), [1, 5000]);
    expect(() => measure(meanCca({ form: 'features' }), { x: wide, y: wide })).toThrow(
      /meanCca: number of features must be at most 4096, got 5000/,
    );
    const long = tensor(new Float32Array(5000), [5000, 1]);
    expect(() => measure(svcca({ form: 'gram' }), { x: long, y: long })).toThrow(
      /svcca: number of samples must be at most 4096, got 5000/,
    );
    expect(() => svcca({ variance: 0 })).toThrow(/svcca: variance must be greater than 0/);
    expect(() => svcca({ variance: 1.2 })).toThrow(/svcca: variance must be in \[0, 1\], got 1.2/);
    expect(() => procrustesDistance({ normalise: true } as never)).toThrow(/option must be one of 'normalize'/);
  });
});
