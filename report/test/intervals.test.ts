import {
  accuracy,
  bootstrapMetric,
  bootstrapMetricDifference,
  brierScore,
  calibrationError,
  cka,
  jackknifeInterval,
  measure,
  negativeLogLikelihood,
  randomNormal,
  selectRows,
  subsamplingInterval,
  tensor,
} from 'dark-knowledge';
import { compareModels } from 'dark-knowledge-report';
import { describe, expect, it } from 'vitest';
import { centredInterval, meanOfTrials, percentileInterval, quantile } from '../src/compare/estimates.ts';
import { normalQuantile } from '../src/compare/normalQuantile.ts';
import { resampledSums } from '../src/compare/resampledSums.ts';
import { ckaInfluence, standardErrorOf } from '../src/compare/similarity.ts';
import { featuresOf, labelsOf, logitsOf } from './models.ts';

const rows = 300;
const labels = labelsOf(rows);
const [teacher, distilled, independent] = [logitsOf(1, rows, 2.5), logitsOf(2, rows, 2), logitsOf(3, rows, 1.5)];
const comparison = compareModels({ labels, teacher, students: { distilled, independent }, seed: 4, resamples: 500 });
const options = { seed: 4, resamples: 500 };

describe('intervals of means', () => {
  it('are the library’s bootstrap, draw by draw', () => {
    const batch = { logits: distilled, labels };
    for (const [field, interval] of [
      ['accuracy', bootstrapMetric(accuracy(), batch, options)],
      ['negativeLogLikelihood', bootstrapMetric(negativeLogLikelihood(), batch, options)],
      ['brierScore', bootstrapMetric(brierScore(), batch, options)],
    ] as const) {
      const { value, lower, upper } = interval;
      const own = comparison.models.distilled![field]!;
      expect(own.value).toBeCloseTo(value, 6);
      expect(own.low).toBeCloseTo(lower, 6);
      expect(own.high).toBeCloseTo(upper, 6);
    }
  });

  it('of differences are paired, between students and from the teacher', () => {
    const between = bootstrapMetricDifference(
      accuracy(),
      { logits: distilled, labels },
      { logits: independent, labels },
      options,
    );
    const own = comparison.differences['distilled - independent']!;
    expect([own.first, own.second]).toEqual(['distilled', 'independent']);
    expect([own.accuracy.low, own.accuracy.high]).toEqual([
      expect.closeTo(between.lower, 12),
      expect.closeTo(between.upper, 12),
    ]);
    const change = bootstrapMetricDifference(
      accuracy(),
      { logits: distilled, labels },
      { logits: teacher, labels },
      options,
    );
    expect(comparison.models.distilled!.change!.accuracy.low).toBeCloseTo(change.lower, 12);
    // Paired, they are narrower than the two models' own would make them.
    const width = ({ low, high }: { low: number; high: number }) => high - low;
    const apart = Math.hypot(
      width(comparison.models.distilled!.accuracy),
      width(comparison.models.independent!.accuracy),
    );
    expect(width(own.accuracy)).toBeLessThan(apart);
  });

  it('have every resample count as many rows as there are, in columns, flags and bins', () => {
    const count = 1200;
    const ones = new Float64Array(count).fill(1);
    // Nine flags: the last is in a byte of its own. Two of three rows have it.
    const flags = Array.from({ length: 9 }, (_, flag) =>
      Uint8Array.from({ length: count }, (_, row) => (flag < 8 || row % 3 > 0 ? 1 : 0)),
    );
    const thirds = { bin: Uint8Array.from({ length: count }, (_, row) => row % 3), bins: 3, values: ones };
    const drawing = resampledSums(
      { rows: count, columns: [ones], flags, binned: [thirds] },
      { resamples: 101, seed: 0 },
    );
    let step = drawing.next();
    while (!step.done) step = drawing.next();
    const { sums, flagSums, binSums } = step.value;
    const everywhere = Array.from({ length: 101 }, () => count);
    expect(Array.from(sums[0]!)).toEqual(everywhere);
    for (const flag of flagSums.slice(0, 8)) expect(Array.from(flag)).toEqual(everywhere);
    flagSums[8]!.forEach((sum, resample) => {
      expect(sum).toBe(binSums[0]![3 * resample + 1]! + binSums[0]![3 * resample + 2]!);
      expect(sum + binSums[0]![3 * resample]!).toBe(count);
    });
  });
});

describe('the interval of an expected calibration error', () => {
  it('lies around the value, where percentiles lie above it', () => {
    const { value, low, high } = comparison.models.teacher!.expectedCalibrationError!;
    expect(low).toBeLessThan(value);
    expect(high).toBeGreaterThan(value);
  });

  it('of a single bin far from calibrated is that of the mean gap', () => {
    // Confidence 0.9 in every row, half of them right: ECE = 0.9 − accuracy, whose standard error is √(¼/n).
    const count = 1000;
    const logits = tensor(
      Float64Array.from({ length: 2 * count }, (_, at) => (at % 2 === 0 ? Math.log(9) : 0)),
      [count, 2],
    );
    const right = Int32Array.from({ length: count }, (_, row) => row % 2);
    const { models } = compareModels({
      labels: right,
      teacher: logits,
      students: { student: logits },
      resamples: 2000,
    });
    const { value, low, high } = models.student!.expectedCalibrationError!;
    const half = 1.96 * Math.sqrt(0.25 / count);
    expect(value).toBeCloseTo(0.4, 12);
    expect((value - low) / half).toBeCloseTo(1, 1);
    expect((high - value) / half).toBeCloseTo(1, 1);
  });

  it('is that of the library’s subsampling, in place and in width', () => {
    const batch = { logits: distilled, labels };
    const { lower, upper } = subsamplingInterval(
      (chosen) => measure(calibrationError(), selectRows(batch, chosen)).value,
      { rows, resamples: 600, seed: 2 },
    );
    const { value, low, high } = comparison.models.distilled!.expectedCalibrationError!;
    expect((high - low) / (upper - lower)).toBeGreaterThan(0.8);
    expect((high - low) / (upper - lower)).toBeLessThan(1.25);
    expect(Math.abs(low + high - (lower + upper)) / (upper - lower)).toBeLessThan(0.25);
    // The plain bootstrap's lies higher: that is what this one mends.
    const plain = bootstrapMetric(calibrationError(), batch, options);
    expect(plain.lower + plain.upper).toBeGreaterThan(low + high);
    expect(plain.value).toBeCloseTo(value, 6);
  });

  it('does not leave [0, 1]', () => {
    const drawn = { value: 0.01, resamples: Float64Array.from({ length: 200 }, (_, at) => at / 1000) };
    expect(centredInterval(drawn, 0.95, [0, 1]).low).toBe(0);
  });
});

describe('several trials', () => {
  it('spread as the mean of so many trials does, on top of the rows', () => {
    // Without rows' noise, trials 0, 1, 5 have a mean of 2 with a standard error of √(7/3).
    const trials = [0, 1, 5].map((value) => ({ value, resamples: new Float64Array(20_000).fill(value) }));
    const { value, resamples } = meanOfTrials(trials, 1);
    const variance = resamples.reduce((sum, each) => sum + (each - value) ** 2, 0) / resamples.length;
    expect(value).toBe(2);
    expect(variance / (7 / 3)).toBeCloseTo(1, 1);
  });

  it('are the mean of what each gives alone', () => {
    const both = compareModels({
      labels,
      teacher,
      students: { student: [{ logits: distilled }, { logits: independent }] },
      ...options,
    });
    const { models } = both;
    expect(models.student!.trials).toBe(2);
    expect(models.student!.trialAccuracies).toEqual([
      comparison.models.distilled!.accuracy.value,
      comparison.models.independent!.accuracy.value,
    ]);
    for (const field of ['accuracy', 'agreement', 'klDivergence', 'expectedCalibrationError'] as const) {
      const mean = (comparison.models.distilled![field]!.value + comparison.models.independent![field]!.value) / 2;
      expect(models.student![field]!.value).toBeCloseTo(mean, 12);
    }
    expect(both.notes.join(' ')).toMatch(/student are means of trials/);
  });
});

describe('the interval of CKA', () => {
  for (const [title, x, y] of [
    ['by features', featuresOf(1, 120, 6, 0.8), featuresOf(2, 120, 9, 0.8)],
    ['by rows, of which there are fewer', featuresOf(1, 60, 80, 0.8), featuresOf(2, 60, 70, 0.8)],
  ] as const) {
    it(`agrees with leaving out each row in turn, ${title}`, () => {
      const count = x.shape[0]!;
      const { result, influence } = ckaInfluence(x, y);
      const left = jackknifeInterval((chosen) => measure(cka(), selectRows({ x, y }, chosen)).value, {
        rows: count,
        groups: count,
      });
      expect(result.value).toBeCloseTo(left.value, 12);
      expect(standardErrorOf(influence) / left.standardError).toBeGreaterThan(0.9);
      expect(standardErrorOf(influence) / left.standardError).toBeLessThan(1.1);
      // Row by row: what is lost without it, up to terms of 1/rows.
      const losses = Array.from(left.without, (without) => left.value - without);
      const [a, b] = [Array.from(influence), losses];
      const dot = (p: readonly number[], q: readonly number[]) => p.reduce((sum, each, at) => sum + each * q[at]!, 0);
      expect(dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))).toBeGreaterThan(1 - 1.5 / count);
      expect(Math.abs(influence.reduce((sum, each) => sum + each, 0))).toBeLessThan(1e-5);
    });
  }

  it('holds about as often as it says', () => {
    // Of rows from one distribution, the value of many stands for the truth.
    const draw = (seed: number, count: number) => {
      const noise = (part: number, at: number) => randomNormal(seed * 7 + part, at);
      const make = (part: number) =>
        tensor(
          Float32Array.from({ length: 3 * count }, (_, at) => noise(part, at) + 1.2 * noise(9, Math.floor(at / 3))),
          [count, 3],
        );
      return ckaInfluence(make(1), make(2));
    };
    const truth = draw(1, 20_000).result.value;
    const trials = 100;
    let held = 0;
    for (let trial = 0; trial < trials; trial++) {
      const { result, influence } = draw(100 + trial, 200);
      if (Math.abs(result.value - truth) <= 1.96 * standardErrorOf(influence)) held++;
    }
    expect(held / trials).toBeGreaterThan(0.88);
    expect(held / trials).toBeLessThan(0.99);
  });
});

describe('quantiles', () => {
  it('interpolate, and pass infinities by', () => {
    expect(quantile([0, 10], 0.25)).toBe(2.5);
    expect(quantile([0, Infinity, Infinity], 0.75)).toBe(Infinity);
    const drawn = { value: 1, resamples: Float64Array.of(Infinity, 1, 2, Infinity) };
    expect(percentileInterval(drawn, 0.5).high).toBe(Infinity);
  });

  it('of the normal distribution are those of its tables', () => {
    expect(normalQuantile(0.95)).toBeCloseTo(1.959963984540054, 10);
    expect(normalQuantile(0.99)).toBeCloseTo(2.5758293035489004, 10);
    expect(normalQuantile(0.6826894921370859)).toBeCloseTo(1, 10);
  });
});
