import type { Loss } from '../../loss.ts';
import { type Reduction, type RowOptions, rowOptions } from '../../ops/rowReduction.ts';
import { readOptions } from '../../options.ts';
import { type FormOf, rowLoss } from '../../rowLoss.ts';
import { checkFeaturePair, directionGradient, directionRows } from './directionRows.ts';

/** Options of `normalizedMse`. */
export type NormalizedMseOptions<R extends Reduction = Reduction> = RowOptions<R>;

/**
 * Squared distance between the directions of the student's and the teacher's features: the loss of patient knowledge
 * distillation (PKD) on the hidden states of mapped layers.
 *
 *     |ŝ − t̂|²,  ŝ = s/‖s‖, t̂ = t/‖t‖        gradient in s   2·(−t̂ + ŝ⟨ŝ, t̂⟩)/‖s‖
 *
 * It is twice `cosineDistance`. A row of zeros has no direction: its ŝ is 0, and so is its gradient.
 *
 * Inputs: `studentFeatures` and `teacherFeatures` [..., width] of one shape; optional `rowWeights` [...], an attention mask
 * for one, and, with `ignoreIndex`, `labels` [...]. Value: in [0, 4], a scalar (or [...] with `reduction: 'none'`). Only
 * `studentFeatures` gets a gradient.
 *
 * @throws RangeError for an unknown option; TypeError for features of two shapes: no width is cut.
 * @example
 * const { value } = evaluate(normalizedMse(), { studentFeatures: [[3, 4]], teacherFeatures: [[1, 0]] }); // 0.8
 * @see Sun, Cheng, Gan, Liu: Patient knowledge distillation for BERT model compression (2019), arXiv 1908.09355
 */
// @__NO_SIDE_EFFECTS__
export function normalizedMse<R extends Reduction = 'mean'>(
  options: NormalizedMseOptions<R> = {},
): Loss<'studentFeatures' | 'teacherFeatures', 'studentFeatures', 'labels' | 'rowWeights', FormOf<R>> {
  return rowLoss(readOptions('normalizedMse', options, rowOptions<R>(null)), {
    name: 'normalizedMse',
    reference: normalizedMse,
    options: {},
    inputs: ['studentFeatures', 'teacherFeatures'],
    differentiable: 'studentFeatures',
    check: (backend, inputs) => checkFeaturePair(backend, 'normalizedMse', inputs),

    rows(backend, inputs) {
      const { squares, directions, lengths, differences } = directionRows(backend, inputs);
      return { losses: squares, directions, lengths, differences };
    },

    gradient: (backend, kept) => directionGradient(backend, kept, 2),
  });
}
