import {
  type AnyMetric,
  accumulate,
  adaptiveCalibrationError,
  binaryCalibrationError,
  bootstrapInterval,
  bootstrapMetric,
  brierDecomposition,
  calibrationError,
  equalMassCalibrationError,
  kolmogorovSmirnovCalibration,
  measure,
  measureOn,
  selectiveAccuracy,
  selectRows,
  smoothCalibrationError,
  temperatureScaling,
  thresholdedAdaptiveCalibrationError,
  topLabelConfidences,
} from 'dark-knowledge';
import { reliabilityDiagram } from 'dark-knowledge/figures';
import { checkMetric } from 'dark-knowledge/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomUniform } from '../../../src/random.ts';
import fixture from '../../fixtures/calibrationExtras.json' with { type: 'json' };
import catalogue from '../../fixtures/catalogue/calibration.json' with { type: 'json' };
import { openBackend, testBackends } from '../../support/backends.ts';
import { expectDeepClose } from '../../support/deepClose.ts';
import { describeMetric } from '../../support/metricSuite.ts';

const { logits, labels, rowWeights, plain, weighted } = fixture;
const rows = { logits, labels };
const bare = selectiveAccuracy();
/** The same rows, each as often as its weight says. */
const repeated = rowWeights.flatMap((weight, row) => Array<number>(weight).fill(row));

const [{ inputs: known, result: reference, options: asked }] = catalogue.cases as [(typeof catalogue.cases)[0]];

const given = [
  ['as they are', rows, plain],
  ['by weight', { ...rows, rowWeights }, weighted],
  ['with rows of weight 2 twice', selectRows(rows, repeated), weighted],
] as const;

describeMetric('kolmogorovSmirnovCalibration', [
  {
    title: 'confidences by hand',
    metric: kolmogorovSmirnovCalibration({ from: 'confidences' }),
    batch: { confidences: [0.75, 0.5, 0.75, 1], correct: [0, 1, 1, 0] },
    // Distances after ½, ¾ (twice) and 1: −½, 0 and 1, over four rows.
    expected: {
      value: 0.25,
      confidence: 1,
      signed: 0.25,
      meanConfidence: 0.75,
      accuracy: 0.5,
      count: 4,
      resolution: 0,
    },
  },
  {
    title: "the catalogue's value",
    metric: kolmogorovSmirnovCalibration(),
    batch: known,
    expected: { value: reference.kolmogorovSmirnov, count: 50, resolution: 0 },
    onDevices: false,
  },
  {
    title: "the catalogue's second guesses",
    metric: kolmogorovSmirnovCalibration({ rank: 2 }),
    batch: known,
    expected: { value: reference.kolmogorovSmirnovSecond },
    onDevices: false,
  },
  {
    title: "the catalogue's first two",
    metric: kolmogorovSmirnovCalibration({ withinTop: 2 }),
    batch: known,
    expected: { value: reference.kolmogorovSmirnovWithinTop2 },
    onDevices: false,
  },
  ...given.flatMap(([title, batch, expected]) => [
    {
      title: `NumPy, rows ${title}`,
      metric: kolmogorovSmirnovCalibration(),
      batch,
      expected: { value: expected.kolmogorovSmirnov },
      onDevices: false,
    },
    {
      title: `NumPy, first three, rows ${title}`,
      metric: kolmogorovSmirnovCalibration({ withinTop: 3 }),
      batch,
      expected: { value: expected.withinTop3 },
      onDevices: false,
    },
  ]),
]);

describeMetric('adaptive calibration errors', [
  {
    title: "the catalogue's ACE",
    metric: adaptiveCalibrationError({ bins: asked.bins }),
    batch: known,
    expected: { value: reference.ace, count: 50 },
    onDevices: false,
  },
  {
    title: "the catalogue's TACE",
    metric: thresholdedAdaptiveCalibrationError(asked),
    batch: known,
    expected: { value: reference.tace },
    onDevices: false,
  },
  ...given.flatMap(([title, batch, expected]) => [
    {
      title: `NumPy's ACE, rows ${title}`,
      metric: adaptiveCalibrationError({ bins: 7 }),
      batch,
      expected: { value: expected.ace },
      onDevices: false,
    },
    {
      title: `NumPy's TACE, rows ${title}`,
      metric: thresholdedAdaptiveCalibrationError({ bins: 7, threshold: 0.1 }),
      batch,
      expected: { value: expected.tace },
      onDevices: false,
    },
  ]),
  {
    title: 'no probability reaches the threshold',
    metric: thresholdedAdaptiveCalibrationError({ threshold: 0.9 }),
    batch: { probabilities: [[0.5, 0.5]], labels: [0] },
    expected: { value: 0, emptyClasses: 2, entries: 0 },
  },
]);

describeMetric('selectiveAccuracy', [
  ...given.map(([title, batch, expected]) => ({
    title: `NumPy, rows ${title}`,
    metric: selectiveAccuracy({ coverages: [0.8] }),
    batch,
    expected: {
      value: expected.aurc,
      optimal: expected.optimal,
      excess: expected.aurc - expected.optimal,
      atCoverage: [expected.at80],
    },
    onDevices: false,
  })),
  ...given.map(([title, batch, expected]) => {
    const { confidences, correct, rowWeights: own } = topLabelConfidences(batch);
    const rounded = confidences.map((confidence) => Math.round(confidence * 10) / 10);
    const shape = [rounded.length];
    return {
      title: `NumPy's mean over all orders of equal confidences, rows ${title}`,
      metric: selectiveAccuracy({ from: 'confidences' }),
      batch: {
        confidences: { data: rounded, shape },
        correct: { data: correct, shape },
        ...(own && { rowWeights: { data: own, shape } }),
      },
      expected: { value: expected.tied },
    };
  }),
  {
    title: 'an accuracy that is never reached',
    metric: selectiveAccuracy({ from: 'confidences', accuracies: [0.5] }),
    batch: { confidences: [0.6, 0.7], correct: [0, 0] },
    expected: { atAccuracy: [{ asked: 0.5, coverage: 0, accuracy: null, threshold: null }] },
  },
]);

/** Curves are of other lengths where float32 takes confidences for equal; the numbers are near all the same. */
describe('metrics of the order of confidences on devices', () => {
  const metrics = [
    kolmogorovSmirnovCalibration(),
    kolmogorovSmirnovCalibration({ rank: 2 }),
    adaptiveCalibrationError({ bins: 7 }),
    thresholdedAdaptiveCalibrationError({ bins: 7 }),
    selectiveAccuracy(),
  ] as readonly AnyMetric<{ readonly value: number }>[];
  for (const candidate of testBackends) {
    it(`give the host's numbers on ${candidate.name}`, async (context) => {
      const opened = await openBackend(candidate);
      if ('missing' in opened) return context.skip(opened.missing);
      const { backend } = opened;
      const before = backend.tensorCount?.();
      for (const metric of metrics) {
        for (const batch of [rows, { ...rows, rowWeights }]) {
          const { value } = await measureOn(backend, metric, batch);
          expect(value).toBeCloseTo(measure(metric, batch).value, 5);
        }
      }
      expect(backend.tensorCount?.(), 'tensors left behind').toBe(before);
    });
  }
});

describe('calibration by the order of confidences', () => {
  it('says at what coverage an accuracy is reached', () => {
    const { atAccuracy, curve, chance, accuracy } = measure(selectiveAccuracy({ accuracies: [0.9, 1.0] }), rows);
    const [nine] = atAccuracy;
    expect(nine!.accuracy).toBeGreaterThanOrEqual(0.9);
    const later = Array.from(curve.coverage, (coverage, at) => ({ coverage, accuracy: curve.accuracy[at]! }));
    expect(later.filter(({ coverage, accuracy: own }) => coverage > nine!.coverage && own >= 0.9)).toEqual([]);
    expect(chance).toBeCloseTo(1 - accuracy, 14);
    expect(curve.accuracy.at(-1)).toBeCloseTo(accuracy, 14);
  });

  it('keeps a stream of any length within a stated share of each confidence, whatever the order', () => {
    const size = 30_000;
    const rowsOf = (batch: number) => {
      const confidences = Float64Array.from({ length: size }, (_, at) => randomUniform(batch, at));
      const correct = confidences.map((confidence, at) =>
        randomUniform(1000 + batch, at) < confidence ** 1.2 ? 1 : 0,
      );
      return { confidences, correct };
    };
    const stream = (start: number, end: number) => {
      const part = accumulate(kolmogorovSmirnovCalibration({ from: 'confidences' }));
      for (let batch = start; batch < end; batch++) {
        const { confidences, correct } = rowsOf(batch);
        part.update({ confidences: { data: confidences, shape: [size] }, correct: { data: correct, shape: [size] } });
      }
      return part;
    };
    const whole = stream(0, 5);
    const { value, resolution, curve, count } = whole.compute();
    expect(count).toBe(150_000);
    expect(curve.confidence.length).toBeLessThanOrEqual(2 ** 16);
    expect([resolution > 0, resolution < 1e-3]).toEqual([true, true]);
    // E[Σ (p − p^1.2)]: ½ − 1/2.2, all of it overconfidence.
    expect(value).toBeCloseTo(1 / 2 - 1 / 2.2, 2);
    const [later, earlier] = [stream(3, 5), stream(0, 3)];
    later.merge(earlier);
    const merged = later.compute();
    expect(merged.value).toBeCloseTo(value, 12);
    expect(merged.curve.confidence.every((confidence, at) => confidence === curve.confidence[at])).toBe(true);
    // By hand, every row by itself.
    const all = [0, 1, 2, 3, 4].flatMap((batch) => {
      const { confidences, correct } = rowsOf(batch);
      return Array.from(confidences, (confidence, at) => ({ confidence, hit: correct[at]! }));
    });
    all.sort((a, b) => a.confidence - b.confidence);
    let [distance, farthest] = [0, 0];
    for (const { confidence, hit } of all) {
      distance += confidence - hit;
      farthest = Math.max(farthest, Math.abs(distance));
    }
    expect(Math.abs(farthest / count - value)).toBeLessThan(resolution);
  });

  it('sweeps the number of bins as NumPy does', () => {
    const { value, bins } = equalMassCalibrationError(rows, { bins: 'sweep' });
    expect(bins.length).toBe(fixture.sweep.bins);
    expect(value).toBeCloseTo(fixture.sweep.value, 12);
    expect(equalMassCalibrationError(known, { bins: asked.bins }).average).toBeCloseTo(reference.adaptiveTopLabel, 12);
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
    const metrics = [kolmogorovSmirnovCalibration({ from: 'confidences' }), selectiveAccuracy({ from: 'confidences' })];
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 30 }), (list) => {
        fc.pre(list.some(([, , weight]) => weight > 0));
        const of = (each: typeof list) => {
          const batch = {
            confidences: each.map(([p]) => p),
            correct: each.map(([, y]) => y),
            rowWeights: each.map(([, , weight]) => weight),
          };
          return metrics.map((metric) => measure(metric as AnyMetric<{ readonly value: number }>, batch).value);
        };
        expectDeepClose(of([...list].reverse()), of(list), 1e-12);
      }),
      { numRuns: 60 },
    );
  });

  it('masks rows, resamples them, and refuses ranks that do not exist', () => {
    const masked = { logits, labels: labels.map((label, row) => (row % 4 === 0 ? -1 : label)) };
    const kept = selectRows(
      rows,
      labels.flatMap((_, row) => (row % 4 === 0 ? [] : [row])),
    );
    const ignoreIndex = -1;
    expectDeepClose(
      measure(kolmogorovSmirnovCalibration({ ignoreIndex }), masked),
      measure(kolmogorovSmirnovCalibration(), kept),
      1e-12,
    );
    expect(measure(adaptiveCalibrationError({ ignoreIndex }), masked).value).toBeCloseTo(
      measure(adaptiveCalibrationError(), kept).value,
      12,
    );
    const options = { resamples: 20, seed: 2 };
    for (const metric of [selectiveAccuracy(), adaptiveCalibrationError({ bins: 5 })] as readonly unknown[]) {
      const interval = bootstrapMetric(metric as typeof bare, rows, options);
      const again = bootstrapInterval((chosen) => measure(metric as typeof bare, selectRows(rows, chosen)).value, {
        rows: 120,
        ...options,
      });
      expect(interval.lower).toBeCloseTo(again.lower, 12);
    }
    expect(() => measure(kolmogorovSmirnovCalibration({ rank: 5 }), rows)).toThrow(/at most the number of classes, 4/);
    expect(() => kolmogorovSmirnovCalibration({ rank: 2, withinTop: 2 })).toThrow(/left out where rank/);
    expect(() => kolmogorovSmirnovCalibration({ from: 'confidences', rank: 2 })).toThrow(/where confidences are given/);
    expect(() => topLabelConfidences(rows, { rank: 5 })).toThrow(/at most the number of classes, 4/);
    const bad = { confidences: [1.5], correct: [1] };
    expect(() => measure(selectiveAccuracy({ from: 'confidences' }), bad)).toThrow(/in \[0, 1\]/);
    expect(() => measure(kolmogorovSmirnovCalibration(), { ...rows, rowWeights: labels.map(() => 0) })).toThrow(
      /rows that count/,
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
  it('passes the kit, as all of them do', () => {
    for (const metric of [
      kolmogorovSmirnovCalibration(),
      adaptiveCalibrationError({ bins: 4 }),
      thresholdedAdaptiveCalibrationError({ bins: 4 }),
      selectiveAccuracy(),
      brierDecomposition({ bins: 4 }),
      calibrationError({ rank: 2 }),
    ] as readonly AnyMetric[]) {
      checkMetric(metric, rows, { permutations: true });
      checkMetric(metric, { ...rows, rowWeights }, { permutations: true });
    }
    checkMetric(
      binaryCalibrationError(),
      { logits: fixture.binary.logits, labels: fixture.binary.labels },
      { permutations: true },
    );
  });

  it('is drawn by a reliability diagram, as bins of equal mass and temperatures are', () => {
    const { after } = temperatureScaling(rows);
    const equalMass = equalMassCalibrationError(rows, { bins: 6 });
    const all = measure(calibrationError(), rows);
    expect(equalMass.confidence).toBeCloseTo(all.confidence, 12);
    expect([equalMass.accuracy, after.accuracy]).toEqual([
      expect.closeTo(all.accuracy, 12),
      expect.closeTo(all.accuracy, 12),
    ]);
    expect(temperatureScaling(rows).before.confidence).toBeCloseTo(all.confidence, 12);
    const event = measure(binaryCalibrationError(), { probabilities: [0.5], labels: [1] });
    expect(() => reliabilityDiagram({ event, equalMass, after })).not.toThrow();
  });

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
