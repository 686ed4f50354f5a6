import {
  accuracy,
  adaptiveCalibrationError,
  agreement,
  brierDecomposition,
  confidenceSlope,
  equalMassBoundaries,
  equalMassCalibrationError,
  errorConsistency,
  errorOverlap,
  kendallCorrelation,
  matthewsCorrelation,
  measure,
  rightWrongSplit,
  selectiveAccuracy,
  shapeBias,
  spearmanCorrelation,
  tokenFidelity,
  topKOverlap,
} from 'dark-knowledge';
import { describe, expect, it } from 'vitest';

const fractions = [0.1, 0.3, 0.7, 1 / 3];
const units = [1e-200, 1e-12, ...fractions, 1e12, 1e200];
const filled = (size: number, value: number): number[] => Array<number>(size).fill(value);

describe('sums of weights that are no whole numbers', () => {
  it('leave Brier’s skill undefined where all rows have one label, whatever bins they fall into', () => {
    for (let rows = 1; rows <= 10; rows++) {
      const probabilities = Array.from({ length: rows }, (_, row) => [(row + 0.5) / 10, 1 - (row + 0.5) / 10]);
      for (const weight of [1, ...fractions]) {
        const batch = { probabilities, labels: filled(rows, 0), rowWeights: filled(rows, weight) };
        const { skill, uncertainty } = measure(brierDecomposition({ bins: 10 }), batch);
        expect([skill, uncertainty], `${rows} rows of ${weight}`).toEqual([null, 0]);
      }
    }
  });

  it.each(fractions)('do not hide from Matthews that one side is constant (weights of %d)', (weight) => {
    const [several, one] = [Array.from({ length: 10 }, (_, row) => row % 3), filled(10, 0)];
    for (const [predictions, labels] of [
      [one, several],
      [several, one],
    ] as const) {
      const found = measure(matthewsCorrelation({ from: 'predictions' }), {
        predictions,
        labels,
        rowWeights: filled(10, weight),
      });
      expect([found.value, found.status]).toEqual([0, 'constant']);
    }
  });

  it('do not move a coverage, a boundary of equal mass or a sweep', () => {
    const confidences = Array.from({ length: 40 }, (_, row) => 0.5 + row / 100);
    const correct = confidences.map((_, row) => (row > 20 ? 1 : 0));
    for (const weight of [1 / 40, ...fractions]) {
      const rowWeights = filled(40, weight);
      expect(equalMassBoundaries(confidences, 5, rowWeights)).toEqual(equalMassBoundaries(confidences, 5));
      const swept = equalMassCalibrationError({ confidences, correct, rowWeights }, { bins: 'sweep' });
      const plain = equalMassCalibrationError({ confidences, correct }, { bins: 'sweep' });
      expect(swept.boundaries).toEqual(plain.boundaries);
      const asked = { from: 'confidences', coverages: [0.1, 0.3, 0.6, 0.7, 0.9], accuracies: [0.7, 0.95] } as const;
      const points = (weights: object) => {
        const { atCoverage, atAccuracy } = measure(selectiveAccuracy(asked), { confidences, correct, ...weights });
        return [...atCoverage, ...atAccuracy].map(({ threshold }) => threshold);
      };
      expect(points({ rowWeights })).toEqual(points({}));
    }
  });

  it('leave no rows, rather than a rounding of either sign', () => {
    const rowWeights = [0.1, 0.7, 0.2, 0.3, 1 / 3];
    const labels = [0, 0, 0, 1, 1];
    const split = measure(rightWrongSplit({ from: 'predictions' }), {
      studentPredictions: [0, 1, 0, 1, 0],
      teacherPredictions: [1, 0, 1, 0, 1],
      labels,
      rowWeights,
    });
    expect([split.bothRight.count, split.neitherRight.count]).toEqual([0, 0]);
    for (const scale of [1, 1e30, 1e160]) {
      const batch = { predictions: [0, 1, 0, 1, 0], shapeLabels: [0, 1, 1, 1, 0], textureLabels: [1, 0, 0, 0, 1] };
      const bias = measure(shapeBias({ from: 'predictions' }), {
        ...batch,
        rowWeights: rowWeights.map((weight) => weight * scale),
      });
      expect(bias.otherDecisions).toBe(0);
    }
  });
});

describe('what does not depend on the unit of weights', () => {
  it.each(units)('quantiles of tokens are those of rows that count alike (weights of %d)', (weight) => {
    if (weight > 1) return;
    const batch = {
      teacherLogits: [
        [2, 1],
        [0, 3],
        [1, 1],
        [4, 0],
        [0, 2],
      ],
      studentLogits: [
        [1, 1],
        [0, 2],
        [3, 1],
        [1, 0],
        [1, 2],
      ],
      labels: [0, 1, 1, 0, 1],
    };
    const plain = measure(tokenFidelity(), batch).klDivergence;
    const { klDivergence } = measure(tokenFidelity(), { ...batch, rowWeights: filled(5, weight) });
    const quantiles = ['minimum', 'p05', 'p10', 'median', 'p90', 'p99', 'maximum'] as const;
    for (const name of quantiles) expect(klDivergence[name], name).toBeCloseTo(plain[name], 12);
  });

  it('the last quantile is the largest value, whatever the weights', () => {
    const batch = {
      teacherLogits: [
        [0, 0],
        [0, 0],
        [0, 0],
      ],
      studentLogits: [
        [0, 1],
        [0, 2],
        [0, 3],
      ],
      labels: [0, 0, 0],
    };
    const at = (row: number): number =>
      measure(tokenFidelity(), {
        teacherLogits: [batch.teacherLogits[row]!],
        studentLogits: [batch.studentLogits[row]!],
        labels: [0],
      }).value;
    for (const rowWeights of [
      [1.5, 1, 1],
      [0.2, 0.3, 0.1],
      [1, 1, 1.5],
      [0.4, 2, 3.1],
    ]) {
      const { minimum, maximum } = measure(tokenFidelity(), { ...batch, rowWeights }).klDivergence;
      expect([minimum, maximum]).toEqual([at(0), at(2)]);
    }
  });

  it.each(units)('rank correlations are those of rows that count alike (weights of %d)', (weight) => {
    const series = { x: [3, 1, 2, 5, 5, 6], y: [2, 1, 4, 3, 6, 6] };
    for (const metric of [kendallCorrelation(), spearmanCorrelation()]) {
      const plain = measure(metric, series);
      const weighted = measure(metric, { ...series, rowWeights: filled(6, weight) });
      expect(weighted.value).toBeCloseTo(plain.value, 12);
      expect(weighted.pValue, 'p').not.toBeNaN();
    }
  });

  it.each(units)('adaptive calibration errors and errors by cluster (weights of %d)', (weight) => {
    const logits = [
      [1, 0],
      [0, 2],
      [3, 1],
      [0.5, 0.2],
    ];
    const rowWeights = filled(4, weight);
    const adaptive = (weights: object) =>
      measure(adaptiveCalibrationError({ bins: 2 }), { logits, labels: [0, 0, 1, 1], ...weights }).value;
    expect(adaptive({ rowWeights })).toBeCloseTo(adaptive({}), 12);
    const overlap = (weights: object) =>
      measure(topKOverlap({ k: 1 }), {
        teacherLogits: logits,
        studentLogits: [...logits].reverse(),
        clusters: [0, 1, 2, 2],
        ...weights,
      }).standardErrors.entropyGap!;
    expect(overlap({ rowWeights })).toBeCloseTo(overlap({}), 12);
  });

  it.each(units)('the slope of confidences that differ (weights of %d)', (weight) => {
    const batch = {
      teacherLogits: [
        [1, 0],
        [3, 0],
        [4, 0],
      ],
      studentLogits: [
        [2, 0],
        [3, 0],
        [7, 0],
      ],
    };
    const found = measure(confidenceSlope(), { ...batch, rowWeights: filled(3, weight) });
    expect(found.status).toBe('defined');
    expect(found.value).toBeCloseTo(measure(confidenceSlope(), batch).value!, 12);
  });
});

describe('weights that float32 does not hold', () => {
  const logits = { data: Float32Array.of(1, 0, 0, 2, 3, 1), shape: [3, 2] };

  it.each([
    [1e39, 1, 1],
    [1e-50, 1e-50, 1e-50],
    [3e38, 3e38, 3e38],
    [1, 0, 1e-60],
  ])('are taken as they are beside logits of float32 (%d, %d, %d)', (...rowWeights) => {
    const found = measure(accuracy(), { logits, labels: [0, 0, 1], rowWeights });
    const total = rowWeights.reduce((sum, weight) => sum + weight, 0);
    expect(Math.abs(found.count / total - 1)).toBeLessThan(1e-15);
    expect(Math.abs(found.value / (rowWeights[0]! / total) - 1)).toBeLessThan(1e-15);
  });
});

describe('one heavy row beside three light ones', () => {
  // Both right (or in class 0) on the heavy row, and on one light row each and neither: κ and φ of the table by hand.
  const [a, b, c, d] = [1e12, 1, 1, 1];
  const kappa = (2 * (a * d - b * c)) / ((a + b) * (b + d) + (a + c) * (c + d));
  const phi = (a * d - b * c) / Math.sqrt((a + b) * (c + d) * (a + c) * (b + d));
  const [first, second, rowWeights] = [
    [0, 0, 1, 1],
    [0, 1, 0, 1],
    [a, b, c, d],
  ];

  it('leaves κ and Matthews’ correlation their digits', () => {
    const labels = [0, 0, 0, 0];
    const consistency = measure(errorConsistency(), { before: first, after: second, labels, rowWeights });
    const overlap = measure(errorOverlap({ models: ['one', 'two'], from: 'predictions' }), {
      one: first,
      two: second,
      labels,
      rowWeights,
    });
    const agreeing = measure(agreement({ from: 'predictions' }), {
      teacherPredictions: first,
      studentPredictions: second,
      rowWeights,
    });
    for (const found of [consistency.kappa!, overlap.pairs[0]!.kappa, agreeing.kappa]) {
      expect(Math.abs(found / kappa - 1)).toBeLessThan(1e-14);
    }
    const matthews = measure(matthewsCorrelation({ from: 'predictions' }), {
      predictions: first,
      labels: second,
      rowWeights,
    });
    expect(Math.abs(matthews.value / phi - 1)).toBeLessThan(1e-14);
  });
});
