import { checkOptions } from '../../check.ts';
import type { Metric } from '../../metric.ts';
import { type MatchStatistic, matchMembers, type PredictionMatch } from './predictionMatch.ts';

/**
 * Invariance: the share of rows on which one model predicts the same class for two views of an image (as it is, and
 * shifted, cropped or recoloured).
 *
 * Inputs: `logits` and `viewLogits` [..., classes]. Among equal logits the first class is the prediction. The breakdown
 * is by the prediction on the first view. Streams and merges exactly.
 *
 * @throws RangeError for NaN; TypeError for shapes that differ.
 * @example
 * const { value } = measure(invariance(), { logits, viewLogits });
 * @see Ojha, Li, Sundara Rajan, Liang, Lee: What knowledge gets distilled in knowledge distillation? (2023),
 * arXiv 2205.16004
 */
// @__NO_SIDE_EFFECTS__
export function invariance(
  options: Readonly<Record<string, never>> = {},
): Metric<'logits' | 'viewLogits', MatchStatistic, PredictionMatch> {
  checkOptions('invariance', options, []);
  return {
    name: 'invariance',
    reference: invariance,
    options: {},
    inputs: ['logits', 'viewLogits'],
    optionalInputs: [],
    ...matchMembers('invariance', { baseline: 'logits', other: 'viewLogits' }),
  };
}
