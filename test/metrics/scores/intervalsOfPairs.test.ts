/** Intervals of statistics that relate rows with each other: a bootstrap is confidently wrong about them. */
import {
  bootstrapInterval,
  calibrationError,
  cka,
  type HostTensor,
  jackknifeInterval,
  measure,
  randomUniform,
  selectRows,
  subsamplingInterval,
} from 'dark-knowledge';
import { describe, expect, it } from 'vitest';
import { normals } from '../similarity/samples.ts';

const single = ({ data, shape }: HostTensor): HostTensor => ({ data: Float32Array.from(data), shape });
const rows = 200;
const unrelated = { x: single(normals(1, rows, 384)), y: single(normals(2, rows, 384)) };
const debiasedCka = (batch: Readonly<Record<'x' | 'y', HostTensor>>) => (chosen: Int32Array) =>
  measure(cka({ debiased: true }), selectRows(batch, chosen)).value;
/** The exact standard deviation of a debiased CKA of unrelated sets. */
const chance = Math.sqrt(2 / (rows * (rows - 3)));
const values = Float64Array.from({ length: 40 }, (_, row) => randomUniform(3, row) ** 2);
const meanOf = (chosen: Int32Array) => chosen.reduce((sum, row) => sum + values[row]!, 0) / chosen.length;
const ofMean = (() => {
  const mean = meanOf(Int32Array.from(values.keys()));
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, squares, error: Math.sqrt(squares / 39 / 40) };
})();

describe('intervals of the debiased CKA of noise, 200 × 384', () => {
  it('by a bootstrap lie far from the value, which its documentation says', () => {
    const { value, lower } = bootstrapInterval(debiasedCka(unrelated), { rows, resamples: 20 });
    expect(Math.abs(value)).toBeLessThan(4 * chance);
    expect(lower).toBeGreaterThan(0.5);
  });

  it('by subsampling hold 0, and are at most twice as wide as they should be', () => {
    const { value, lower, upper, standardError, size } = subsamplingInterval(debiasedCka(unrelated), {
      rows,
      resamples: 100,
    });
    expect(size).toBe(100);
    expect([lower < 0, upper > 0, lower < value, value < upper]).toEqual([true, true, true, true]);
    // A statistic whose error falls as 1/n: subsamples of half the rows have four times the variance, and are not all free.
    expect(standardError / chance).toBeGreaterThan(1.3);
    expect(standardError / chance).toBeLessThan(2.1);
  });

  it('by the jackknife hold 0, and are at most half as wide again', () => {
    const { lower, upper, standardError, bias } = jackknifeInterval(debiasedCka(unrelated), { rows, groups: 40 });
    expect([lower < 0, upper > 0]).toEqual([true, true]);
    // Of a statistic of pairs without a part of single rows the jackknife's variance is twice the true one.
    expect(standardError / chance).toBeGreaterThan(1);
    expect(standardError / chance).toBeLessThan(1.9);
    expect(Math.abs(bias)).toBeLessThan(chance);
  });
});

describe('intervals of related sets', () => {
  it('hold the value of ten times as many rows in most of 20 draws', () => {
    const truthOf = (seed: number, count: number) => {
      const x = normals(seed, count, 4);
      const noise = normals(seed + 1000, count, 4);
      return { x, y: { data: Float64Array.from(x.data, (value, at) => value + noise.data[at]!), shape: x.shape } };
    };
    const truth = measure(cka({ debiased: true }), truthOf(7, 20_000)).value;
    let [subsampled, jackknifed] = [0, 0];
    for (let draw = 0; draw < 20; draw++) {
      const statistic = debiasedCka(truthOf(draw, 60));
      const options = { rows: 60, confidence: 0.9, seed: draw };
      const first = subsamplingInterval(statistic, { ...options, resamples: 60 });
      const second = jackknifeInterval(statistic, options);
      if (first.lower < truth && truth < first.upper) subsampled++;
      if (second.lower < truth && truth < second.upper) jackknifed++;
    }
    // Of 20 with a probability of .9, fewer than 14 happen once in 400.
    expect(subsampled).toBeGreaterThanOrEqual(14);
    expect(jackknifed).toBeGreaterThanOrEqual(14);
  });
});

describe('jackknifeInterval', () => {
  it('has the standard error of a mean, s/√n, exactly, and no bias', () => {
    const { value, standardError, bias, without } = jackknifeInterval(meanOf, { rows: 40 });
    expect(value).toBeCloseTo(ofMean.mean, 14);
    expect(standardError).toBeCloseTo(ofMean.error, 14);
    expect(bias).toBeCloseTo(0, 12);
    expect(without).toHaveLength(40);
  });

  it('finds the bias of a variance over n, −σ²/n', () => {
    const variance = (chosen: Int32Array) => {
      const mean = meanOf(chosen);
      return chosen.reduce((sum, row) => sum + (values[row]! - mean) ** 2, 0) / chosen.length;
    };
    expect(jackknifeInterval(variance, { rows: 40 }).bias).toBeCloseTo(-ofMean.squares / 39 / 40, 12);
  });

  it('leaves out groups of sizes that differ by one, each row once', () => {
    const sizes: number[] = [];
    const seen = new Int32Array(10);
    jackknifeInterval(
      (chosen) => {
        if (chosen.length < 10) {
          sizes.push(chosen.length);
          const rest = new Set(chosen);
          for (let row = 0; row < 10; row++) if (!rest.has(row)) seen[row]!++;
        }
        return chosen.length;
      },
      { rows: 10, groups: 4, seed: 5 },
    );
    expect(sizes.sort()).toEqual([7, 7, 8, 8]);
    expect(Array.from(seen)).toEqual(new Array(10).fill(1));
  });

  it('refuses what it cannot leave out', () => {
    expect(() => jackknifeInterval(meanOf, { rows: 40, groups: 41 })).toThrow(
      /groups must be a whole number of at most 40/,
    );
    expect(() => jackknifeInterval(meanOf, { rows: 2 })).toThrow(/rows/);
    expect(() => jackknifeInterval(3 as never, { rows: 20 })).toThrow(/statistic must be a function/);
    expect(() => jackknifeInterval(() => Number.NaN, { rows: 20 })).toThrow(/statistic must be a number/);
  });
});

describe('subsamplingInterval', () => {
  it('has the standard error of a mean, whatever the size of the subsamples', () => {
    for (const size of [8, 20, 32]) {
      const { standardError } = subsamplingInterval(meanOf, { rows: 40, size, resamples: 4000, seed: 2 });
      // Without replacement the subsamples' variance is (1/m − 1/n)·s²; of 4000 draws it is known to 1.1 %, three of those.
      expect(Math.abs(standardError / ofMean.error - 1)).toBeLessThan(0.034);
    }
  });

  it('draws no row twice, in rising order, the same for the same seed', () => {
    const drawn: string[] = [];
    const note = (chosen: Int32Array) => {
      expect(chosen.every((row, at) => at === 0 || row > chosen[at - 1]!)).toBe(true);
      drawn.push(chosen.join());
      return 0;
    };
    subsamplingInterval(note, { rows: 20, resamples: 10, seed: 1 });
    const first = drawn.splice(0);
    subsamplingInterval(note, { rows: 20, resamples: 10, seed: 1 });
    expect(drawn).toEqual(first);
    expect(new Set(first).size).toBe(11);
    expect(() => subsamplingInterval(note, { rows: 20, size: 20 })).toThrow(
      /size must be a whole number of at most 19/,
    );
  });

  it('lies around a calibration error where a bootstrap lies above it', () => {
    const confidences = Float64Array.from({ length: 400 }, (_, row) => 0.5 + 0.5 * randomUniform(1, row));
    const probabilities = Array.from(confidences, (p) => [p, 1 - p]);
    const labels = Array.from(confidences, (p, row) => (randomUniform(2, row) < p ? 0 : 1));
    const error = (chosen: Int32Array) =>
      measure(calibrationError(), selectRows({ probabilities, labels }, chosen)).value;
    const bootstrap = bootstrapInterval(error, { rows: 400, resamples: 100 });
    const subsamples = subsamplingInterval(error, { rows: 400, resamples: 100 });
    expect(bootstrap.lower + bootstrap.upper).toBeGreaterThan(2 * bootstrap.value * 1.2);
    expect(subsamples.lower).toBeLessThan(subsamples.value);
    expect(subsamples.upper).toBeGreaterThan(subsamples.value);
  });
});

describe('intervals around a mean', () => {
  it.each([
    ['jackknifeInterval', jackknifeInterval],
    ['subsamplingInterval', subsamplingInterval],
  ] as const)('%s refuses a statistic that is infinite', (name, interval) => {
    const infinite = (chosen: Int32Array) => (chosen.includes(0) ? Infinity : 1);
    expect(() => interval(infinite, { rows: 4 })).toThrow(`${name}: statistic must be finite, got Infinity.`);
  });

  it('a confidence too near 1 is refused by the name of who was asked', () => {
    expect(() => jackknifeInterval(meanOf, { rows: 40, confidence: 1 - 1e-12 })).toThrow(
      /^jackknifeInterval: confidence must be strictly between 0 and 0.999999999/,
    );
  });
});
