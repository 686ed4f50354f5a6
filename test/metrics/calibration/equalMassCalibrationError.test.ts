import {
  calibrationError,
  equalMassBoundaries,
  equalMassCalibrationError,
  measure,
  measureOn,
  tensor,
  topLabelConfidences,
} from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import fixture from '../../fixtures/calibration.json' with { type: 'json' };
import { expectDeepClose } from '../../support/deepClose.ts';

const { logits, labels } = fixture;

describe('equalMassCalibrationError', () => {
  it('gives the known value of three quantile bins', () => {
    // Positive-class probabilities [.1, .05, .5, .2, .99, .99] of events [0, 0, 1, 0, 1, 1], as top labels: all right.
    const rows = { confidences: [0.9, 0.95, 0.5, 0.8, 0.99, 0.99], correct: [1, 1, 1, 1, 1, 1] };
    const { value, bins } = equalMassCalibrationError(rows, { bins: 3 });
    expect(value).toBeCloseTo(0.145, 12);
    expect(bins.map(({ count }) => count)).toEqual([2, 2, 2]);
  });

  it('agrees with NumPy quantiles', () => {
    const { bins, ...expected } = fixture.equalMass;
    const rows = topLabelConfidences({ logits, labels });
    expectDeepClose(equalMassCalibrationError(rows, { bins }), { value: expected.expected, ...expected }, 1e-12);
    expect(equalMassCalibrationError(rows, { bins, norm: 'l2', debiased: true }).value).toBeCloseTo(
      expected.debiased,
      12,
    );
  });

  it('gives the earlier bins one row more where rows do not divide', () => {
    const confidences = [0.7, 0.1, 0.6, 0.2, 0.5, 0.3, 0.4];
    expect(equalMassBoundaries(confidences, 3)).toEqual([0, 0.35, 0.55, 1]);
    const { bins } = equalMassCalibrationError({ confidences, correct: [1, 0, 1, 0, 1, 0, 1] }, { bins: 3 });
    expect(bins.map(({ count }) => count)).toEqual([3, 2, 2]);
  });

  it('streams in two passes: boundaries first', () => {
    const rows = topLabelConfidences({ logits, labels });
    const boundaries = equalMassBoundaries(rows.confidences, 12);
    const streamed = measure(calibrationError({ boundaries }), { logits, labels });
    expectDeepClose(streamed.bins, equalMassCalibrationError(rows, { bins: 12 }).bins, 1e-12);
  });

  it('keeps rows in their bins when a float32 device streams over the boundaries', async () => {
    const rows = topLabelConfidences({ logits, labels });
    const boundaries = equalMassBoundaries(rows.confidences, 12);
    const { bins } = await measureOn(cpuBackend(), calibrationError({ boundaries }), { logits, labels });
    expect(bins.map(({ count }) => count)).toEqual(Array(12).fill(20));
  });

  it('never parts equal confidences, so that the order of rows does not matter', () => {
    const level = fc.integer({ min: 0, max: 8 }).map((step) => step / 8);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(level, fc.integer({ min: 0, max: 1 })), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 12 }),
        (rows, bins) => {
          const of = (list: typeof rows) =>
            equalMassCalibrationError({ confidences: list.map(([p]) => p), correct: list.map(([, y]) => y) }, { bins });
          const result = of(rows);
          expectDeepClose(of([...rows].reverse()), result, 1e-12);
          expect(result.bins.reduce((sum, { count }) => sum + count, 0)).toBe(rows.length);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('refuses confidences outside [0, 1], hits that are neither 0 nor 1, and no rows', () => {
    expect(() => equalMassCalibrationError({ confidences: [1.2], correct: [1] })).toThrow(
      /confidences must be in \[0, 1\]/,
    );
    expect(() => equalMassCalibrationError({ confidences: [Number.NaN], correct: [1] })).toThrow(RangeError);
    expect(() => equalMassCalibrationError({ confidences: [0.2], correct: [0.5] })).toThrow(/correct must be 0 or 1/);
    expect(() => equalMassCalibrationError({ confidences: [], correct: [] })).toThrow(/at least one element/);
    expect(() => equalMassCalibrationError({ confidences: [1], correct: [1] }, { bins: 0 })).toThrow(/bins/);
  });
});

describe('topLabelConfidences', () => {
  it('takes the first of equal scores, from probabilities or logits', () => {
    const result = topLabelConfidences({
      probabilities: [
        [0.4, 0.4, 0.2],
        [0.1, 0.2, 0.7],
      ],
      labels: [1, 2],
    });
    expect(Array.from(result.confidences)).toEqual([0.4, 0.7]);
    expect(Array.from(result.correct)).toEqual([0, 1]);
    expect(Array.from(result.predictions)).toEqual([0, 2]);
    expect(topLabelConfidences({ logits: [[1e4, 1e4]], labels: [0] }).confidences[0]).toBe(0.5);
  });
  it('refuses NaN, unnormalised rows, labels out of range and other lengths', () => {
    expect(() => topLabelConfidences({ logits: [[0, Number.NaN]], labels: [0] })).toThrow(/free of NaN/);
    expect(() => topLabelConfidences({ probabilities: [[0.5, 0.1]], labels: [0] })).toThrow(/sum to 1/);
    expect(() => topLabelConfidences({ probabilities: [[0.5, 0.5]], labels: [2] })).toThrow(
      /whole numbers in \[0, 2\)/,
    );
    expect(() => topLabelConfidences({ probabilities: [[0.5, 0.5]], labels: [0, 0] })).toThrow(TypeError);
    // As many labels as rows, but in another order of the axes.
    const turned = { logits: tensor(new Float64Array(12), [2, 3, 2]), labels: tensor(new Int32Array(6), [3, 2]) };
    expect(() => topLabelConfidences(turned)).toThrow(
      'topLabelConfidences: labels must be of the shape of the rows, [2, 3], got shape [3, 2].',
    );
  });
});
