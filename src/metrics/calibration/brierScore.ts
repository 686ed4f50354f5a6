import type { Metric } from '../../metric.ts';
import { countOf } from '../../metricState.ts';
import { logSoftmax } from '../../ops/logSoftmax.ts';
import { flag, readOptions } from '../../options.ts';
import { type RowMetricOptions, requireRows, rowMask, rowMetric } from '../../rowMetric.ts';
import { checkOneScore, scoreInputs } from './scoreInputs.ts';

/** Options of `brierScore`. */
export interface BrierScoreOptions extends RowMetricOptions {
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
): Metric<'labels', 'total' | 'count', BrierScoreResult, 'probabilities' | 'logits' | 'rowWeights'> {
  const { scaleByHalf, ignoreIndex } = readOptions('brierScore', options, { scaleByHalf: flag(false), ...rowMask() });
  return rowMetric({
    name: 'brierScore',
    reference: brierScore,
    options: { scaleByHalf, ignoreIndex },
    inputs: { labels: 'labels' },
    optionalInputs: scoreInputs,
    check: (_, { probabilities, logits }) => checkOneScore('brierScore', probabilities, logits),

    statistics(backend, { labels, probabilities, logits }, rows) {
      const predicted = logits === undefined ? probabilities! : backend.exp(logSoftmax(backend, logits));
      const difference = backend.subtract(predicted, backend.oneHot(labels, backend.shapeOf(predicted)[1]!));
      const squares = backend.sum(backend.multiply(difference, difference), { axis: -1 });
      return { total: rows.sum(squares), count: rows.total() };
    },

    state: { total: countOf(), count: countOf() },

    finish(statistics) {
      const count = requireRows('brierScore', statistics.count.data[0]!);
      return { value: statistics.total.data[0]! / count / (scaleByHalf ? 2 : 1), count };
    },
  });
}
