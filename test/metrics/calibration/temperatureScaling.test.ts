import { calibrationError, measure, negativeLogLikelihood, temperatureScaling, tensor } from 'dark-knowledge';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import fixture from '../../fixtures/calibration.json' with { type: 'json' };
import { expectDeepClose } from '../../support/deepClose.ts';

const { logits, labels } = fixture;

describe('temperatureScaling', () => {
  it("agrees with SciPy's bounded minimisation in log T", () => {
    const result = temperatureScaling({ logits, labels });
    expect(result.status).toBe('converged');
    expect(result.temperature).toBeCloseTo(fixture.temperature.temperature, 6);
    expectDeepClose(result, { before: fixture.temperature.before, after: fixture.temperature.after }, 1e-7);
  });

  it('reports what the metrics report', () => {
    const { before } = temperatureScaling({ logits, labels });
    expect(before.calibrationError).toBeCloseTo(measure(calibrationError(), { logits, labels }).value, 12);
    expect(before.negativeLogLikelihood).toBeCloseTo(measure(negativeLogLikelihood(), { logits, labels }).value, 12);
  });

  it('takes off a factor that was put on the logits', () => {
    const plain = temperatureScaling({ logits, labels }).temperature;
    fc.assert(
      fc.property(fc.double({ min: 0.05, max: 50, noNaN: true }), (factor) => {
        const scaled = logits.map((row) => row.map((value) => value * factor));
        const { temperature, after } = temperatureScaling({ logits: scaled, labels });
        expect(temperature / plain / factor).toBeCloseTo(1, 9);
        expect(after.negativeLogLikelihood).toBeCloseTo(fixture.temperature.after.negativeLogLikelihood, 9);
      }),
      { numRuns: 15 },
    );
  });

  it('says which bound it meets, and leaves flat logits alone', () => {
    const right = temperatureScaling({
      logits: [
        [2, 1],
        [0, 3],
      ],
      labels: [0, 1],
    });
    expect(right).toMatchObject({ status: 'lowerBound', temperature: 1e-3 });
    expect(right.after.negativeLogLikelihood).toBe(0);
    expect(
      temperatureScaling(
        {
          logits: [
            [2, 1],
            [0, 3],
          ],
          labels: [1, 0],
        },
        { bounds: [0.1, 10] },
      ),
    ).toMatchObject({
      status: 'upperBound',
      temperature: 10,
    });
    expect(
      temperatureScaling({
        logits: [
          [2, 2],
          [3, 3],
        ],
        labels: [1, 0],
      }),
    ).toMatchObject({ status: 'flat', temperature: 1 });
  });

  it('passes over classes at −Infinity', () => {
    const masked = logits.map((row) => [...row, -Infinity]);
    expect(temperatureScaling({ logits: masked, labels }).temperature).toBeCloseTo(fixture.temperature.temperature, 6);
  });

  it('refuses what is no record, NaN, labels out of range, masked labels and bounds the wrong way round', () => {
    expect(() => temperatureScaling(undefined as never)).toThrow(
      'temperatureScaling: held must be a record of logits and labels, got undefined.',
    );
    expect(() => temperatureScaling({ logits: [[Number.NaN, 1]], labels: [0] })).toThrow(/below Infinity/);
    expect(() => temperatureScaling({ logits: [[0, 1]], labels: [2] })).toThrow(/whole numbers in \[0, 2\)/);
    expect(() => temperatureScaling({ logits: [[-Infinity, 1]], labels: [0] })).toThrow(/finite at the label/);
    expect(() => temperatureScaling({ logits: [[0, 1]], labels: [0, 1] })).toThrow(TypeError);
    // As many labels as rows, but in another order of the axes.
    const turned = { logits: tensor(new Float64Array(12), [2, 3, 2]), labels: tensor(new Int32Array(6), [3, 2]) };
    expect(() => temperatureScaling(turned)).toThrow(
      'temperatureScaling: labels must be of shape [2, 3], or that of the logits, for probabilities, got shape [3, 2].',
    );
    expect(() => temperatureScaling({ logits: [[0, 1]], labels: [0] }, { bounds: [2, 1] })).toThrow(/bounds/);
  });
});
