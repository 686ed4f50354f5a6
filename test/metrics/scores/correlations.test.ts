import {
  accumulate,
  kendallCorrelation,
  measure,
  pearsonCorrelation,
  predictionFlips,
  spearmanCorrelation,
} from 'dark-knowledge';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import fixture from '../../fixtures/scores.json' with { type: 'json' };
import { describeMetric } from '../../support/metricSuite.ts';

const { x, y, tiesX, tiesY, pearson, spearman, spearmanTies } = fixture.correlation;

describeMetric('pearsonCorrelation', [
  {
    title: "SciPy's",
    metric: pearsonCorrelation(),
    batch: { x: x.map((value) => value - 1000), y },
    expected: { value: pearson, status: 'ok', count: 60 },
  },
  {
    title: "SciPy's, with a mean of 1000 standard deviations",
    metric: pearsonCorrelation(),
    batch: { x, y },
    expected: { value: pearson },
    // In float32 the numbers themselves have lost three digits.
    onDevices: false,
  },
  {
    title: 'a straight line',
    metric: pearsonCorrelation(),
    batch: {
      x: [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
      y: [
        [-1, -2],
        [-3, -4],
        [-5, -6],
      ],
    },
    expected: { value: -1, count: 6 },
  },
  {
    title: 'constant x has a status, though its mean is rounded',
    metric: pearsonCorrelation(),
    batch: { x: [0.1, 0.1, 0.1], y: [1, 2, 3] },
    expected: { value: 0, status: 'constant' },
  },
]);

describe('pearsonCorrelation', () => {
  it('keeps its digits in float32 storage with a mean of 1e4 standard deviations, streamed in parts', () => {
    const shifted = x.map((value) => (value - 1000) / 1 + 1e8);
    const running = accumulate(pearsonCorrelation());
    for (let at = 0; at < 60; at += 7) running.update({ x: shifted.slice(at, at + 7), y: y.slice(at, at + 7) });
    // 1e8 in float64 leaves eight digits of the deviations.
    expect(running.compute().value).toBeCloseTo(pearson, 6);
  });
  it('refuses NaN, Infinity and different shapes', () => {
    expect(() => measure(pearsonCorrelation(), { x: [1, Number.NaN], y: [1, 2] })).toThrow(/finite numbers/);
    expect(() => measure(pearsonCorrelation(), { x: [1, 2], y: [1, Infinity] })).toThrow(/finite numbers/);
    expect(() => measure(pearsonCorrelation(), { x: [1, 2], y: [1] })).toThrow(/y must be of the shape of the rows/);
    expect(() => pearsonCorrelation([1, 2], [1])).toThrow(/of the shape of x/);
    expect(() => pearsonCorrelation([1, Infinity], [1, 2])).toThrow(/x must be finite numbers, got Infinity/);
  });
});

describe('spearmanCorrelation', () => {
  it("agrees with SciPy's, with and without ties", () => {
    expect(spearmanCorrelation(x, y).value).toBeCloseTo(spearman, 14);
    expect(spearmanCorrelation(tiesX, tiesY).value).toBeCloseTo(spearmanTies, 14);
  });

  it('is exact at 300 000 rows with three tie groups', () => {
    const count = 300000;
    const groups = Float64Array.from({ length: count }, (_, i) => (i * 7919 + Math.floor(i / 3)) % 3);
    const noisy = Float64Array.from({ length: count }, (_, i) => groups[i]! * 5 + ((i * 104729) % 11));
    const { threeAgainstFifteen, threeAgainstThree, threeAgainstDistinct } = fixture.large;
    expect(spearmanCorrelation(groups, noisy).value).toBeCloseTo(threeAgainstFifteen, 14);
    expect(
      spearmanCorrelation(
        groups,
        noisy.map((value) => Math.floor(value / 6)),
      ).value,
    ).toBeCloseTo(threeAgainstThree, 14);
    expect(
      spearmanCorrelation(
        groups,
        groups.map((_, i) => i),
      ).value,
    ).toBeCloseTo(threeAgainstDistinct, 14);
    // By hand: three tie groups of a third each against distinct numbers in the same order give √(8/9) as n grows:
    // ρ² = (1 − 1/9)·n²/(n² − 1).
    const sorted = Float64Array.from({ length: count }, (_, i) => Math.floor(i / (count / 3)));
    const exact = Math.sqrt(((8 / 9) * count * count) / (count * count - 1));
    expect(
      Math.abs(
        spearmanCorrelation(
          sorted,
          sorted.map((_, i) => i),
        ).value - exact,
      ),
    ).toBeLessThan(2.3e-16);
  });

  it('does not change under rising maps, permutations and exchange', () => {
    const pair = fc.tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: -9, max: 9 }));
    fc.assert(
      fc.property(fc.array(pair, { minLength: 2, maxLength: 40 }), (rows) => {
        const [left, right] = [rows.map(([a]) => a), rows.map(([, b]) => b)];
        const result = spearmanCorrelation(left, right);
        expect(
          spearmanCorrelation(
            left.map((value) => Math.exp(value) - 3),
            right,
          ),
        ).toEqual(result);
        expect(spearmanCorrelation([...left].reverse(), [...right].reverse())).toEqual(result);
        expect(spearmanCorrelation(right, left).value).toBeCloseTo(result.value, 14);
      }),
    );
  });

  it('keeps whole numbers apart that are one in float32, as every metric does', () => {
    const x = Int32Array.of(16777216, 16777217, 16777218, 16777219, 16777221);
    const y = Int32Array.of(1, 2, 3, 4, 6);
    for (const metric of [pearsonCorrelation(), spearmanCorrelation(), kendallCorrelation()]) {
      expect(measure(metric, { x, y }).value).toBeCloseTo(1, 12);
    }
    const ids = { x: Uint32Array.of(1700000000, 1700000010, 1700000020), y: Float32Array.of(1, 2, 3) };
    expect(measure(spearmanCorrelation(), ids).value).toBeCloseTo(1, 12);
    const flipped = { before: Int32Array.of(16777217, 1), after: Int32Array.of(16777216, 1) };
    const counts = measure(predictionFlips({ from: 'predictions' }), { ...flipped, labels: Int32Array.of(5, 1) });
    expect(counts.bothWrongDifferently).toBe(1);
  });

  it('has a status for a constant, and ranks infinities', () => {
    expect(spearmanCorrelation([1, 1, 1], [1, 2, 3])).toEqual({
      value: 0,
      status: 'constant',
      count: 3,
      interval: null,
      pValue: null,
    });
    expect(spearmanCorrelation([-Infinity, 0, Infinity], [1, 2, 3]).value).toBe(1);
    expect(() => spearmanCorrelation([1, Number.NaN], [1, 2])).toThrow(/free of NaN/);
    expect(() => spearmanCorrelation([1, 2], [1, 2, 3])).toThrow(TypeError);
  });
});
