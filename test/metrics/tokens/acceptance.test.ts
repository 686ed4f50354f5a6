import { acceptanceRate, acceptedLengths, measure } from 'dark-knowledge';
import { checkMetric } from 'dark-knowledge/testing';
import { describe, expect, it } from 'vitest';
import { describeMetric } from '../../support/metricSuite.ts';
import { analysisCases } from '../analysisCases.ts';

const references = analysisCases('acceptanceRate', acceptanceRate);

describeMetric('acceptanceRate', [
  ...references,
  {
    title: 'equal sides: every draft is accepted',
    metric: acceptanceRate({ draftTokens: 5, draftCost: 0.2 }),
    batch: { teacherLogits: [[1, 2, 3]], studentLogits: [[2, 3, 4]] },
    expected: { rate: 1, standardError: null, greedy: 1, expectedTokensPerStep: 6, speedUp: 3 },
  },
  {
    title: 'disjoint sides: none is',
    metric: acceptanceRate({ draftTokens: 5 }),
    batch: { teacherLogits: [[0, -Infinity]], studentLogits: [[-Infinity, 0]] },
    expected: { rate: 0, greedy: 0, expectedTokensPerStep: 1, speedUp: null },
  },
]);

describe('acceptance', () => {
  it('of a rate near 1 keeps its digits, where (1 − α^(K+1))/(1 − α) loses them', () => {
    const { rate, expectedTokensPerStep } = measure(acceptanceRate({ draftTokens: 3 }), {
      teacherLogits: [[0, 0]],
      studentLogits: [[0, 4e-15]],
    });
    expect(rate).toBeCloseTo(1 - 1e-15, 15);
    expect(expectedTokensPerStep).toBeCloseTo(4 - 6e-15, 14);
  });

  it('passes the kit', () => {
    checkMetric(acceptanceRate(), references[0]!.batch as never, { permutations: true });
    checkMetric(acceptedLengths({ draftTokens: 3 }), { acceptedTokens: [3, 0, 1, 2], proposedTokens: [3, 1, 3, 2] });
  });
});

describeMetric('acceptedLengths', [
  {
    title: 'by hand',
    metric: acceptedLengths({ draftTokens: 3 }),
    batch: { acceptedTokens: [3, 0, 1, 1] },
    expected: {
      // Looked at: 3 + 1 + 2 + 2.
      value: 5 / 8,
      rate: 5 / 8,
      meanAcceptedLength: 5 / 4,
      tokensPerStep: 9 / 4,
      shareOfProposals: 5 / 12,
      positions: [
        { position: 1, reached: 4, accepted: 3, rate: 3 / 4 },
        { position: 2, reached: 3, accepted: 1, rate: 1 / 3 },
        { position: 3, reached: 1, accepted: 1, rate: 1 },
      ],
      accepted: 5,
      proposed: 12,
      count: 4,
    },
  },
  {
    title: 'steps that proposed less',
    metric: acceptedLengths({ draftTokens: 3 }),
    batch: { acceptedTokens: [1, 0], proposedTokens: [1, 0] },
    expected: {
      rate: 1,
      proposed: 1,
      positions: [
        { reached: 1, accepted: 1 },
        { reached: 0, rate: null },
        { reached: 0, rate: null },
      ],
    },
  },
]);

describe('accepted lengths', () => {
  it('give back the rate that drew them', () => {
    // With chance ½ of each token: lengths 0, 1, 2, 3 in the ratio 4 : 2 : 1 : 1.
    const acceptedTokens = [0, 0, 0, 0, 1, 1, 2, 3];
    const { rate, positions } = measure(acceptedLengths({ draftTokens: 3 }), { acceptedTokens });
    expect([rate, ...positions.map((position) => position.rate)]).toEqual([0.5, 0.5, 0.5, 0.5]);
  });

  it('refuses what no step can have', () => {
    const metric = acceptedLengths({ draftTokens: 2 });
    expect(() => measure(metric, { acceptedTokens: [3] })).toThrow(
      'acceptedLengths: acceptedTokens must be whole numbers in [0, 2], got 3.',
    );
    expect(() => measure(metric, { acceptedTokens: [2], proposedTokens: [1] })).toThrow(/whole numbers in \[0, 1\]/);
    expect(() => measure(metric, { acceptedTokens: [0.5] })).toThrow(RangeError);
    expect(() => acceptedLengths({} as never)).toThrow(TypeError);
  });
});
