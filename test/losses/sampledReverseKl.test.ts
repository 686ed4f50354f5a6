import { evaluate, klDivergence, sampledReverseKl, tensor, valueAndGradients } from 'dark-knowledge';
import { describe, expect, it } from 'vitest';
import { describeLoss } from '../support/lossSuite.ts';
import { catalogueCases } from './catalogueCases.ts';

const estimators = ['k1', 'k2', 'k3'] as const;

describeLoss('sampledReverseKl', [
  ...catalogueCases('sampledReverseKl', sampledReverseKl),
  ...estimators.map((estimator) => ({
    title: `${estimator} with its own gradient`,
    loss: sampledReverseKl({ estimator, gradient: 'own' }),
    inputs: {
      studentLogProbabilities: [
        [-0.7, -2.1],
        [-0.01, -3],
      ],
      teacherLogProbabilities: [
        [-0.4, -3],
        [-0.01, -0.5],
      ],
    },
  })),
  ...estimators.map((estimator) => ({
    title: `a token that both sides rule out counts 0, ${estimator}`,
    loss: sampledReverseKl({ estimator, gradient: 'own', reduction: 'none' }),
    inputs: { studentLogProbabilities: [-Infinity, -1], teacherLogProbabilities: [-Infinity, -1] },
    value: [0, 0],
    gradients: { studentLogProbabilities: [0, estimator === 'k1' ? 1 : 0] },
    smooth: false,
  })),
  {
    title: 'weights, and tokens without a label, as in a prompt',
    loss: sampledReverseKl({ estimator: 'k2' }),
    inputs: {
      studentLogProbabilities: [-1, Number.NaN, -2],
      teacherLogProbabilities: [-3, -1, -1],
      labels: [5, -100, 7],
      rowWeights: [3, 1, 1],
    },
    value: (3 * 2 + 0.5) / 4,
    gradients: { studentLogProbabilities: [(3 * 2) / 4, 0, -1 / 4] },
    smooth: false,
  },
  {
    title: 'a single token',
    loss: sampledReverseKl({ estimator: 'k2' }),
    inputs: { studentLogProbabilities: -1, teacherLogProbabilities: -3 },
    value: 2,
    gradients: { studentLogProbabilities: 2 },
  },
]);

describe('sampledReverseKl on average over the student’s samples', () => {
  const studentLogits = [0.3, -1.2, 0.8, 0.1];
  const teacherLogits = [1, 0.2, -0.5, 0.4];
  const logSoftmax = (logits: number[]): number[] => {
    const total = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0));
    return logits.map((logit) => logit - total);
  };
  const [studentLog, teacherLog] = [logSoftmax(studentLogits), logSoftmax(teacherLogits)];
  const student = studentLog.map(Math.exp);

  /** Σ_y q_y·value and Σ_y q_y·slope_y·∂log q_y/∂logits: every token once, by its probability. */
  function expected(loss: ReturnType<typeof sampledReverseKl>) {
    const { value, gradients } = valueAndGradients(loss, {
      studentLogProbabilities: studentLog,
      teacherLogProbabilities: teacherLog,
      rowWeights: student,
    });
    const slopes = Array.from(gradients.studentLogProbabilities.data);
    const total = slopes.reduce((sum, slope) => sum + slope, 0);
    return { value, gradient: slopes.map((slope, index) => slope - student[index]! * total) };
  }
  const truth = (direction: 'forward' | 'reverse') => {
    const { value, gradients } = valueAndGradients(klDivergence({ direction }), { studentLogits, teacherLogits });
    return { value, gradient: Array.from(gradients.studentLogits.data) };
  };
  const expectClose = (actual: readonly number[], wanted: readonly number[]): void => {
    wanted.forEach((slope, index) => {
      expect(actual[index]).toBeCloseTo(slope, 14);
    });
  };

  it.each(estimators)('has the gradient of the reverse divergence by default, with %s', (estimator) => {
    expectClose(expected(sampledReverseKl({ estimator })).gradient, truth('reverse').gradient);
  });

  it.each(['k1', 'k3'] as const)('has the value of the reverse divergence with %s', (estimator) => {
    expect(expected(sampledReverseKl({ estimator })).value).toBeCloseTo(truth('reverse').value, 14);
  });

  it('has, by their own gradients, none with k1 and that of the forward divergence with k3', () => {
    expectClose(expected(sampledReverseKl({ estimator: 'k1', gradient: 'own' })).gradient, [0, 0, 0, 0]);
    expectClose(expected(sampledReverseKl({ gradient: 'own' })).gradient, truth('forward').gradient);
  });
});

describe('sampledReverseKl', () => {
  it('reports a number in float32 where e^−d has none, and keeps the gradient', () => {
    const single = (value: number) => tensor(Float32Array.of(value), [1]);
    const { value, gradients } = valueAndGradients(sampledReverseKl(), {
      studentLogProbabilities: single(-200),
      teacherLogProbabilities: single(-1),
    });
    expect(value).toBeGreaterThan(1e34);
    expect(value).toBeLessThan(1e35);
    expect(gradients.studentLogProbabilities.data[0]).toBe(-199);
  });

  it('keeps the digits of k3 where the two sides are alike', () => {
    const alike = { studentLogProbabilities: [-1], teacherLogProbabilities: [-1 - 1e-6] };
    const gap = -1 - alike.teacherLogProbabilities[0]!;
    expect(evaluate(sampledReverseKl(), alike).value / ((gap * gap) / 2)).toBeCloseTo(1, 5);
  });

  it('passes a NaN on', () => {
    for (const estimator of estimators) {
      const inputs = { studentLogProbabilities: [Number.NaN], teacherLogProbabilities: [-1] };
      const { value, gradients } = valueAndGradients(sampledReverseKl({ estimator }), inputs);
      expect(value).toBeNaN();
      expect(gradients.studentLogProbabilities.data[0]).toBeNaN();
    }
  });

  it('refuses sides of different shape', () => {
    expect(() =>
      evaluate(sampledReverseKl(), { studentLogProbabilities: [-1, -2], teacherLogProbabilities: [-1] }),
    ).toThrow('teacherLogProbabilities must be of the shape of studentLogProbabilities, [2], got shape [1].');
  });
});
