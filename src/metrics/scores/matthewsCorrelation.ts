import type { Metric } from '../../metric.ts';
import { readOptions } from '../../options.ts';
import { type RowMetricOptions, requireRows, rowMask, rowMetric } from '../../rowMetric.ts';
import { checkDecided, checkDecision, type DecisionOptions, decisionOption } from '../decisionThreshold.ts';
import { type PredictionOptions, type PredictionSource, predictionOptions, sourceInputs } from '../predictionSource.ts';
import { type ClassCount, classCounting, totalOf } from './classCounts.ts';

/** Options of `matthewsCorrelation`. */
export interface MatthewsCorrelationOptions<From extends PredictionSource = PredictionSource>
  extends PredictionOptions<From>,
    DecisionOptions,
    RowMetricOptions {}

/** What `matthewsCorrelation` returns. */
export interface MatthewsCorrelationResult {
  /** In [−1, 1]; 0 where the status is not `'ok'`. */
  readonly value: number;
  /** `'constant'` where all labels, or all predictions, are of one class: the correlation is not defined. */
  readonly status: 'ok' | 'constant';
  readonly count: number;
}

/**
 * Matthews correlation of predictions and labels; with more than two classes Gorodkin's R_K.
 *
 *     (h·n − Σ_k p_k·l_k) / √((n² − Σ p_k²)·(n² − Σ l_k²))        h hits, p_k predictions and l_k labels of class k
 *
 * Inputs: `logits` (or by `from` `probabilities`) [..., classes] or `predictions` [...], and `labels` [...]; optional
 * `rowWeights` [...]. Among equal logits the first class is the prediction. Streams and merges exactly.
 *
 * @throws RangeError for NaN or a label out of range.
 * @example
 * const { value } = measure(matthewsCorrelation(), { logits, labels });
 * @see Gorodkin: Comparing two K-category assignments by a K-category correlation coefficient (2004)
 */
// @__NO_SIDE_EFFECTS__
export function matthewsCorrelation<From extends PredictionSource = 'logits'>(
  options: MatthewsCorrelationOptions<From> = {},
): Metric<From | 'labels', ClassCount, MatthewsCorrelationResult, 'rowWeights'> {
  const { from, classes, threshold, ignoreIndex } = readOptions('matthewsCorrelation', options, {
    ...predictionOptions<From>(),
    ...decisionOption(),
    ...rowMask(),
  });
  checkDecision('matthewsCorrelation', { from, threshold });
  const { state, count, ...merging } = classCounting('matthewsCorrelation', { from, threshold }, classes);
  return rowMetric({
    name: 'matthewsCorrelation',
    reference: matthewsCorrelation,
    options: { from, classes, threshold, ignoreIndex },
    inputs: sourceInputs(from, [from], ['labels']),
    check: (backend, batch) => checkDecided(backend, 'matthewsCorrelation', batch[from], { from, threshold }),
    statistics: (backend, batch, rows) => count(backend, batch[from], batch.labels, rows),
    state,
    ...merging,

    finish(statistics) {
      const { hit, predicted, actual } = statistics;
      const total = requireRows('matthewsCorrelation', totalOf(statistics, 'actual'));
      // Shares instead of counts: products of counts pass 2⁵³ at 10⁸ rows.
      const share = (values: Float64Array) => values.map((value) => value / total);
      const [hits, predictions, labels] = [share(hit.data), share(predicted.data), share(actual.data)];
      const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, index) => sum + value * b[index]!, 0);
      const constant = [predicted.data, actual.data].some((values) => values.some((value) => value === total));
      if (constant) return { value: 0, status: 'constant', count: total };
      const covariance = hits.reduce((sum, value) => sum + value, 0) - dot(predictions, labels);
      const spread = Math.sqrt((1 - dot(predictions, predictions)) * (1 - dot(labels, labels)));
      return { value: Math.max(-1, Math.min(1, covariance / spread)), status: 'ok', count: total };
    },
  });
}
