import { rangeError } from '../../check.ts';
import { columnMetric } from '../../columnMetric.ts';
import type { Metric } from '../../metric.ts';
import { countOf } from '../../metricState.ts';
import { readOptions, whole } from '../../options.ts';
import { type RowMetricOptions, requireRows, rowMask } from '../../rowMetric.ts';

/** Options of `acceptedLengths`. */
export interface AcceptedLengthsOptions extends RowMetricOptions {
  /** K: the most tokens that the draft model proposes in a step. */
  readonly draftTokens: number;
}

/** One place in the draft of a step. */
export interface DraftPosition {
  /** From 1. */
  readonly position: number;
  /** Steps that proposed a token here and had accepted all before it: the denominator of `rate`. */
  readonly reached: number;
  /** Steps that accepted the token here. */
  readonly accepted: number;
  /** accepted/reached: the chance of a token that is looked at; null where none was. */
  readonly rate: number | null;
}

/** What `acceptedLengths` returns. */
export interface AcceptedLengthsResult {
  /** The rate. */
  readonly value: number;
  /** Accepted tokens over tokens that were looked at: the sum of all `accepted` over the sum of all `reached`; 1 where none was. */
  readonly rate: number;
  /** Accepted tokens over steps, in [0, K]. */
  readonly meanAcceptedLength: number;
  /** The same with the token that the target model adds in each step, in [1, K + 1]. */
  readonly tokensPerStep: number;
  /**
   * Accepted tokens over all proposed ones. Not a rate of the models: tokens behind a rejected one are in the denominator,
   * though nobody looked at them, so that it falls as K grows. Here because servers report it.
   */
  readonly shareOfProposals: number;
  readonly positions: readonly DraftPosition[];
  readonly accepted: number;
  readonly proposed: number;
  /** Steps of the target model. */
  readonly count: number;
}

/**
 * Acceptance in speculative decoding from the counts of a run, with every denominator told apart.
 *
 * Inputs: `acceptedTokens` [...], for each step of the target model how many drafted tokens it accepted; optional
 * `proposedTokens` [...], how many were proposed (K, when left out), `rowWeights` [...] and, with `ignoreIndex`, `labels`
 * [...]. Streams and merges exactly: two counts a position.
 *
 * @throws RangeError for counts that are no whole numbers in [0, K], for more accepted than proposed tokens, or no step.
 * @example
 * const { rate, tokensPerStep, positions } = measure(acceptedLengths({ draftTokens: 3 }), { acceptedTokens: [3, 0, 1] });
 * // rate 4/6: six tokens were looked at; tokensPerStep 7/3
 */
// @__NO_SIDE_EFFECTS__
export function acceptedLengths(
  options: AcceptedLengthsOptions,
): Metric<'acceptedTokens', string, AcceptedLengthsResult, 'proposedTokens' | 'labels' | 'rowWeights'> {
  const { draftTokens, ignoreIndex } = readOptions('acceptedLengths', options, {
    draftTokens: whole(1, undefined, 1_000_000),
    ...rowMask(),
  });
  return columnMetric<
    'acceptedTokens',
    'accepted',
    'reached' | 'accepted' | 'proposed' | 'count',
    AcceptedLengthsResult,
    'proposedTokens'
  >({
    name: 'acceptedLengths',
    reference: acceptedLengths,
    options: { draftTokens, ignoreIndex },
    inputs: { acceptedTokens: 'numbers' },
    optionalInputs: { proposedTokens: 'numbers' },

    columns: (_, { acceptedTokens, proposedTokens }) => ({
      accepted: acceptedTokens,
      ...(proposedTokens !== undefined && { proposed: proposedTokens }),
    }),

    condense({ accepted, proposed }, weights) {
      const atReached = new Float64Array(draftTokens);
      const atAccepted = new Float64Array(draftTokens);
      let [proposals, steps] = [0, 0];
      for (let step = 0; step < accepted.length; step++) {
        const weight = weights === undefined ? 1 : weights[step]!;
        const most = checked('proposedTokens', proposed?.[step] ?? draftTokens, draftTokens);
        const length = checked('acceptedTokens', accepted[step]!, most);
        for (let place = 0; place < length; place++) atAccepted[place]! += weight;
        for (let place = 0; place < Math.min(most, length + 1); place++) atReached[place]! += weight;
        proposals += weight * most;
        steps += weight;
      }
      return {
        reached: { data: atReached, shape: [draftTokens] },
        accepted: { data: atAccepted, shape: [draftTokens] },
        proposed: { data: Float64Array.of(proposals), shape: [] },
        count: { data: Float64Array.of(steps), shape: [] },
      };
    },

    state: {
      reached: countOf([draftTokens], 'count'),
      accepted: countOf([draftTokens], 'reached'),
      proposed: countOf(),
      count: countOf(),
    },

    finish(statistics) {
      const count = requireRows('acceptedLengths', statistics.count.data[0]!);
      const [reached, accepted] = [statistics.reached.data, statistics.accepted.data];
      const total = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0);
      const [looked, taken, proposed] = [total(reached), total(accepted), statistics.proposed.data[0]!];
      const rate = looked === 0 ? 1 : taken / looked;
      return {
        value: rate,
        rate,
        meanAcceptedLength: taken / count,
        tokensPerStep: taken / count + 1,
        shareOfProposals: proposed === 0 ? 1 : taken / proposed,
        positions: Array.from(reached, (steps, place) => ({
          position: place + 1,
          reached: steps,
          accepted: accepted[place]!,
          rate: steps === 0 ? null : accepted[place]! / steps,
        })),
        accepted: taken,
        proposed,
        count,
      };
    },
  });
}

function checked(argument: string, value: number, most: number): number {
  if (!(Number.isInteger(value) && value >= 0 && value <= most)) {
    throw rangeError('acceptedLengths', argument, `whole numbers in [0, ${most}]`, value);
  }
  return value;
}
