import {
  alphaDivergence,
  evaluate,
  logitMse,
  standardizedKlDivergence,
  tensor,
  valueAndGradients,
} from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import { describe, expect, it } from 'vitest';
import { isMinusInfinity } from '../../src/ops/isMinusInfinity.ts';

describe('−Infinity', () => {
  for (const precision of ['float32', 'float64'] as const) {
    it(`alone is told from every other number in ${precision}`, () => {
      const backend = cpuBackend({ precision });
      const largest = precision === 'float64' ? Number.MAX_VALUE : 3.4028234663852886e38;
      const x = backend.fromHost(tensor([-Infinity, -largest, largest, Infinity, Number.NaN]));
      expect(Array.from(backend.readSync(isMinusInfinity(backend, x)).data)).toEqual([1, 0, 0, 0, 0]);
    });
  }
});

describe('doubles beyond the range of float32', () => {
  it('are no masks: α-divergence of logits a hundred apart has its gradient', () => {
    // α = 2: q = (1, e^−100), S = Σ p²/q = ¼·(1 + e^100); the gradient is (q·S − p²/q)/2, to 15 digits ±e^100/8.
    const batch = { studentLogits: [[100, 0]], teacherLogits: [[0, 0]] };
    const { data } = valueAndGradients(alphaDivergence({ alpha: 2 }), batch).gradients.studentLogits;
    const expected = Math.exp(100) / 8;
    expect(data[0]! / expected).toBeCloseTo(1, 12);
    expect(data[1]! / expected).toBeCloseTo(-1, 12);
  });

  it('are logits like any other: a loss that knows no scale has the same value at each', () => {
    const at = (size: number): number =>
      evaluate(standardizedKlDivergence(), { studentLogits: [[0, -size, 1]], teacherLogits: [[0, 1, -size]] }).value;
    expect(at(1e39)).toBeCloseTo(at(1e30), 12);
    // Two classes differ by 1e39 + 1, of three.
    const logits = { studentLogits: [[0, -1e39, 1]], teacherLogits: [[0, 1, -1e39]] };
    expect(evaluate(logitMse(), logits).value / (2e78 / 3)).toBeCloseTo(1, 12);
  });
});
