import {
  accuracy,
  type BootstrapMethod,
  bootstrapInterval,
  jackknifeInterval,
  measure,
  pairedBootstrapDifference,
  selectRows,
} from 'dark-knowledge';
import { describe, expect, it } from 'vitest';
import bounds from '../../fixtures/bootstrap.json' with { type: 'json' };
import fixture from '../../fixtures/scores.json' with { type: 'json' };

const { values, other, lower, upper, standardError, pairedLower, pairedUpper } = fixture.bootstrap;
const meanOf = (numbers: readonly number[]) => (rows: Int32Array) =>
  rows.reduce((sum, row) => sum + numbers[row]!, 0) / rows.length;

describe('bootstrapInterval', () => {
  const options = { rows: 40, resamples: 20000, seed: 1 };
  const interval = bootstrapInterval(meanOf(values), options);

  it("agrees with SciPy's percentile interval up to the noise of 20 000 resamples", () => {
    // The noise of a 2.5 % quantile of m draws is √(.025·.975/m)/density ≈ 0.019·σ here; three of them, on two sides.
    const noise = 3 * Math.SQRT2 * 0.019 * standardError;
    expect(Math.abs(interval.lower - lower)).toBeLessThan(noise);
    expect(Math.abs(interval.upper - upper)).toBeLessThan(noise);
  });

  it('has the standard error of a mean, √(Σ (x − x̄)²)/n', () => {
    const mean = values.reduce((sum, value) => sum + value, 0) / 40;
    const exact = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0)) / 40;
    expect(interval.value).toBeCloseTo(mean, 14);
    expect(Math.abs(interval.standardError / exact - 1)).toBeLessThan(0.02);
  });

  it('is the same for the same seed, another for another, and its resamples do not depend on their number', () => {
    const few = bootstrapInterval(meanOf(values), { rows: 40, resamples: 50, seed: 1 });
    expect(Array.from(few.resamples)).toEqual(Array.from(interval.resamples.slice(0, 50)));
    const otherSeed = bootstrapInterval(meanOf(values), { rows: 40, resamples: 50, seed: 2 });
    expect(Array.from(otherSeed.resamples)).not.toEqual(Array.from(few.resamples));
  });

  it('scales with its statistic, whatever the size', () => {
    for (const size of [2 ** 600, 2 ** -600]) {
      for (const method of ['percentile', 'bca'] as const) {
        const of = (factor: number) =>
          bootstrapInterval(meanOf(values.map((value) => value * factor)), { rows: 40, resamples: 200, method });
        const [plain, scaled] = [of(1), of(size)];
        expect(scaled.standardError / size / plain.standardError).toBeCloseTo(1, 12);
        expect(scaled.lower / size).toBeCloseTo(plain.lower, 12);
        expect(scaled.upper / size).toBeCloseTo(plain.upper, 12);
      }
      const jackknifed = (factor: number) => jackknifeInterval((rows) => factor * meanOf(values)(rows), { rows: 40 });
      expect(jackknifed(size).standardError / size / jackknifed(1).standardError).toBeCloseTo(1, 12);
    }
  });

  it('takes a metric over selected rows', () => {
    const { studentLogits: logits, labels } = fixture;
    const result = bootstrapInterval((rows) => measure(accuracy(), selectRows({ logits, labels }, rows)).value, {
      rows: 90,
      resamples: 300,
      seed: 5,
    });
    const p = result.value;
    expect(p).toBe(measure(accuracy(), { logits, labels }).value);
    // Binomial: √(p(1 − p)/n), with 300 resamples known to 4 %; four of those.
    expect(Math.abs(result.standardError / Math.sqrt((p * (1 - p)) / 90) - 1)).toBeLessThan(0.17);
  });

  it('is a point for a constant, and refuses NaN and bad options', () => {
    expect(bootstrapInterval(() => 3, { rows: 5, resamples: 10 })).toMatchObject({
      lower: 3,
      upper: 3,
      standardError: 0,
    });
    expect(() => bootstrapInterval(() => Number.NaN, { rows: 5 })).toThrow(/statistic must be a number/);
    expect(() => bootstrapInterval(() => 1, { rows: 0 })).toThrow(/rows/);
    expect(() => bootstrapInterval(() => 1, { rows: 5, confidence: 1 })).toThrow(/confidence/);
    expect(() => bootstrapInterval(() => 1, { rows: 5, resamples: 1 })).toThrow(/resamples/);
  });
});

describe('pairedBootstrapDifference', () => {
  const options = { rows: 40, resamples: 20000, seed: 3 };

  it("agrees with SciPy's interval of the rows' differences, far narrower than unpaired", () => {
    const paired = pairedBootstrapDifference(meanOf(values), meanOf(other), options);
    expect(Math.abs(paired.lower - pairedLower)).toBeLessThan(0.003);
    expect(Math.abs(paired.upper - pairedUpper)).toBeLessThan(0.003);
    expect(paired.upper - paired.lower).toBeLessThan((upper - lower) / 3);
    expect(paired.pValue).toBeGreaterThan(0.05);
  });

  it('tells a model that is always better, and equal models', () => {
    const better = pairedBootstrapDifference(
      () => 2,
      () => 1,
      { rows: 4, resamples: 99 },
    );
    expect(better).toMatchObject({ value: 1, lower: 1, upper: 1, pValue: 0.02 });
    expect(
      pairedBootstrapDifference(
        () => 1,
        () => 1,
        { rows: 4, resamples: 99 },
      ).pValue,
    ).toBe(1);
  });
});

describe('bounds of an interval', () => {
  const varianceOf = (numbers: readonly number[]) => (rows: Int32Array) => {
    const mean = rows.reduce((sum, row) => sum + numbers[row]!, 0) / rows.length;
    return rows.reduce((sum, row) => sum + (numbers[row]! - mean) ** 2, 0) / rows.length;
  };
  const alternatives = { 'two-sided': 'twoSided', less: 'less', greater: 'greater' } as const;

  it.each(bounds.cases)(
    'are those of SciPy: $of, $method, $alternative',
    ({ of, lower: low, upper: high, ...asked }) => {
      const options = {
        rows: bounds.rows,
        resamples: bounds.resamples,
        seed: bounds.seed,
        confidence: bounds.confidence,
        method: asked.method as BootstrapMethod,
        alternative: alternatives[asked.alternative as keyof typeof alternatives],
      };
      const [one, two] = [varianceOf(bounds.values), varianceOf(bounds.others)];
      const found = of === 'interval' ? bootstrapInterval(one, options) : pairedBootstrapDifference(one, two, options);
      const close = (bound: number, expected: number | null, none: number) =>
        expected === null ? expect(bound).toBe(none) : expect(Math.abs(bound / expected - 1)).toBeLessThan(1e-10);
      close(found.lower, low, -Infinity);
      close(found.upper, high, Infinity);
      expect(found).toMatchObject({ method: options.method, alternative: options.alternative, confidence: 0.9 });
    },
  );

  it('of a claim of one side come with the share on the other side of 0', () => {
    const differences = (alternative: 'less' | 'greater') =>
      pairedBootstrapDifference(meanOf(values), meanOf(other), { rows: 40, resamples: 199, seed: 3, alternative });
    const less = differences('less');
    const atLeast = less.resamples.filter((value) => value >= 0).length;
    expect(less.pValue).toBe((atLeast + 1) / 200);
    expect(differences('greater').pValue).toBe((less.resamples.filter((value) => value <= 0).length + 1) / 200);
  });

  it('corrected for bias are a point for a constant, and finite where no resample reaches the statistic', () => {
    const constant = bootstrapInterval(() => 3, { rows: 5, resamples: 10, method: 'bca' });
    expect(constant).toMatchObject({ lower: 3, upper: 3 });
    expect(bootstrapInterval(() => 3, { rows: 1, resamples: 10, method: 'bca' })).toMatchObject({ lower: 3, upper: 3 });
    // The number of different rows: no resample has them all.
    const distinct = bootstrapInterval((rows) => new Set(rows).size, { rows: 30, resamples: 50, method: 'bca' });
    const most = Math.max(...distinct.resamples);
    expect(distinct.value).toBe(30);
    expect(most).toBeLessThan(30);
    expect(distinct.upper).toBe(most);
    expect(distinct.lower).toBeGreaterThan(0);
  });

  it('refuse a method and a side that there are not', () => {
    expect(() => bootstrapInterval(() => 1, { rows: 5, method: 'BCa' as never })).toThrow(
      /'percentile', 'basic', 'bca'/,
    );
    expect(() => bootstrapInterval(() => 1, { rows: 5, alternative: 'two-sided' as never })).toThrow(/'twoSided'/);
  });
});

describe('selectRows', () => {
  it('takes rows in the order asked for, of every form of array', () => {
    const { logits, labels } = selectRows(
      {
        logits: [
          [1, 2],
          [3, 4],
        ],
        labels: Int32Array.of(7, 8),
      },
      [1, 1, 0],
    );
    expect(logits).toEqual({ data: Float64Array.of(3, 4, 3, 4, 1, 2), shape: [3, 2] });
    expect(labels).toEqual({ data: Int32Array.of(8, 8, 7), shape: [3] });
  });
  it('refuses rows out of range and arrays that do not fit', () => {
    expect(() => selectRows({ a: [1, 2] }, [2])).toThrow(/whole numbers in \[0, 2\)/);
    expect(() => selectRows({ a: [1, 2], b: [1] }, [0])).toThrow(/of 2 rows/);
  });
});
