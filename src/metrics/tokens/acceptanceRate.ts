import { columnMetric } from '../../columnMetric.ts';
import type { Metric } from '../../metric.ts';
import { sameIndex } from '../../ops/sameIndex.ts';
import { softenedPair } from '../../ops/softenedPair.ts';
import { totalVariationOf } from '../../ops/totalVariation.ts';
import { atLeast, optional, readOptions, whole } from '../../options.ts';
import { type RowMetricOptions, requireRows, rowMask } from '../../rowMetric.ts';
import {
  type ClusteredStatistic,
  clusteredColumns,
  clusteredMoments,
  clusteredState,
  mergeClustered,
} from './clusteredMoments.ts';

/** Options of `acceptanceRate`. */
export interface AcceptanceRateOptions extends RowMetricOptions {
  /** K: tokens that the draft model proposes for each step of the target model. Default 4. */
  readonly draftTokens?: number;
  /** The cost of one of the draft model's steps as a share of the target's: with it comes `speedUp`. */
  readonly draftCost?: number;
}

/** What `acceptanceRate` returns. */
export interface AcceptanceRateResult {
  /** The rate. */
  readonly value: number;
  /** α: the mean over tokens of Σ min(p, q), the chance that a drafted token is accepted, in [0, 1]. */
  readonly rate: number;
  /** Of the rate; null for a single token, or a single cluster. */
  readonly standardError: number | null;
  /** The rate of greedy decoding: the share of tokens with the same first choice, of equal scores the first class. */
  readonly greedy: number;
  /**
   * Tokens that one step of the target model yields, its own token among them: 1 + α + … + α^K, in [1, K + 1], as if each
   * drafted token were accepted with chance α whatever came before.
   */
  readonly expectedTokensPerStep: number;
  readonly draftTokens: number;
  /** `expectedTokensPerStep` over what the step costs, K·draftCost + 1; null without `draftCost`. */
  readonly speedUp: number | null;
  /** Tokens that count. */
  readonly count: number;
  /** How many clusters the error comes from; null where none were given and tokens are taken as independent. */
  readonly clusters: number | null;
}

/**
 * How many of a draft model's tokens a target model would accept in speculative decoding.
 *
 *     α_i = Σ_v min(p_iv, q_iv) = 1 − ½·Σ_v |p_iv − q_iv|        E = (1 − α^(K+1))/(1 − α)
 *
 * with p the target's (the teacher's), q the draft's (the student's) distribution. Temperature and top-p are part of both
 * distributions: scale logits, or set those that are cut to −Infinity, on both sides before.
 *
 * α is a rate for each token that is looked at, and E a number for each step of the target model; neither is the share of all
 * proposals, which counts tokens behind a rejected one that nobody looked at. From counts of a run: `acceptedLengths`.
 *
 * Inputs: `teacherLogits` and `studentLogits` [..., classes]; optional `clusters` [...] (documents: the error is then that of
 * sums by cluster, as in `tokenFidelity`), `rowWeights` [...] and, with `ignoreIndex`, `labels` [...]. Streams and merges
 * exactly.
 *
 * @throws RangeError for NaN, options out of range, or no token that counts; TypeError for shapes that differ.
 * @example
 * const { rate, expectedTokensPerStep } = measure(acceptanceRate({ draftTokens: 4 }), {
 *   teacherLogits: [[2, 1, 0], [0, 3, 1]], studentLogits: [[1, 1, 0], [0, 2, 1]],
 * });
 * @see Leviathan, Kalman, Matias: Fast inference from transformers via speculative decoding (2023), arXiv 2211.17192
 */
// @__NO_SIDE_EFFECTS__
export function acceptanceRate(
  options: AcceptanceRateOptions = {},
): Metric<'teacherLogits' | 'studentLogits', string, AcceptanceRateResult, 'clusters' | 'labels' | 'rowWeights'> {
  const { draftTokens, draftCost, ignoreIndex } = readOptions('acceptanceRate', options, {
    draftTokens: whole(1, 4, 1_000_000),
    draftCost: optional(atLeast(0)),
    ...rowMask(),
  });
  return columnMetric<
    'teacherLogits' | 'studentLogits',
    'overlap' | 'same',
    ClusteredStatistic,
    AcceptanceRateResult,
    'clusters'
  >({
    name: 'acceptanceRate',
    reference: acceptanceRate,
    options: { draftTokens, draftCost, ignoreIndex },
    inputs: { teacherLogits: 'scores', studentLogits: 'scores' },
    optionalInputs: { clusters: 'numbers' },

    columns(backend, { teacherLogits, studentLogits, clusters }) {
      const pair = softenedPair(backend, studentLogits, teacherLogits, { student: 1, teacher: 1 });
      return {
        overlap: backend.subtract(backend.scalar(1), totalVariationOf(backend, pair).distance),
        same: sameIndex(backend, backend.argMax(teacherLogits), backend.argMax(studentLogits)),
        ...(clusters !== undefined && { clusters }),
      };
    },

    condense: ({ overlap, same, clusters }, weights) =>
      // Of disjoint sides rounding may leave less than nothing.
      clusteredMoments('acceptanceRate', [overlap.map((value) => Math.max(0, value)), same], weights, clusters),
    state: clusteredState(2),
    merge: mergeClustered,

    finish(statistics) {
      const moments = clusteredColumns(statistics);
      const count = requireRows('acceptanceRate', moments.count);
      const { mean: rate, standardError } = moments.column(0);
      const expectedTokensPerStep = geometricSum(rate, draftTokens);
      return {
        value: rate,
        rate,
        standardError,
        greedy: moments.column(1).mean,
        expectedTokensPerStep,
        draftTokens,
        speedUp: draftCost === undefined ? null : expectedTokensPerStep / (draftTokens * draftCost + 1),
        count,
        clusters: moments.clusters,
      };
    },
  });
}

/** 1 + α + … + α^K, term by term: (1 − α^(K+1))/(1 − α) is 0/0 at α = 1, and loses digits near it. */
function geometricSum(ratio: number, last: number): number {
  let sum = 1;
  for (let power = 0; power < last; power++) sum = sum * ratio + 1;
  return sum;
}
