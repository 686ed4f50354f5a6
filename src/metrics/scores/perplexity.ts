import { checkOptions, checkWhole, rangeError } from '../../check.ts';
import type { Metric } from '../../metric.ts';
import { checkLabels, checkLogits } from '../../ops/checkRows.ts';
import { countNaN } from '../../ops/countNaN.ts';
import { flatten, flattenRows } from '../../ops/flattenRows.ts';
import { labelLogProbability } from '../../ops/labelLogProbability.ts';
import { differentIndex } from '../../ops/sameIndex.ts';
import { scale } from '../../ops/scale.ts';

/** Options of `perplexity`. */
export interface PerplexityOptions {
  /** Tokens with this label do not count (padding). */
  readonly ignoreIndex?: number;
}

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
 * Inputs: `logits` [..., classes] and `labels` [...], each a token. Streams and merges exactly: the mean runs over tokens,
 * not over batches.
 *
 * @throws RangeError for NaN, a label out of range, or no token that counts.
 * @example
 * const { value } = measure(perplexity({ ignoreIndex: -100 }), { logits: [[0, 0], [3, 1]], labels: [1, -100] }); // 2
 */
// @__NO_SIDE_EFFECTS__
export function perplexity(
  options: PerplexityOptions = {},
): Metric<'logits' | 'labels', 'total' | 'count' | 'invalid', PerplexityResult> {
  checkOptions('perplexity', options, ['ignoreIndex']);
  const { ignoreIndex } = options;
  if (ignoreIndex !== undefined) checkWhole('perplexity', 'ignoreIndex', ignoreIndex, -(2 ** 31));
  return {
    name: 'perplexity',
    reference: perplexity,
    options: { ignoreIndex },
    inputs: ['logits', 'labels'],
    optionalInputs: [],

    check(backend, { logits, labels }) {
      const rows = checkLogits(backend, 'perplexity', 'logits', logits);
      checkLabels(backend, 'perplexity', 'labels', labels, rows, backend.shapeOf(logits).at(-1)!, ignoreIndex);
    },

    statistics(backend, { logits, labels }) {
      const label = flatten(backend, labels);
      const logProbability = labelLogProbability(backend, flattenRows(backend, logits), label, 'logits');
      const counts =
        ignoreIndex === undefined
          ? backend.add(backend.multiply(label, backend.scalar(0)), backend.scalar(1))
          : differentIndex(backend, label, backend.scalar(ignoreIndex));
      const kept = backend.where(counts, logProbability, backend.scalar(0));
      return {
        total: scale(backend, backend.sum(kept), -1),
        count: backend.sum(counts),
        invalid: countNaN(backend, kept),
      };
    },

    finish({ total, count, invalid }) {
      if (invalid.data[0]! > 0)
        throw rangeError('perplexity', 'logits', 'free of NaN', `NaN in ${invalid.data[0]} rows`);
      const tokens = count.data[0]!;
      if (tokens === 0) throw rangeError('perplexity', 'labels', 'not all ignoreIndex', ignoreIndex);
      const mean = total.data[0]! / tokens;
      return { value: Math.exp(mean), negativeLogLikelihood: mean, bitsPerToken: mean / Math.LN2, count: tokens };
    },
  };
}
