import {
  adaptiveCalibrationError,
  binaryCalibrationError,
  brierDecomposition,
  calibrationError,
  equalMassCalibrationError,
  kolmogorovSmirnovCalibration,
  type LabelledScores,
  measure,
  selectiveAccuracy,
  selectRows,
  smoothCalibrationError,
  temperatureScaling,
  thresholdedAdaptiveCalibrationError,
  topLabelConfidences,
} from 'dark-knowledge';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import fixture from '../../fixtures/calibrationExtras.json' with { type: 'json' };
import catalogue from '../../fixtures/catalogue/calibration.json' with { type: 'json' };
import { expectDeepClose } from '../../support/deepClose.ts';
import { describeMetric } from '../../support/metricSuite.ts';

const { logits, labels, rowWeights, plain, weighted } = fixture;
const rows = { logits, labels };
/** The same rows, each as often as its weight says. */
const repeated = rowWeights.flatMap((weight, row) => Array<number>(weight).fill(row));

describe('calibration of all rows at once', () => {
  const [{ inputs, result, options }] = catalogue.cases as [(typeof catalogue.cases)[0]];

  it("has the catalogue's values", () => {
    expect(kolmogorovSmirnovCalibration(inputs).value).toBeCloseTo(result.kolmogorovSmirnov, 12);
    expect(kolmogorovSmirnovCalibration(inputs, { rank: 2 }).value).toBeCloseTo(result.kolmogorovSmirnovSecond, 12);
    expect(kolmogorovSmirnovCalibration(inputs, { withinTop: 2 }).value).toBeCloseTo(
      result.kolmogorovSmirnovWithinTop2,
      12,
    );
    const { bins, threshold } = options;
    expect(adaptiveCalibrationError(inputs, { bins }).value).toBeCloseTo(result.ace, 12);
    expect(thresholdedAdaptiveCalibrationError(inputs, { bins, threshold }).value).toBeCloseTo(result.tace, 12);
    expect(equalMassCalibrationError(inputs, { bins }).average).toBeCloseTo(result.adaptiveTopLabel, 12);
  });

  it.each([
    ['as they are', rows, plain],
    ['by weight', { ...rows, rowWeights }, weighted],
    ['with rows of weight 2 twice', selectRows(rows, repeated), weighted],
  ] as const)('agrees with NumPy, rows %s', (_, given: LabelledScores, expected) => {
    expect(kolmogorovSmirnovCalibration(given).value).toBeCloseTo(expected.kolmogorovSmirnov, 12);
    expect(kolmogorovSmirnovCalibration(given, { rank: 2 }).value).toBeCloseTo(expected.second, 12);
    expect(kolmogorovSmirnovCalibration(given, { withinTop: 3 }).value).toBeCloseTo(expected.withinTop3, 12);
    expect(adaptiveCalibrationError(given, { bins: 7 }).value).toBeCloseTo(expected.ace, 12);
    expect(thresholdedAdaptiveCalibrationError(given, { bins: 7, threshold: 0.1 }).value).toBeCloseTo(
      expected.tace,
      12,
    );
    const { value, optimal, excess, atCoverage } = selectiveAccuracy(given, { coverages: [0.8] });
    expect([value, optimal, excess]).toEqual(
      [expected.aurc, expected.optimal, expected.aurc - expected.optimal].map((number) => expect.closeTo(number, 12)),
    );
    expectDeepClose(atCoverage[0], expected.at80, 1e-12);
    const { confidences, correct, rowWeights: own } = topLabelConfidences(given);
    const rounded = confidences.map((confidence) => Math.round(confidence * 10) / 10);
    const tied = selectiveAccuracy({ confidences: rounded, correct, ...(own && { rowWeights: own }) });
    expect(tied.value).toBeCloseTo(expected.tied, 12);
  });

  it('says at what coverage an accuracy is reached', () => {
    const { atAccuracy, curve, chance, accuracy } = selectiveAccuracy(rows, { accuracies: [0.9, 1.0] });
    const [nine] = atAccuracy;
    expect(nine!.accuracy).toBeGreaterThanOrEqual(0.9);
    const later = Array.from(curve.coverage, (coverage, at) => ({ coverage, accuracy: curve.accuracy[at]! }));
    expect(later.filter(({ coverage, accuracy: own }) => coverage > nine!.coverage && own >= 0.9)).toEqual([]);
    expect(chance).toBeCloseTo(1 - accuracy, 14);
    expect(curve.accuracy.at(-1)).toBeCloseTo(accuracy, 14);
    const none = selectiveAccuracy({ confidences: [0.6, 0.7], correct: [0, 0] }, { accuracies: [0.5] });
    expect(none.atAccuracy[0]).toEqual({ asked: 0.5, coverage: 0, accuracy: null, threshold: null });
  });

  it('sweeps the number of bins as NumPy does', () => {
    const { value, bins } = equalMassCalibrationError(rows, { bins: 'sweep' });
    expect(bins.length).toBe(fixture.sweep.bins);
    expect(value).toBeCloseTo(fixture.sweep.value, 12);
  });

  it('smooths weighted rows as it does rows that come more often', () => {
    const bandwidth = 0.1;
    expect(smoothCalibrationError({ ...rows, rowWeights }, { bandwidth }).value).toBeCloseTo(
      smoothCalibrationError(selectRows(rows, repeated), { bandwidth }).value,
      10,
    );
  });

  it('does not depend on the order of the rows, equal confidences or not', () => {
    const level = fc.integer({ min: 0, max: 6 }).map((step) => step / 6);
    const row = fc.tuple(level, fc.integer({ min: 0, max: 1 }), fc.integer({ min: 0, max: 3 }));
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 30 }), (list) => {
        fc.pre(list.some(([, , weight]) => weight > 0));
        const of = (each: typeof list) => {
          const given = {
            confidences: each.map(([p]) => p),
            correct: each.map(([, y]) => y),
            rowWeights: each.map(([, , weight]) => weight),
          };
          return [kolmogorovSmirnovCalibration(given).value, selectiveAccuracy(given).value];
        };
        expectDeepClose(of([...list].reverse()), of(list), 1e-12);
      }),
      { numRuns: 60 },
    );
  });

  it('masks rows, and refuses ranks that do not exist', () => {
    const masked = { logits, labels: labels.map((label, row) => (row % 4 === 0 ? -1 : label)) };
    const kept = selectRows(
      rows,
      labels.flatMap((_, row) => (row % 4 === 0 ? [] : [row])),
    );
    const ignoreIndex = -1;
    expectDeepClose(
      kolmogorovSmirnovCalibration(masked, { ignoreIndex }),
      { ...kolmogorovSmirnovCalibration(kept) },
      1e-12,
    );
    expect(adaptiveCalibrationError(masked, { ignoreIndex }).value).toBeCloseTo(
      adaptiveCalibrationError(kept).value,
      12,
    );
    expect(() => kolmogorovSmirnovCalibration(rows, { rank: 5 })).toThrow(/at most the number of classes, 4/);
    expect(() => kolmogorovSmirnovCalibration(rows, { rank: 2, withinTop: 2 })).toThrow(/left out where rank/);
    expect(() => kolmogorovSmirnovCalibration({ confidences: [0.5], correct: [1] }, { rank: 2 })).toThrow(
      /left out where confidences are given/,
    );
  });
});

describeMetric('calibrationError of later ranks', [
  {
    title: 'the second guesses, by NumPy',
    metric: calibrationError({ bins: 10, rank: 2 }),
    batch: rows,
    expected: { value: plain.binnedSecond, count: 120 },
  },
  {
    title: 'the first two ranks together, weighted, by NumPy',
    metric: calibrationError({ bins: 10, withinTop: 2 }),
    batch: { ...rows, rowWeights },
    expected: { value: weighted.binnedWithinTop2 },
  },
]);

describeMetric('binaryCalibrationError', [
  {
    title: 'one logit a row, by NumPy',
    metric: binaryCalibrationError({ bins: 10 }),
    batch: { logits: fixture.binary.logits, labels: fixture.binary.labels },
    expected: { value: fixture.binary.l1, count: 120 },
  },
  {
    title: 'weighted rows, by NumPy',
    metric: binaryCalibrationError({ bins: 10 }),
    batch: { logits: fixture.binary.logits, labels: fixture.binary.labels, rowWeights },
    expected: { value: fixture.binary.weighted },
  },
  {
    title: 'probabilities of several labels, by hand',
    metric: binaryCalibrationError({ bins: 2 }),
    batch: {
      probabilities: [
        [0.25, 0.75],
        [0.5, 1],
      ],
      labels: [
        [0, 1],
        [1, 0],
      ],
    },
    // Bins (0, ½] with 0.25 and 0.5, of which half came, and (½, 1] with 0.75 and 1, of which half came.
    expected: { value: (0.125 + 0.375) / 2, maximum: 0.375, confidence: 0.625, accuracy: 0.5 },
  },
]);

describeMetric('brierDecomposition', [
  {
    title: "scikit-learn's score, NumPy's parts",
    metric: brierDecomposition({ bins: 8 }),
    batch: rows,
    expected: fixture.murphy,
  },
  {
    title: "weighted rows, NumPy's parts",
    metric: brierDecomposition({ bins: 8 }),
    batch: { ...rows, rowWeights },
    expected: fixture.murphyWeighted,
  },
  {
    title: 'equal probabilities in a bin leave nothing within',
    metric: brierDecomposition({ bins: 4 }),
    batch: {
      probabilities: [
        [0.2, 0.8],
        [0.2, 0.8],
        [0.6, 0.4],
        [0.6, 0.4],
      ],
      labels: [0, 1, 0, 0],
    },
    expected: {
      withinBins: 0,
      uncertainty: 2 * 0.75 * 0.25,
      resolution: 2 * 0.25 ** 2,
      reliability: 0.3 ** 2 + 0.4 ** 2,
    },
  },
]);

describe('calibration of one probability a row', () => {
  it('refuses other labels and numbers that are no probabilities', () => {
    const metric = binaryCalibrationError();
    expect(() => measure(metric, { probabilities: [1.5], labels: [1] })).toThrow(/in \[0, 1\]/);
    expect(() => measure(metric, { probabilities: [0.5], labels: [2] })).toThrow(/0 or 1/);
    expect(() => measure(metric, { probabilities: [0.5], logits: [0], labels: [1] })).toThrow(/exactly one of/);
    expect(() => binaryCalibrationError({ debiased: true })).toThrow(/'l2' where debiased/);
  });
});

describe('temperatureScaling to soft labels and weighted rows', () => {
  const check = (
    result: ReturnType<typeof temperatureScaling>,
    expected: { readonly temperature: number; readonly before: number; readonly after: number },
  ) => {
    expect(result.temperature).toBeCloseTo(expected.temperature, 6);
    expect(result.before.negativeLogLikelihood).toBeCloseTo(expected.before, 12);
    expect(result.after.negativeLogLikelihood).toBeCloseTo(expected.after, 12);
  };

  it("agrees with SciPy's minimum of the cross-entropy", () => {
    const soft = fixture.soft.labels;
    check(temperatureScaling({ logits, labels: soft }), fixture.soft);
    check(temperatureScaling({ logits, labels: soft, rowWeights }), fixture.softWeighted);
    check(temperatureScaling({ logits, labels, rowWeights }), fixture.hardWeighted);
  });

  it('takes one-hot labels for class numbers, and refuses labels that are no distribution', () => {
    const oneHot = labels.map((label) => [0, 1, 2, 3].map((index) => (index === label ? 1 : 0)));
    expectDeepClose(temperatureScaling({ logits, labels: oneHot }), { ...temperatureScaling(rows) }, 1e-12);
    expect(() => temperatureScaling({ logits: [[0, 1]], labels: [[0.5, 0.4]] })).toThrow(/sum to 1/);
    expect(() => temperatureScaling({ logits: [[0, -Infinity]], labels: [[0.5, 0.5]] })).toThrow(/finite where/);
  });
});
