import {
  brierScore,
  calibrationError,
  evaluate,
  klDivergence,
  measure,
  negativeLogLikelihood,
  tensor,
  topLabelConfidences,
} from 'dark-knowledge';
import { compareModels } from 'dark-knowledge-report';
import { assert, double, integer, property, tuple } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rowSample } from '../src/compare/rowSample.ts';
import { classes, labelsOf, logitsOf } from './models.ts';

const rows = 40;
const labels = labelsOf(rows);
const fast = { resamples: 100 };

/** Both models as float64, so that the library's metrics take the same digits. */
const doubles = (seed: number, scale: number) => {
  const { data, shape } = logitsOf(seed, rows, 2);
  return tensor(
    Float64Array.from(data, (value) => scale * value),
    shape,
  );
};

describe('the numbers of a row', () => {
  it('are those of the library’s metrics, for logits of any scale', () => {
    assert(
      property(tuple(integer({ min: 0, max: 1000 }), double({ min: 0.01, max: 300, noNaN: true })), ([seed, scale]) => {
        const [teacher, student] = [doubles(seed, 1), doubles(seed + 1, scale)];
        const { models } = compareModels({ labels, teacher, students: { student }, ...fast });
        const own = models.student!;
        const batch = { logits: student, labels };
        expect(own.negativeLogLikelihood!.value).toBeCloseTo(measure(negativeLogLikelihood(), batch).value, 9);
        expect(own.brierScore!.value).toBeCloseTo(measure(brierScore(), batch).value, 11);
        const calibration = measure(calibrationError(), batch);
        expect(own.expectedCalibrationError!.value).toBeCloseTo(calibration.expected, 11);
        expect(own.overconfidence!.value).toBeCloseTo(calibration.confidence - calibration.accuracy, 11);
        expect(own.accuracy.value).toBe(calibration.accuracy);
        const divergence = evaluate(klDivergence(), { teacherLogits: teacher, studentLogits: student }).value as number;
        expect(own.klDivergence!.value / divergence).toBeCloseTo(1, 9);
      }),
      { numRuns: 30 },
    );
  });

  it('are those of the library’s metrics for probabilities, on edges of bins too', () => {
    // Thirds and fifteenths lie on the edges of 15 bins, in float32 above or below them in float64.
    for (const kind of [Float32Array, Float64Array]) {
      const probabilities = tensor(
        kind.from([1 / 3, 2 / 3, 7 / 15, 8 / 15, 0.4, 0.6, 1, 0, 0.2, 0.8, 0.36, 0.64]),
        [6, 2],
      );
      // 2/3, right, and 0.64, wrong, share a bin or do not: the error tells.
      const given = { probabilities, labels: [1, 1, 1, 0, 0, 0] };
      const { models, reliability } = compareModels({
        labels: given.labels,
        teacher: { probabilities },
        students: { student: { probabilities } },
        ...fast,
      });
      const expected = measure(calibrationError(), given);
      expect(reliability.student!.bins.map(({ count }) => count)).toEqual(expected.bins.map(({ count }) => count));
      expect(models.student!.expectedCalibrationError!.value).toBeCloseTo(expected.expected, 7);
      expect(models.student!.brierScore!.value).toBeCloseTo(measure(brierScore(), given).value, 7);
      expect(models.student!.negativeLogLikelihood!.value).toBeCloseTo(
        measure(negativeLogLikelihood(), given).value,
        7,
      );
      expect(models.student!.klDivergence!.value).toBe(0);
    }
  });

  it('keep the digits of a confidence near 1', () => {
    const logits = tensor(Float64Array.of(0, -40, 3, 0), [2, 2]);
    const { models } = compareModels({ labels: [0, 0], teacher: logits, students: { student: logits }, ...fast });
    const exact = (Math.log1p(Math.exp(-40)) + Math.log1p(Math.exp(-3))) / 2;
    expect(models.student!.negativeLogLikelihood!.value / exact).toBeCloseTo(1, 14);
    const { confidences } = topLabelConfidences({ logits, labels: [0, 0] });
    expect(models.student!.overconfidence!.value).toBeCloseTo((confidences[0]! + confidences[1]!) / 2 - 1, 15);
  });

  it('are infinite where the student rules out what is so, and the intervals say it', () => {
    const teacher = {
      probabilities: [
        [0.5, 0.5],
        [0.9, 0.1],
        [0.8, 0.2],
        [0.7, 0.3],
      ],
    };
    const student = {
      probabilities: [
        [1, 0],
        [0.9, 0.1],
        [0.8, 0.2],
        [0.7, 0.3],
      ],
    };
    const { models } = compareModels({ labels: [1, 0, 0, 0], teacher, students: { student }, resamples: 400 });
    const { negativeLogLikelihood: likelihood, klDivergence: divergence } = models.student!;
    for (const found of [likelihood!, divergence!]) {
      expect([found.value, found.high]).toEqual([Infinity, Infinity]);
      // In (3/4)⁴ of the resamples the row is not drawn.
      expect(Number.isFinite(found.low)).toBe(true);
    }
    expect(models.student!.change!.negativeLogLikelihood!.value).toBe(Infinity);
  });

  it('rule out −Infinity on both sides alike', () => {
    const logits = [
      [0, -Infinity, 1],
      [2, -Infinity, 0],
    ];
    const { models } = compareModels({ labels: [2, 0], teacher: logits, students: { student: logits }, ...fast });
    expect(models.student!.klDivergence!.value).toBe(0);
    expect(Number.isFinite(models.student!.brierScore!.value)).toBe(true);
  });
});

describe('rows drawn from a stream', () => {
  const stream = (most: number, count: number, part: number, seed = 1) => {
    const sample = rowSample(most, seed);
    for (let start = 0; start < count; start += part) {
      const size = Math.min(part, count - start);
      sample.offer(start, size, {
        row: { data: Float64Array.from({ length: size }, (_, row) => start + row), shape: [size] },
      });
    }
    return Array.from(sample.taken().row!.data);
  };

  it('are all of them where they are few, and do not depend on the parts', () => {
    expect(stream(50, 20, 7)).toEqual(Array.from({ length: 20 }, (_, row) => row));
    expect(stream(50, 5000, 7)).toEqual(stream(50, 5000, 1000));
    expect(stream(50, 5000, 7)).toHaveLength(50);
    expect(stream(50, 5000, 7, 2)).not.toEqual(stream(50, 5000, 7));
  });

  it('come from everywhere alike', () => {
    const drawn = stream(2000, 20_000, 512);
    const quarters = [0, 0, 0, 0];
    for (const row of drawn) quarters[Math.floor(row / 5000)]!++;
    // Each is a hypergeometric count: 500 with a standard deviation of √(2000·¼·¾·0.9) = 18.4.
    for (const count of quarters) expect(Math.abs(count - 500)).toBeLessThan(4 * 18.4);
  });
});

it('has the classes that the models have', () => {
  expect(logitsOf(1, rows, 1).shape[1]).toBe(classes);
});
