/** Distances between shapes, and canonical correlations weighted by what they hold. */
import { measure, procrustes, procrustesDistance, pwcca, similarityMatrix, tensor } from 'dark-knowledge';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import procrustesReference from '../../fixtures/catalogue/procrustes.json' with { type: 'json' };
import pwccaReference from '../../fixtures/catalogue/pwcca.json' with { type: 'json' };
import reference from '../../fixtures/representations.json' with { type: 'json' };
import { expectDeepClose } from '../../support/deepClose.ts';
import { describeMetric } from '../../support/metricSuite.ts';
import { normals, rotated, rowsOf } from './samples.ts';

const { x, y, shapes, weighted } = reference;
const shape = procrustesReference.cases[0]!;
const projection = pwccaReference.cases[0]!;
const constant = x.map(() => [0.1, 30.3]);

describeMetric('procrustes', [
  {
    title: "the catalogue's",
    metric: procrustes(),
    batch: shape.inputs,
    expected: { value: shape.result.angular, ...shape.result, samples: 30, status: 'ok' },
  },
  {
    title: "SciPy's, by features",
    metric: procrustes(),
    batch: { x, y },
    expected: {
      angular: shapes.angular,
      squared: 2 - 2 * Math.sqrt(1 - shapes.scipyDisparity),
      normalizedBuresSimilarity: shapes.normalizedBuresSimilarity,
      bures: shapes.bures,
    },
  },
  {
    title: "SciPy's, by Gram matrices",
    metric: procrustes({ form: 'gram' }),
    batch: { x, y },
    expected: { angular: shapes.angular, bures: shapes.bures },
    streams: false,
  },
  {
    title: 'a turned copy, a ten-millionth away',
    metric: procrustes(),
    batch: { x, y: reference.nearly.y },
    expected: { angular: reference.nearly.angular },
    tolerance: 1e-15,
    // A stream has the products alone, and float32 not that many digits.
    streams: false,
    onDevices: false,
  },
  {
    title: 'a turned copy of more features than samples, by Gram matrices',
    metric: procrustes({ form: 'gram' }),
    batch: { x: x.slice(0, 5), y: reference.nearlyWide.y },
    expected: { angular: reference.nearlyWide.angular },
    tolerance: 1e-15,
    streams: false,
    onDevices: false,
  },
  {
    title: 'a constant set',
    metric: procrustes(),
    batch: { x, y: constant },
    expected: { value: 0, distance: 0, normalizedBuresSimilarity: 0, status: 'constantY' },
  },
]);

describeMetric('pwcca', [
  {
    title: "the catalogue's",
    metric: pwcca(),
    batch: projection.inputs,
    expected: { ...projection.result, directionsX: 6, directionsY: 5, samples: 30, status: 'ok' },
  },
  {
    title: "of both sides' weights, as repsim has it",
    metric: pwcca({ convention: 'mean' }),
    batch: projection.inputs,
    expected: { value: 0.8051579966042 },
  },
  {
    title: 'weights by the definition, by Gram matrices',
    metric: pwcca({ form: 'gram', convention: 'smaller' }),
    batch: { x, y },
    expected: {
      value: weighted.weightedByY,
      weightedByX: weighted.weightedByX,
      weightedByY: weighted.weightedByY,
      canonicalCorrelations: weighted.correlations,
      status: 'ok',
    },
    streams: false,
  },
  {
    title: 'a constant set',
    metric: pwcca(),
    batch: { x: constant, y },
    expected: { value: 0, canonicalCorrelations: [], status: 'constantX' },
  },
]);

describe('shapes', () => {
  it('of a turned and scaled copy are at no angle but that of rounding, in float32 too', () => {
    const turned = rotated(4, x).map((row) => row.map((value) => 5 * value + 1));
    expect(measure(procrustes(), { x, y: turned }).angular).toBeLessThan(1e-14);
    expect(measure(procrustesDistance(), { x: turned, y: x }).value).toBeLessThan(1e-14);
    const single = tensor(Float32Array.from(turned.flat()), [24, 7]);
    expect(measure(procrustes(), { x: single, y: single }).angular).toBeLessThan(1e-14);
    expect(measure(procrustes(), { x: single, y: tensor(Float32Array.from(x.flat()), [24, 7]) }).angular).toBeLessThan(
      1e-6,
    );
    expect(measure(procrustes(), { x, y: x }).bures).toBeLessThan(1e-13);
  });

  it("have a Bures similarity that is their Gram matrices' fidelity", () => {
    expectDeepClose(measure(procrustes(), { x, y }).normalizedBuresSimilarity, shapes.fidelity, 1e-7);
  });

  it('are at an angle that keeps the triangle inequality, and at the chord that procrustesDistance has', () => {
    fc.assert(
      fc.property(fc.nat(1e6), (seed) => {
        const sets = [0, 1, 2].map((part) => normals(seed + part, 12, 3));
        const between = (a: number, b: number) => measure(procrustes(), { x: sets[a]!, y: sets[b]! });
        expect(between(0, 2).angular).toBeLessThanOrEqual(between(0, 1).angular + between(1, 2).angular + 1e-12);
        expect(between(0, 2).bures).toBeLessThanOrEqual(between(0, 1).bures + between(1, 2).bures + 1e-12);
        const batch = { x: sets[0]!, y: sets[1]! };
        expectDeepClose(between(0, 1).distance, measure(procrustesDistance(), batch).value, 1e-12);
        const { bures } = between(0, 1);
        expectDeepClose(bures, measure(procrustesDistance({ normalize: false }), batch).value, 1e-12);
      }),
      { numRuns: 15 },
    );
  });
});

describe('projection-weighted canonical correlation', () => {
  it('is not symmetric in its own convention, and a matrix of models says both', () => {
    const batch = { a: x, b: y };
    const own = measure(similarityMatrix({ models: ['a', 'b'], similarity: pwcca() }), batch);
    expectDeepClose(
      own.value,
      [
        [1, weighted.weightedByX],
        [weighted.weightedByY, 1],
      ],
      1e-9,
    );
    expect(own.cells[1]![0]).toMatchObject({ directionsX: 4, directionsY: 7 });
    for (const convention of ['smaller', 'mean'] as const) {
      const { value } = measure(similarityMatrix({ models: ['a', 'b'], similarity: pwcca({ convention }) }), batch);
      expect(value[0]![1]).toBe(value[1]![0]);
    }
  });

  it('does not change with a rotation of y, and is a mean of the correlations', () => {
    fc.assert(
      fc.property(fc.nat(1e6), (seed) => {
        const [a, b] = [rowsOf(normals(seed, 20, 5)), rowsOf(normals(seed + 1, 20, 4))];
        const { value, canonicalCorrelations } = measure(pwcca(), { x: a, y: b });
        expectDeepClose(measure(pwcca(), { x: a, y: rotated(seed + 2, b) }).value, value, 1e-9);
        expect(value).toBeLessThanOrEqual(canonicalCorrelations[0]!);
        expect(value).toBeGreaterThanOrEqual(canonicalCorrelations.at(-1)!);
      }),
      { numRuns: 15 },
    );
  });

  it('refuses a convention that it has not', () => {
    expect(() => pwcca({ convention: 'y' as never })).toThrow(/convention must be one of 'x', 'smaller', 'mean'/);
  });
});
