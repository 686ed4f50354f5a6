import { checkOptions } from '../../check.ts';
import type { Metric } from '../../metric.ts';
import { checkLabels, checkLogits } from '../../ops/checkRows.ts';
import { flatten, flattenRows } from '../../ops/flattenRows.ts';
import { labelLogProbability } from '../../ops/labelLogProbability.ts';
import { scale } from '../../ops/scale.ts';
import { checkOneScore, checkScoreCounts, type ScoreCheck, scoreCheck } from './scoreInputs.ts';

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
  options: Readonly<Record<string, never>> = {},
): Metric<'labels', 'total' | 'count' | ScoreCheck, NegativeLogLikelihoodResult, 'probabilities' | 'logits'> {
  checkOptions('negativeLogLikelihood', options, []);
  return {
    name: 'negativeLogLikelihood',
    reference: negativeLogLikelihood,
    options: {},
    inputs: ['labels'],
    optionalInputs: ['probabilities', 'logits'],

    check(backend, { labels, probabilities, logits }) {
      const name = checkOneScore('negativeLogLikelihood', probabilities, logits);
      const scores = (probabilities ?? logits)!;
      const rows = checkLogits(backend, 'negativeLogLikelihood', name, scores);
      checkLabels(backend, 'negativeLogLikelihood', 'labels', labels, rows, backend.shapeOf(scores).at(-1)!);
    },

    statistics(backend, { labels, probabilities, logits }) {
      const scores = flattenRows(backend, (probabilities ?? logits)!);
      const from = probabilities === undefined ? 'logits' : 'probabilities';
      const logProbability = labelLogProbability(backend, scores, flatten(backend, labels), from);
      return {
        total: scale(backend, backend.sum(logProbability), -1),
        count: backend.scalar(backend.shapeOf(scores)[0]!),
        ...scoreCheck(backend, probabilities === undefined ? undefined : scores, logProbability),
      };
    },

    finish(statistics) {
      checkScoreCounts('negativeLogLikelihood', statistics);
      const count = statistics.count.data[0]!;
      return { value: statistics.total.data[0]! / count, count };
    },
  };
}
