import { checkOptions, kindError } from '../../check.ts';
import type { Metric } from '../../metric.ts';
import { checkLabels, checkLogits } from '../../ops/checkRows.ts';
import { flatten, flattenRows } from '../../ops/flattenRows.ts';
import { logSoftmax } from '../../ops/logSoftmax.ts';
import { checkOneScore, checkScoreCounts, type ScoreCheck, scoreCheck } from './scoreInputs.ts';

/** Options of `brierScore`. */
export interface BrierScoreOptions {
  /** Halves the score, so that it is (p − y)² of the positive class for two classes, in [0, 1]. Default false. */
  readonly scaleByHalf?: boolean;
}

/** What `brierScore` returns. */
export interface BrierScoreResult {
  /** In [0, 2]; in [0, 1] with `scaleByHalf`. */
  readonly value: number;
  readonly count: number;
}

/**
 * Brier score: the mean squared distance of predicted probabilities to the one-hot label.
 *
 *     (1/N)·Σ_i Σ_k (p_ik − [k = y_i])²
 *
 * Inputs: `labels` [...] and exactly one of `probabilities` and `logits` [..., classes]. Streams and merges exactly.
 *
 * @throws RangeError for NaN, rows that are no probabilities, or a label out of range.
 * @example
 * const { value } = measure(brierScore(), { probabilities: [[0.9, 0.1]], labels: [0] }); // 0.02
 * @see Brier: Verification of forecasts expressed in terms of probability (1950)
 */
// @__NO_SIDE_EFFECTS__
export function brierScore(
  options: BrierScoreOptions = {},
): Metric<'labels', 'total' | 'count' | ScoreCheck, BrierScoreResult, 'probabilities' | 'logits'> {
  checkOptions('brierScore', options, ['scaleByHalf']);
  const { scaleByHalf = false } = options;
  if (typeof scaleByHalf !== 'boolean') throw kindError('brierScore', 'scaleByHalf', 'true or false', scaleByHalf);
  return {
    name: 'brierScore',
    reference: brierScore,
    options: { scaleByHalf },
    inputs: ['labels'],
    optionalInputs: ['probabilities', 'logits'],

    check(backend, { labels, probabilities, logits }) {
      const name = checkOneScore('brierScore', probabilities, logits);
      const scores = (probabilities ?? logits)!;
      const rows = checkLogits(backend, 'brierScore', name, scores);
      checkLabels(backend, 'brierScore', 'labels', labels, rows, backend.shapeOf(scores).at(-1)!);
    },

    statistics(backend, { labels, probabilities, logits }) {
      const scores = flattenRows(backend, (probabilities ?? logits)!);
      const [rows, classes] = backend.shapeOf(scores) as [number, number];
      const predicted = probabilities === undefined ? backend.exp(logSoftmax(backend, scores)) : scores;
      const difference = backend.subtract(predicted, backend.oneHot(flatten(backend, labels), classes));
      return {
        total: backend.sum(backend.multiply(difference, difference)),
        count: backend.scalar(rows),
        ...scoreCheck(backend, probabilities === undefined ? undefined : scores, predicted),
      };
    },

    finish(statistics) {
      checkScoreCounts('brierScore', statistics);
      const count = statistics.count.data[0]!;
      return { value: statistics.total.data[0]! / count / (scaleByHalf ? 2 : 1), count };
    },
  };
}
