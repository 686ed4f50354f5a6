import { accumulate, conformalSets, measure } from 'dark-knowledge';
import { checkMetric } from 'dark-knowledge/testing';
import { describe, expect, it } from 'vitest';
import fixture from '../../fixtures/conformal.json' with { type: 'json' };
import { expectDeepClose } from '../../support/deepClose.ts';
import { describeMetric } from '../../support/metricSuite.ts';
import { analysisCases } from '../analysisCases.ts';

const { calibrationLogits, calibrationLabels, calibrationRowWeights, logits, labels, penalty, freeRanks } = fixture;
const batch = { calibrationLogits, calibrationLabels, logits, labels };
const whole = ['calibrationLogits', 'calibrationLabels', 'calibrationRowWeights'];
const tenth = fixture.sets['0.1'];
const quarter = fixture.sets['0.25'];
const [reference] = analysisCases('conformalSets', conformalSets);

describeMetric('conformalSets', [
  {
    title: 'NumPy and MAPIE, a tenth missed',
    metric: conformalSets({ penalty, freeRanks }),
    batch,
    whole,
    expected: {
      value: tenth.leastAmbiguous.coverage,
      ...tenth.leastAmbiguous,
      ...tenth,
      count: 90,
      calibrationCount: 70,
    },
  },
  {
    title: 'NumPy, a quarter missed, adaptive',
    metric: conformalSets({ miscoverage: 0.25, score: 'adaptive', penalty, freeRanks }),
    batch,
    whole,
    expected: { ...quarter.adaptive, ...quarter },
  },
  {
    title: 'calibration rows of whole weights are so many rows',
    metric: conformalSets({ miscoverage: 0.25, penalty, freeRanks }),
    batch: { ...batch, calibrationRowWeights },
    whole,
    expected: { ...fixture.weighted },
  },
  {
    ...reference!,
    whole,
    expected: {
      ...(reference!.expected as object),
      // See the fixtures' README: the reference counts roundings of sums of all probabilities.
      adaptive: { quantile: 1, coverage: 1, meanSize: 4 },
    },
  },
]);

describe('conformalSets', () => {
  it('pass the kit', () => {
    checkMetric(conformalSets({ penalty: 0.1, freeRanks: 1 }), batch, { whole, permutations: true });
    checkMetric(conformalSets({ ignoreIndex: -1 }), { ...batch, calibrationRowWeights }, { whole });
  });

  it('hold every class where calibration rows are too few for the rate', () => {
    const few = {
      ...batch,
      calibrationLogits: calibrationLogits.slice(0, 5),
      calibrationLabels: calibrationLabels.slice(0, 5),
    };
    const { quantile, coverage, meanSize } = measure(conformalSets({ miscoverage: 0.1 }), few);
    expect([quantile, coverage, meanSize]).toEqual([Infinity, 1, 6]);
  });

  it('count no masked rows, on either side', () => {
    const hide = (numbers: readonly number[]) => numbers.map((label, row) => (row % 3 === 0 ? -1 : label));
    const kept = <Row>(values: readonly Row[]) => values.filter((_, row) => row % 3 !== 0);
    const masked = measure(conformalSets({ ignoreIndex: -1 }), {
      ...batch,
      calibrationLabels: hide(calibrationLabels),
      labels: hide(labels),
    });
    const alone = measure(conformalSets(), {
      calibrationLogits: kept(calibrationLogits),
      calibrationLabels: kept(calibrationLabels),
      logits: kept(logits),
      labels: kept(labels),
    });
    expectDeepClose(masked, alone, 1e-12);
  });

  it('count every row of millions, where the weights are counts', () => {
    // Of 10 000 009 rows the 9 000 009th smallest score is that of the second kind, of which 9 000 005 are before it.
    const { quantile, calibrationCount } = measure(conformalSets({ from: 'probabilities', miscoverage: 0.1 }), {
      probabilities: [[0.5, 0.5]],
      labels: [0],
      calibrationProbabilities: [
        [0.75, 0.25],
        [0.25, 0.75],
      ],
      calibrationLabels: [0, 0],
      calibrationRowWeights: [9_000_005, 1_000_004],
    });
    expect([quantile, calibrationCount]).toEqual([0.75, 10_000_009]);
  });

  it('cover no more than they must when they are randomised, at a size below', () => {
    const rows = 4000;
    const make = (seed: number) =>
      Array.from({ length: rows }, (_, row) => [0, 1, 2, 3].map((k) => Math.sin(seed * row + k * k * 7 + row) * 2));
    const labelsOf = (table: readonly (readonly number[])[]) =>
      table.map((row, at) => {
        // A label drawn from the model's own probabilities: what the model says is so.
        const masses = row.map(Math.exp);
        const sum = masses.reduce((a, b) => a + b);
        const place = ((at * 0.618033988749895) % 1) * sum;
        return masses.findIndex((_, index) => masses.slice(0, index + 1).reduce((a, b) => a + b) > place);
      });
    const [first, second] = [make(1.7), make(2.3)];
    const rowsOf = {
      calibrationLogits: first,
      calibrationLabels: labelsOf(first),
      logits: second,
      labels: labelsOf(second),
    };
    const plain = measure(conformalSets({ score: 'adaptive', miscoverage: 0.2 }), rowsOf);
    const randomized = measure(
      conformalSets({ score: 'adaptive', miscoverage: 0.2, randomized: true, seed: 3 }),
      rowsOf,
    );
    expect(randomized.coverage).toBeGreaterThan(0.78);
    expect(randomized.coverage).toBeLessThan(0.82);
    expect(randomized.meanSize).toBeLessThan(plain.meanSize);
    expect(randomized).toEqual(
      measure(conformalSets({ score: 'adaptive', miscoverage: 0.2, randomized: true, seed: 3 }), rowsOf),
    );
  });

  it('refuse other classes, bad calibration labels, NaN and states of other thresholds', () => {
    expect(() => measure(conformalSets(), { ...batch, calibrationLabels: calibrationLabels.map(() => 9) })).toThrow(
      'conformalSets: calibrationLabels must be whole numbers in [0, 6), got 9.',
    );
    expect(() =>
      measure(conformalSets(), { ...batch, calibrationLogits: calibrationLogits.map((row) => row.slice(1)) }),
    ).toThrow(RangeError);
    const broken = calibrationLogits.map((row, at) => (at === 3 ? row.map(() => Number.NaN) : row));
    expect(() => measure(conformalSets(), { ...batch, calibrationLogits: broken })).toThrow(
      /calibrationLogits must be free of NaN/,
    );
    const [one, two] = [accumulate(conformalSets()), accumulate(conformalSets())];
    one.update(batch);
    two.update({ ...batch, calibrationLogits: logits, calibrationLabels: labels });
    expect(() => one.merge(two)).toThrow(/the same in every batch/);
    expect(() => conformalSets({ miscoverage: 0 })).toThrow(/miscoverage/);
  });
});
