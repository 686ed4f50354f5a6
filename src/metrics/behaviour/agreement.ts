import { checkOptions } from '../../check.ts';
import type { Metric } from '../../metric.ts';
import { type MatchStatistic, matchMembers, type PredictionMatch } from './predictionMatch.ts';

/**
 * Consensus: the share of rows on which student and teacher predict the same class, whether right or wrong.
 *
 * Inputs: `studentLogits` and `teacherLogits` [..., classes]. Among equal logits the first class is the prediction. The
 * breakdown is by the teacher's prediction. Streams and merges exactly.
 *
 * @throws RangeError for NaN; TypeError for shapes that differ.
 * @example
 * const { value, kappa } = measure(agreement(), { studentLogits, teacherLogits });
 * @see Stanton et al.: Does knowledge distillation really work? (2021), arXiv 2106.05945 (top-1 agreement)
 */
// @__NO_SIDE_EFFECTS__
export function agreement(
  options: Readonly<Record<string, never>> = {},
): Metric<'studentLogits' | 'teacherLogits', MatchStatistic, PredictionMatch> {
  checkOptions('agreement', options, []);
  return {
    name: 'agreement',
    reference: agreement,
    options: {},
    inputs: ['studentLogits', 'teacherLogits'],
    optionalInputs: [],
    ...matchMembers('agreement', { baseline: 'teacherLogits', other: 'studentLogits' }),
  };
}
