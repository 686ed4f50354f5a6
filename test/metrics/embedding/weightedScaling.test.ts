import { multidimensionalScaling } from 'dark-knowledge';
import { describe, expect, it } from 'vitest';
import { isotonicFit } from '../../../src/metrics/embedding/isotonicFit.ts';
import fixture from '../../fixtures/weightedScaling.json' with { type: 'json' };
import { expectDeepClose } from '../../support/deepClose.ts';

const { dissimilarities, weights, start } = fixture;
const holes = fixture.holes.map((row) => row.map((value) => value ?? Number.NaN));
const exact = { tolerance: 1e-14, maxIterations: 20_000, starts: 100, seed: 4 };

function distancesOf(points: readonly (readonly number[])[]): number[] {
  return points.flatMap((a, index) =>
    points.slice(index + 1).map((b) => Math.hypot(...a.map((value, axis) => value - b[axis]!))),
  );
}

describe('multidimensionalScaling of pairs that count differently', () => {
  it("reaches SciPy's least weighted stress", () => {
    const found = multidimensionalScaling(dissimilarities, { ...exact, weights });
    expectDeepClose(found, { stress: fixture.weighted.stress, stress1: fixture.weighted.stress1 }, 1e-8);
    expectDeepClose(distancesOf(found.coordinates), fixture.weighted.distances, 1e-3);
  });

  it('leaves missing pairs out, as SciPy does, whatever stands in their place', () => {
    const found = multidimensionalScaling(holes, { ...exact, missing: 'skip' });
    expectDeepClose(found, { stress: fixture.missing.stress, stress1: fixture.missing.stress1 }, 1e-8);
    const zeros = holes.map((row) => row.map((value) => (Number.isNaN(value) ? 0 : 1)));
    const any = dissimilarities.map((row, i) => row.map((value, j) => (zeros[i]![j] === 0 ? 99 : value)));
    expectDeepClose(multidimensionalScaling(any, { ...exact, weights: zeros }), { ...found }, 1e-9);
    // From one side alone a pair is known.
    const halves = holes.map((row, i) => row.map((value, j) => (j < i ? Number.NaN : value)));
    expectDeepClose(multidimensionalScaling(halves, { ...exact, missing: 'skip' }), { ...found }, 1e-12);
    expect(() => multidimensionalScaling(holes)).toThrow(/finite/);
  });

  it('does not see weights that are all alike', () => {
    const plain = multidimensionalScaling(dissimilarities, { tolerance: 1e-13, maxIterations: 10_000 });
    const threes = dissimilarities.map((row) => row.map(() => 3));
    const weighted = multidimensionalScaling(dissimilarities, {
      tolerance: 1e-13,
      maxIterations: 10_000,
      weights: threes,
    });
    expect(weighted.stress / 3).toBeCloseTo(plain.stress, 8);
    expect(weighted.stress1).toBeCloseTo(plain.stress1, 8);
    expectDeepClose(weighted.coordinates, plain.coordinates, 1e-3);
  });

  it('orders weighted pairs that count, non-metric', () => {
    const found = multidimensionalScaling(dissimilarities, {
      metric: false,
      weights,
      tolerance: 1e-9,
      maxIterations: 3000,
    });
    const metric = multidimensionalScaling(dissimilarities, { weights });
    expect(found.stress1).toBeLessThan(metric.stress1);
    const { dissimilarities: order, distances, weights: counts, fitted } = fixture.isotonic;
    const disparities = new Float64Array(order.length);
    isotonicFit(Float64Array.from(order), Float64Array.from(counts))(Float64Array.from(distances), disparities);
    // Scaled to a weighted mean square of 1.
    const weighed = fitted.reduce((sum, value, at) => sum + counts[at]! * value * value, 0);
    const total = counts.reduce((sum, count) => sum + count, 0);
    fitted.forEach((value, at) => {
      if (counts[at] !== 0) expect(disparities[at]).toBeCloseTo(value * Math.sqrt(total / weighed), 12);
    });
  });

  it("starts where it is told to, and ends where scikit-learn's SMACOF does from there", () => {
    const found = multidimensionalScaling(dissimilarities, { initial: start, tolerance: 1e-14, maxIterations: 50_000 });
    expect(found.stress).toBeCloseTo(fixture.fromStart.stress, 7);
    expectDeepClose(distancesOf(found.coordinates), fixture.fromStart.distances, 1e-3);
    const standing = multidimensionalScaling(dissimilarities, { initial: found.coordinates, tolerance: 1e-9 });
    expect(standing.iterations).toBeLessThan(5);
    expect(() => multidimensionalScaling(dissimilarities, { initial: start.slice(1) })).toThrow(TypeError);
    expect(() => multidimensionalScaling(dissimilarities, { initial: 'elsewhere' as never })).toThrow(/initial/);
  });

  it('refuses what says nothing of where a point is', () => {
    const apart = dissimilarities.map((row, i) => row.map((_, j) => ((i === 0) === (j === 0) ? 1 : 0)));
    expect(() => multidimensionalScaling(dissimilarities, { weights: apart })).toThrow(/enough to connect all points/);
    expect(() => multidimensionalScaling(dissimilarities, { weights, method: 'classical' })).toThrow(
      /'smacof' with weights/,
    );
    const negative = weights.map((row) => row.map((value) => -value));
    expect(() => multidimensionalScaling(dissimilarities, { weights: negative })).toThrow(/at least 0/);
    expect(() => multidimensionalScaling(dissimilarities, { weights: [[0]] })).toThrow(TypeError);
  });
});
