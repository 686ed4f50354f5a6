import { checkOptions } from '../../check.ts';
import type { Metric } from '../../metric.ts';
import { checkLabels, checkLogits } from '../../ops/checkRows.ts';
import { type ClassCount, checkClassCounts, classCounts } from './classCounts.ts';

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
 * Inputs: `logits` [..., classes] and `labels` [...]. Among equal logits the first class is the prediction. Streams and
 * merges exactly.
 *
 * @throws RangeError for NaN or a label out of range.
 * @example
 * const { value } = measure(matthewsCorrelation(), { logits, labels });
 * @see Gorodkin: Comparing two K-category assignments by a K-category correlation coefficient (2004)
 */
// @__NO_SIDE_EFFECTS__
export function matthewsCorrelation(
  options: Readonly<Record<string, never>> = {},
): Metric<'logits' | 'labels', ClassCount, MatthewsCorrelationResult> {
  checkOptions('matthewsCorrelation', options, []);
  return {
    name: 'matthewsCorrelation',
    reference: matthewsCorrelation,
    options: {},
    inputs: ['logits', 'labels'],
    optionalInputs: [],

    check(backend, { logits, labels }) {
      const rows = checkLogits(backend, 'matthewsCorrelation', 'logits', logits);
      checkLabels(backend, 'matthewsCorrelation', 'labels', labels, rows, backend.shapeOf(logits).at(-1)!);
    },

    statistics: (backend, { logits, labels }) => classCounts(backend, logits, labels),

    finish(statistics) {
      checkClassCounts('matthewsCorrelation', statistics);
      const { hit, predicted, actual } = statistics;
      const count = actual.data.reduce((sum, labels) => sum + labels, 0);
      // Shares instead of counts: products of counts pass 2⁵³ at 10⁸ rows.
      const share = (values: Float64Array) => values.map((value) => value / count);
      const [hits, predictions, labels] = [share(hit.data), share(predicted.data), share(actual.data)];
      const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, index) => sum + value * b[index]!, 0);
      const constant = [predicted.data, actual.data].some((values) => values.some((value) => value === count));
      if (constant) return { value: 0, status: 'constant', count };
      const covariance = hits.reduce((sum, value) => sum + value, 0) - dot(predictions, labels);
      const spread = Math.sqrt((1 - dot(predictions, predictions)) * (1 - dot(labels, labels)));
      return { value: Math.max(-1, Math.min(1, covariance / spread)), status: 'ok', count };
    },
  };
}
