import {
  accumulate,
  errorConsistency,
  errorOverlap,
  groupShift,
  measure,
  pairedBootstrapDifference,
  predictionFlips,
} from 'dark-knowledge';
import { groupGaps, predictionFlipBars } from 'dark-knowledge/figures';
import { checkMetric } from 'dark-knowledge/testing';
import { describe, expect, it } from 'vitest';
import { describeMetric } from '../../support/metricSuite.ts';
import { analysisCases } from '../analysisCases.ts';

const flips = analysisCases('predictionFlips', predictionFlips);
const batch = flips[0]!.batch as Record<'before' | 'after' | 'labels', number[]>;
const groups = (analysisCases('groupShift', groupShift)[0]!.batch as { groups: number[] }).groups;
const scores = (classes: readonly number[]) =>
  classes.map((label) => [0, 1, 2, 3].map((at) => (at === label ? 2 : at / 9)));

describeMetric('predictionFlips', [
  ...flips,
  {
    title: 'from logits',
    metric: predictionFlips({ from: 'logits' }),
    batch: { beforeLogits: scores(batch.before), afterLogits: scores(batch.after), labels: batch.labels },
    expected: { harmful: 4, beneficial: 0, bothWrongDifferently: 1, mcNemarExact: 0.125 },
  },
  {
    title: 'the change of the answer’s probability',
    metric: predictionFlips({ from: 'logits' }),
    // The label has ¾ and ½ before, ½ and ½ after.
    batch: {
      beforeLogits: [
        [0, Math.log(3)],
        [0, 0],
      ],
      afterLogits: [
        [0, 0],
        [0, 0],
      ],
      labels: [1, 0],
    },
    expected: { answerProbabilityChange: { mean: -1 / 8, standardError: 1 / 8 } },
  },
  {
    title: 'probabilities',
    metric: predictionFlips({ from: 'probabilities' }),
    batch: { beforeProbabilities: [[0.25, 0.75]], afterProbabilities: [[0.5, 0.5]], labels: [1] },
    expected: { harmful: 1, answerProbabilityChange: { mean: -1 / 4, standardError: null } },
  },
  {
    title: 'no flips',
    metric: predictionFlips(),
    batch: { before: [1, 0], after: [1, 0], labels: [1, 1] },
    expected: {
      flipRate: 0,
      churn: 0,
      relativeNegativeFlipRate: 0,
      accuracyChange: 0,
      accuracyChangeStandardError: 0,
      mcNemarExact: 1,
      mcNemarMidP: 1,
      equivalence: { lower: 0, upper: 0, equivalent: true },
    },
  },
]);

describeMetric('errorConsistency', [
  ...analysisCases('errorConsistency', errorConsistency),
  {
    title: 'both perfect',
    metric: errorConsistency(),
    batch: { before: [1, 0], after: [1, 0], labels: [1, 0] },
    expected: {
      value: null,
      observed: 1,
      expected: 1,
      kappa: null,
      standardError: null,
      lowest: null,
      highest: null,
      status: 'undefined',
      reason: 'Both are right on every row: chance alone agrees as often, and κ is 0/0.',
    },
  },
]);

describeMetric('groupShift', [
  ...analysisCases('groupShift', groupShift),
  {
    title: 'named groups, one of them empty',
    metric: groupShift({ groups: ['near', 'middle', 'far'], resamples: 0 }),
    batch: { before: [0, 1, 1], after: [0, 0, 1], labels: [0, 1, 0], groups: [0, 0, 2] },
    expected: {
      value: -0.5,
      groups: [
        { group: 'near', count: 2, before: 1, after: 0.5, harmful: 1, pValue: 1, adjustedPValue: 1 },
        { group: 'middle', count: 0, before: null, beforeInterval: null, change: null, adjustedPValue: null },
        { group: 'far', count: 1, before: 0, after: 0, changeStandardError: 0 },
      ],
      gapBefore: 1,
      gapAfter: 0.5,
      emptyGroups: 1,
      gapChangeInterval: null,
      gapChangePValue: null,
    },
  },
]);

describe('flips', () => {
  it('pass the kit', () => {
    checkMetric(predictionFlips({ ignoreIndex: -1 }), batch, { permutations: true });
    checkMetric(errorConsistency(), batch, { permutations: true });
    checkMetric(groupShift({ groups: 3, ignoreIndex: -1 }), { ...batch, groups }, { permutations: true });
  });

  it('of texts are compared by the caller', () => {
    const right = (answers: readonly number[]) => answers.map((answer, row) => (answer === batch.labels[row] ? 1 : 0));
    const found = measure(predictionFlips(), {
      before: right(batch.before),
      after: right(batch.after),
      labels: batch.labels.map(() => 1),
    });
    expect(found).toMatchObject({ bothRight: 46, harmful: 4, beneficial: 0, bothWrong: 10, bothWrongDifferently: 0 });
  });

  it('test a million flips', () => {
    const rows = 1_000_000;
    const before = Uint8Array.from({ length: rows }, (_, row) => (row < 499_000 ? 1 : 0));
    const batchOf = (data: Uint8Array) => ({ data, shape: [rows] });
    const found = measure(predictionFlips(), {
      before: batchOf(before),
      after: batchOf(before.map((hit) => 1 - hit)),
      labels: batchOf(new Uint8Array(rows).fill(1)),
    });
    // SciPy's binomtest(499000, 1000000).
    expect(found.mcNemarExact).toBeCloseTo(0.0456082998653896, 11);
  });

  it('have no exact test of weights that are no counts', () => {
    const half = measure(predictionFlips(), { ...batch, rowWeights: batch.labels.map(() => 0.5) });
    expect([half.mcNemarExact, half.accuracyChange]).toEqual([0.5, expect.closeTo(-4 / 60, 12)]);
    const third = measure(predictionFlips(), { ...batch, rowWeights: batch.labels.map(() => 0.3) });
    expect([third.mcNemarExact, third.mcNemarMidP]).toEqual([null, null]);
  });

  it('agree with the κ of the error overlap', () => {
    const { pairs } = measure(errorOverlap({ models: ['a', 'b'], from: 'predictions' }), {
      a: batch.before,
      b: batch.after,
      labels: batch.labels,
    });
    expect(measure(errorConsistency(), batch).kappa).toBeCloseTo(pairs[0]!.kappa, 13);
  });

  it('are what their figure draws', () => {
    expect(predictionFlipBars({ change: measure(predictionFlips(), batch) }).description).toContain(
      'change: of 60 rows 6.7% became wrong and 0.0% right; accuracy changed by −6.7% [−13.0%, −0.4%].',
    );
    const figure = groupGaps(measure(groupShift(), { ...batch, groups }));
    expect(figure.description).toContain('Gap between the best and the worst group: 36.7% before, 40.0% after.');
    const narrow = groupGaps(measure(groupShift({ level: 0.9 }), { ...batch, groups }));
    expect(JSON.stringify(narrow)).toContain('Lines: 90% intervals.');
    expect(() => groupGaps({ ...measure(groupShift(), { ...batch, groups }), level: 95 })).toThrow(
      'groupGaps: level must be a number strictly between 0 and 1, got 95.',
    );
  });

  it('refuse labels that are none, and names of another source', () => {
    expect(() => measure(predictionFlips(), { ...batch, labels: batch.labels.map(() => -1) })).toThrow(/whole numbers/);
    expect(() => measure(predictionFlips({ from: 'logits' }), batch as never)).toThrow(
      'predictionFlips: beforeLogits must be given',
    );
    expect(() => predictionFlips({ margin: 0 })).toThrow(RangeError);
    expect(() => predictionFlips({ level: 0.3 })).toThrow(/strictly between 0.5 and 1/);
  });
});

describe('the change of the gap', () => {
  const found = measure(groupShift({ resamples: 2000 }), { ...batch, groups });

  it('has the interval that the paired bootstrap over the rows has', () => {
    const gap = (answers: readonly number[]) => (rows: Int32Array) => {
      const shares = [0, 1, 2].flatMap((group) => {
        const members = Array.from(rows).filter((row) => groups[row] === group);
        const hits = members.filter((row) => answers[row] === batch.labels[row]).length;
        return members.length === 0 ? [] : [hits / members.length];
      });
      return Math.max(...shares) - Math.min(...shares);
    };
    const byRows = pairedBootstrapDifference(gap(batch.after), gap(batch.before), { rows: 60, resamples: 2000 });
    expect(found.gapChange).toBeCloseTo(byRows.value, 12);
    // The same distribution by other draws: 2000 of them leave a few percent of noise.
    expect(found.gapChangeStandardError).toBeCloseTo(byRows.standardError, 2);
    expect(found.gapChangeInterval![0]).toBeCloseTo(byRows.lower, 1);
    expect(found.gapChangeInterval![1]).toBeCloseTo(byRows.upper, 1);
    expect(found.gapChangePValue).toBeCloseTo(byRows.pValue, 1);
  });

  it('is seeded, and does not depend on the order of the rows', () => {
    const order = groups.map((_, row) => row).reverse();
    const of = (values: readonly number[]) => order.map((row) => values[row]!);
    const turned = {
      before: of(batch.before),
      after: of(batch.after),
      labels: of(batch.labels),
      groups: of(groups),
    };
    expect(measure(groupShift({ resamples: 2000 }), turned)).toEqual(found);
    const other = measure(groupShift({ resamples: 2000, seed: 1 }), turned);
    expect(other.gapChangeStandardError).not.toBe(found.gapChangeStandardError);
  });

  it('takes groups that a later batch sees first, and refuses numbers of groups that are none', () => {
    const running = accumulate(groupShift());
    running.update({ before: [0], after: [0], labels: [0], groups: [0] });
    running.update({ before: [0], after: [1], labels: [0], groups: [2] });
    expect(running.compute().groups.map(({ count }) => count)).toEqual([1, 0, 1]);
    const wrong = { before: [0], after: [0], labels: [0], groups: [3] };
    expect(() => measure(groupShift({ groups: 3 }), wrong)).toThrow(
      'groupShift: groups must be whole numbers in [0, 3), got 3.',
    );
    expect(() => measure(groupShift(), { ...wrong, groups: [1e6] })).toThrow(/The option groups says how many/);
    expect(() => measure(groupShift(), { ...wrong, groups: [0.5] })).toThrow(/whole numbers/);
  });
});
