import type { Metric } from '../../metric.ts';
import { countOf, numberOf } from '../../metricState.ts';
import { labelLogProbability } from '../../ops/labelLogProbability.ts';
import { scale } from '../../ops/scale.ts';
import { readOptions } from '../../options.ts';
import { type RowMetricOptions, requireRows, rowMask, rowMetric } from '../../rowMetric.ts';
import { checkOneScore, scoreInputs } from './scoreInputs.ts';

/** Options of `negativeLogLikelihood`. */
export type NegativeLogLikelihoodOptions = RowMetricOptions;

/** What `negativeLogLikelihood` returns. */
export interface NegativeLogLikelihoodResult {
  /** In nats, ≥ 0; +Infinity where a label has probability 0. */
  readonly value: number;
  readonly count: number;
}

/**
 * Negative log-likelihood of the labels, a proper score: −(1/N)·Σ_i log p_i(y_i).
 *
 * Inputs: `labels` [...] and exactly one of `probabilities` and `logits` [..., classes]. Logits stay in log space, so
 * that ±1e4 is no trouble. Streams and merges exactly.
 *
 * @throws RangeError for NaN, rows that are no probabilities, or a label out of range.
 * @example
 * const { value } = measure(negativeLogLikelihood(), { logits: [[2, 0]], labels: [0] }); // log(1 + exp(−2))
 */
// @__NO_SIDE_EFFECTS__
export function negativeLogLikelihood(
  options: NegativeLogLikelihoodOptions = {},
): Metric<'labels', 'total' | 'count', NegativeLogLikelihoodResult, 'probabilities' | 'logits' | 'rowWeights'> {
  const { ignoreIndex } = readOptions('negativeLogLikelihood', options, rowMask());
  return rowMetric({
    name: 'negativeLogLikelihood',
    reference: negativeLogLikelihood,
    options: { ignoreIndex },
    inputs: { labels: 'labels' },
    optionalInputs: scoreInputs,
    check: (_, { probabilities, logits }) => checkOneScore('negativeLogLikelihood', probabilities, logits),

    statistics(backend, { labels, probabilities, logits }, rows) {
      const logProbability =
        logits === undefined
          ? labelLogProbability(backend, probabilities!, labels, 'probabilities')
          : labelLogProbability(backend, logits, labels, 'logits');
      return { total: rows.sum(scale(backend, logProbability, -1)), count: rows.total() };
    },

    state: { total: numberOf(), count: countOf() },

    finish(statistics) {
      const count = requireRows('negativeLogLikelihood', statistics.count.data[0]!);
      return { value: statistics.total.data[0]! / count, count };
    },
  });
}
