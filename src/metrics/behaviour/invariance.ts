import type { Metric } from '../../metric.ts';
import { readOptions } from '../../options.ts';
import { type RowMetricOptions, rowMask } from '../../rowMetric.ts';
import { type DecisionOptions, decisionOption } from '../decisionThreshold.ts';
import {
  type PredictionOptions,
  type PredictionSource,
  predictionOptions,
  type SideInput,
  sideInput,
} from '../predictionSource.ts';
import { type MatchStatistic, type PredictionMatch, predictionMatch } from './predictionMatch.ts';

/** Options of `invariance`. */
export interface InvarianceOptions<From extends PredictionSource = PredictionSource>
  extends PredictionOptions<From>,
    DecisionOptions,
    RowMetricOptions {}

/**
 * Invariance: the share of rows on which one model predicts the same class for two views of an image (as it is, and
 * shifted, cropped or recoloured).
 *
 * Inputs: `logits` and `viewLogits` [..., classes], or by `from` `probabilities` and `viewProbabilities`, or `predictions`
 * and `viewPredictions` [...]; optional `rowWeights` [...]. Among equal logits the first class is the prediction. The breakdown
 * is by the prediction on the first view. Streams and merges exactly.
 *
 * @throws RangeError for NaN; TypeError for shapes that differ.
 * @example
 * const { value } = measure(invariance(), { logits, viewLogits });
 * @see Ojha, Li, Sundara Rajan, Liang, Lee: What knowledge gets distilled in knowledge distillation? (2023),
 * arXiv 2205.16004
 */
// @__NO_SIDE_EFFECTS__
export function invariance<From extends PredictionSource = 'logits'>(
  options: InvarianceOptions<From> = {},
): Metric<From | SideInput<'view', From>, MatchStatistic, PredictionMatch, 'labels' | 'rowWeights'> {
  const checked = readOptions('invariance', options, {
    ...predictionOptions<From>(),
    ...decisionOption(),
    ...rowMask(),
  });
  return predictionMatch<From | SideInput<'view', From>>('invariance', invariance, checked, {
    baseline: checked.from,
    other: sideInput('view', checked.from),
  });
}
