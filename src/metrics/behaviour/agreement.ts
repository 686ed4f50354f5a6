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

/** Options of `agreement`. */
export interface AgreementOptions<From extends PredictionSource = PredictionSource>
  extends PredictionOptions<From>,
    DecisionOptions,
    RowMetricOptions {}

/**
 * Consensus: the share of rows on which student and teacher predict the same class, whether right or wrong.
 *
 * Inputs: `studentLogits` and `teacherLogits` [..., classes], or by `from` `studentProbabilities` … or `studentPredictions`
 * and `teacherPredictions` [...]; optional `rowWeights` [...] and, with `ignoreIndex`, `labels` [...]. Among equal logits the
 * first class is the prediction. The breakdown is by the teacher's prediction. Streams and merges exactly.
 *
 * @throws RangeError for NaN; TypeError for shapes that differ.
 * @example
 * const { value, kappa } = measure(agreement(), { studentLogits, teacherLogits });
 * @see Stanton et al.: Does knowledge distillation really work? (2021), arXiv 2106.05945 (top-1 agreement)
 */
// @__NO_SIDE_EFFECTS__
export function agreement<From extends PredictionSource = 'logits'>(
  options: AgreementOptions<From> = {},
): Metric<SideInput<'student' | 'teacher', From>, MatchStatistic, PredictionMatch, 'labels' | 'rowWeights'> {
  const checked = readOptions('agreement', options, {
    ...predictionOptions<From>(),
    ...decisionOption(),
    ...rowMask(),
  });
  return predictionMatch<SideInput<'student' | 'teacher', From>>('agreement', agreement, checked, {
    baseline: sideInput('teacher', checked.from),
    other: sideInput('student', checked.from),
  });
}
