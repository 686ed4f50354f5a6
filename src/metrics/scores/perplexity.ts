import type { Metric } from '../../metric.ts';
import { countOf, numberOf } from '../../metricState.ts';
import { labelLogProbability } from '../../ops/labelLogProbability.ts';
import { scale } from '../../ops/scale.ts';
import { readOptions } from '../../options.ts';
import { type RowMetricOptions, requireRows, rowMask, rowMetric } from '../../rowMetric.ts';

/** Options of `perplexity`: tokens labelled `ignoreIndex` (padding) do not count. */
export type PerplexityOptions = RowMetricOptions;

/** What `perplexity` returns. */
export interface PerplexityResult {
  /** exp of the mean negative log-likelihood, ≥ 1; +Infinity where a label has probability 0. */
  readonly value: number;
  /** In nats a token. */
  readonly negativeLogLikelihood: number;
  readonly bitsPerToken: number;
  /** Tokens that count. */
  readonly count: number;
}

/**
 * Perplexity of a language model: exp(−(1/N)·Σ log p(token)), over all tokens of all batches alike.
 *
 * Inputs: `logits` [..., classes] and `labels` [...], each a token; optional `rowWeights` [...]. Streams and merges exactly: the mean runs over tokens,
 * not over batches.
 *
 * @throws RangeError for NaN, a label out of range, or no token that counts.
 * @example
 * const { value } = measure(perplexity({ ignoreIndex: -100 }), { logits: [[0, 0], [3, 1]], labels: [1, -100] }); // 2
 */
// @__NO_SIDE_EFFECTS__
export function perplexity(
  options: PerplexityOptions = {},
): Metric<'logits' | 'labels', 'total' | 'count', PerplexityResult, 'rowWeights'> {
  const { ignoreIndex } = readOptions('perplexity', options, rowMask());
  return rowMetric({
    name: 'perplexity',
    reference: perplexity,
    options: { ignoreIndex },
    inputs: { logits: 'scores', labels: 'labels' },

    statistics(backend, { logits, labels }, rows) {
      const logProbability = labelLogProbability(backend, logits, labels, 'logits');
      return { total: rows.sum(scale(backend, logProbability, -1)), count: rows.total() };
    },

    state: { total: numberOf(), count: countOf() },

    finish({ total, count }) {
      const tokens = requireRows('perplexity', count.data[0]!);
      const mean = total.data[0]! / tokens;
      return { value: Math.exp(mean), negativeLogLikelihood: mean, bitsPerToken: mean / Math.LN2, count: tokens };
    },
  });
}
