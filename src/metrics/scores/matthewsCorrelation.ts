import type { Metric } from '../../metric.ts';
import { unitFactorOf } from '../../ops/unitFactor.ts';
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
      // Near 1, by a power of two that rounds nothing: products of counts pass 2⁵³ at 10⁸ rows.
      const unit = unitFactorOf([total]);
      const near = (values: Float64Array) => values.map((value) => value * unit);
      const [hits, predictions, labels] = [near(hit.data), near(predicted.data), near(actual.data)];
      const [otherPredictions, otherLabels] = [withoutEach(predictions), withoutEach(labels)];
      const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, index) => sum + value * b[index]!, 0);
      const spread = Math.sqrt(dot(predictions, otherPredictions)) * Math.sqrt(dot(labels, otherLabels));
      if (spread === 0) return { value: 0, status: 'constant', count: total };
      // h·n − p·l by the cells of the class's own table, in which rare classes keep their digits.
      const covariance = hits.reduce((sum, both, index) => {
        const [falseAlarms, misses] = [predictions[index]! - both, labels[index]! - both];
        return sum + both * (otherLabels[index]! - falseAlarms) - falseAlarms * misses;
      }, 0);
      return { value: Math.max(-1, Math.min(1, covariance / spread)), status: 'ok', count: total };
    },
  });
}

/** For each number the sum of the others, without the difference that would leave rounding of an only one. */
function withoutEach(values: Float64Array): Float64Array {
  const others = new Float64Array(values.length);
  let [before, after] = [0, 0];
  for (let index = 0; index < values.length; index++) {
    others[index]! += before;
    before += values[index]!;
  }
  for (let index = values.length - 1; index >= 0; index--) {
    others[index]! += after;
    after += values[index]!;
  }
  return others;
}
