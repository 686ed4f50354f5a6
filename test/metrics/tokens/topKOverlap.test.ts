import { measure, topKOverlap } from 'dark-knowledge';
import { checkMetric } from 'dark-knowledge/testing';
import { describe, expect, it } from 'vitest';
import { describeMetric } from '../../support/metricSuite.ts';
import { analysisCases } from '../analysisCases.ts';

const references = analysisCases('topKOverlap', topKOverlap);
const { teacherLogits, studentLogits } = references[0]!.batch as Record<'teacherLogits' | 'studentLogits', number[][]>;

describeMetric('topKOverlap', [
  ...references,
  {
    title: 'more than there are classes',
    metric: topKOverlap({ k: 50 }),
    batch: { teacherLogits: [[1, 2, 3]], studentLogits: [[3, 2, 1]] },
    expected: {
      overlap: 1,
      jaccard: 1,
      teacherMass: 1,
      studentMass: 1,
      entropyGap: 0,
      standardErrors: { overlap: null },
    },
  },
  {
    title: 'ties, of which the first class ranks highest',
    metric: topKOverlap({ k: 2, persistence: 0.5 }),
    batch: { teacherLogits: [[0, 0, 0, 1]], studentLogits: [[1, 1, 0, 0]] },
    // Rankings 3 0 1 2 and 0 1 2 3: A = 0, ½, ⅔, 1.
    expected: { overlap: 0.5, jaccard: 1 / 3, rankBiasedOverlap: 0.5 * (0.25 + 1 / 6 + 1 / 8) + 1 / 16 },
  },
]);

describe('top-k overlap', () => {
  it('agrees with a count of both rankings, depth by depth', () => {
    const ranking = (row: readonly number[]) => row.map((_, at) => at).sort((a, b) => row[b]! - row[a]! || a - b);
    const overlaps = teacherLogits.map((row, at) => {
      const [first, second] = [ranking(row), ranking(studentLogits[at]!)];
      const agreement = (depth: number) =>
        first.slice(0, depth).filter((label) => second.slice(0, depth).includes(label)).length / depth;
      let sum = agreement(row.length) * 0.7 ** row.length;
      for (let depth = 1; depth <= row.length; depth++) sum += 0.3 * 0.7 ** (depth - 1) * agreement(depth);
      return { top: agreement(4), biased: sum };
    });
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const found = measure(topKOverlap({ k: 4, persistence: 0.7 }), { teacherLogits, studentLogits });
    expect(found.overlap).toBeCloseTo(mean(overlaps.map(({ top }) => top)), 13);
    expect(found.rankBiasedOverlap).toBeCloseTo(mean(overlaps.map(({ biased }) => biased)), 13);
  });

  it('of masked classes counts no probability times −Infinity', () => {
    const batch = { teacherLogits: [[0, -Infinity, 0]], studentLogits: [[0, -Infinity, -Infinity]] };
    const { entropyGap, teacherMass, studentMass } = measure(topKOverlap({ k: 1 }), batch);
    expect([entropyGap, teacherMass, studentMass]).toEqual([
      expect.closeTo(-Math.log(2), 14),
      expect.closeTo(0.5, 14),
      1,
    ]);
  });

  it('passes the kit', () => {
    checkMetric(topKOverlap({ k: 3 }), { teacherLogits, studentLogits }, { permutations: true });
  });

  it('refuses a persistence of 1, which gives no weight to any rank, and no k', () => {
    expect(() => topKOverlap({ k: 3, persistence: 1 })).toThrow(/strictly between 0 and 1/);
    expect(() => topKOverlap({} as never)).toThrow('topKOverlap: k must be a whole number, got undefined.');
  });
});
