import { smoothCalibrationError } from 'dark-knowledge';
import { describe, expect, it } from 'vitest';
import fixture from '../../fixtures/calibration.json' with { type: 'json' };

const { confidences, correct, fixed, auto, relplot, relplotFixed, oneSign } = fixture.smooth;

describe('smoothCalibrationError', () => {
  for (const [bandwidth, value] of Object.entries(fixed)) {
    it(`agrees with a quadrature of the definition at bandwidth ${bandwidth}`, () => {
      const result = smoothCalibrationError({ confidences, correct }, { bandwidth: Number(bandwidth) });
      // The grid is finer than σ/10: an error of the order of (1/10)².
      expect(Math.abs(result.value - value)).toBeLessThan(1e-3 * value);
    });
  }

  it('finds the bandwidth that equals the error', () => {
    const { value, bandwidth } = smoothCalibrationError({ confidences, correct });
    expect(bandwidth).toBeCloseTo(auto, 4);
    expect(value).toBeCloseTo(bandwidth, 5);
  });

  it('agrees with relplot as far as that one goes: to 3 digits, or 1 part in 1000 of its bisection', () => {
    expect(Math.abs(smoothCalibrationError({ confidences, correct }).value - relplot)).toBeLessThan(1e-3);
    expect(
      Math.abs(smoothCalibrationError({ confidences, correct }, { bandwidth: 0.05 }).value - relplotFixed),
    ).toBeLessThan(1e-3);
  });

  it('is the mean gap where all residuals have one sign, and where relplot is not (.9505 for .9625)', () => {
    for (const bandwidth of [0.01, 0.05, 0.5]) {
      const rows = { confidences: oneSign.confidences, correct: oneSign.correct };
      expect(smoothCalibrationError(rows, { bandwidth }).value).toBeCloseTo(0.9625, 12);
    }
    expect(Math.abs(oneSign.relplot - 0.9625)).toBeGreaterThan(0.01);
  });

  it('is 0 where every confidence is met, and has a density of mean 1', () => {
    const { value, bandwidth, curve } = smoothCalibrationError({ confidences: [0, 1, 1, 0], correct: [0, 1, 1, 0] });
    expect(value).toBe(0);
    expect(bandwidth).toBe(1e-3);
    const smooth = smoothCalibrationError({ confidences, correct }).curve;
    const { density, accuracy } = smooth;
    const trapezoid = density.reduce(
      (sum, height, index) => sum + height * (index === 0 || index === density.length - 1 ? 0.5 : 1),
      0,
    );
    expect(trapezoid / (density.length - 1)).toBeCloseTo(1, 10);
    expect(Math.max(...accuracy.map((value) => value ?? 0))).toBeLessThanOrEqual(1 + 1e-12);
    expect(curve.accuracy[500]).toBeNull();
    expect(curve.confidence[0]).toBe(0);
    expect(curve.confidence.at(-1)).toBe(1);
  });

  it('reflects the kernel at 0 and 1: twice a Gaussian beside the end, and images of images when it is wide', () => {
    const gaussian = (distance: number, sigma: number) =>
      Math.exp(-0.5 * (distance / sigma) ** 2) / (sigma * Math.sqrt(2 * Math.PI));
    for (const end of [0, 1]) {
      const narrow = smoothCalibrationError({ confidences: [end], correct: [1] }, { bandwidth: 0.1 }).curve;
      const wide = smoothCalibrationError({ confidences: [end], correct: [1] }, { bandwidth: 1 }).curve;
      for (const distance of [0, 0.05, 0.2, 1]) {
        const at = Math.round((end === 0 ? distance : 1 - distance) * (narrow.density.length - 1));
        expect(Math.abs(narrow.density[at]! - 2 * gaussian(distance, 0.1))).toBeLessThan(1e-3);
        const images = [-3, -2, -1, 0, 1, 2, 3].reduce((sum, k) => sum + 2 * gaussian(distance + 2 * k, 1), 0);
        expect(Math.abs(wide.density[at]! - images)).toBeLessThan(1e-3);
      }
    }
  });

  it('refuses what is no confidence and no bandwidth', () => {
    expect(() => smoothCalibrationError({ confidences: [-0.1], correct: [0] })).toThrow(RangeError);
    expect(() => smoothCalibrationError({ confidences: [0.1], correct: [0] }, { bandwidth: 0 })).toThrow(
      /bandwidth must be in \[0.000001, 10\]/,
    );
    expect(() => smoothCalibrationError({ confidences: [0.1], correct: [0, 1] })).toThrow(TypeError);
  });
});
