import type { Loss } from '../../loss.ts';
import type { FeatureLayout } from '../../ops/affine.ts';
import { asChannelMaps, checkMaps, checkSamePositions, fromChannelMaps } from '../../ops/channelMaps.ts';
import { type Reduction, type RowOptions, rowOptions } from '../../ops/rowReduction.ts';
import { unitRows, unitRowsGradient } from '../../ops/unitRows.ts';
import { readOptions, word } from '../../options.ts';
import { type FormOf, rowLoss } from '../../rowLoss.ts';
import { kernelDiscrepancy, kernelDiscrepancyGradient } from './kernelDiscrepancy.ts';

/** Options of `selectivityTransfer`. */
export interface SelectivityTransferOptions<R extends Reduction = Reduction> extends RowOptions<R> {
  /** Where the channels are: `[batch, ...positions, channels]`, the default, or `[batch, channels, ...positions]`. */
  readonly layout?: FeatureLayout;
}

/**
 * Neuron selectivity transfer (NST): the student's channels, as a sample of patterns over positions, come from the
 * distribution of the teacher's. The squared maximum mean discrepancy under the kernel ⟨x, y⟩².
 *
 * With the channels of a sample as rows of length 1, A [C, P] of the student and B [D, P] of the teacher,
 *
 *     |B·Bᵀ|²/D² + |A·Aᵀ|²/C² − 2·|A·Bᵀ|²/(C·D)  =  |Aᵀ·A/C − Bᵀ·B/D|²
 *     gradient in A   4·A·Aᵀ·A/C² − 4·A·Bᵀ·B/(C·D)  =  4·A·(Aᵀ·A/C − Bᵀ·B/D)/C,   and through the lengths
 *
 * A channel of zeros stays zero and gets no gradient. Where positions are few, or the terms on the left cancel, the form on the
 * right counts. On a device whose values cannot be read without waiting, and beyond 4096 positions, sides that are alike on many
 * positions have the form on the left, where rounding may leave of a value below 1e-6 nothing or anything up to that.
 *
 * Inputs: `studentFeatures` and `teacherFeatures` [batch, ...positions, channels] (or channels first) of one grid, each with
 * channels of its own; optional `rowWeights` [batch] and, with `ignoreIndex`, `labels` [batch]. Value: a scalar ≥ 0 (or
 * [batch] with `reduction: 'none'`). Only `studentFeatures` gets a gradient.
 *
 * @throws RangeError for an unknown option.
 * @example
 * const studentFeatures = tensor([1, 2, 0, 1, 0, 1, 1, 1], [1, 2, 2, 2]);
 * const teacherFeatures = tensor([2, 0, 1, 1], [1, 1, 2, 2]);
 * const loss = selectivityTransfer({ layout: 'channelsFirst' });
 * const { value } = evaluate(loss, { studentFeatures, teacherFeatures }); // 1.278
 * @see Huang, Wang: Like what you like: knowledge distill via neuron selectivity transfer (2017), arXiv 1707.01219
 */
// @__NO_SIDE_EFFECTS__
export function selectivityTransfer<R extends Reduction = 'mean'>(
  options: SelectivityTransferOptions<R> = {},
): Loss<'studentFeatures' | 'teacherFeatures', 'studentFeatures', 'labels' | 'rowWeights', FormOf<R>> {
  const { layout, ...rows } = readOptions('selectivityTransfer', options, {
    layout: word<FeatureLayout>(['channelsLast', 'channelsFirst'], 'channelsLast'),
    ...rowOptions<R>(null),
  });

  return rowLoss(rows, {
    name: 'selectivityTransfer',
    reference: selectivityTransfer,
    options: { layout },
    inputs: ['studentFeatures', 'teacherFeatures'],
    differentiable: 'studentFeatures',

    check(backend, { studentFeatures, teacherFeatures }) {
      const student = checkMaps(backend, 'selectivityTransfer', 'studentFeatures', studentFeatures, layout);
      const teacher = checkMaps(backend, 'selectivityTransfer', 'teacherFeatures', teacherFeatures, layout);
      checkSamePositions('selectivityTransfer', student, teacher);
      return [student.batch];
    },

    rows(backend, { studentFeatures, teacherFeatures }) {
      const { directions, lengths } = unitRows(backend, asChannelMaps(backend, studentFeatures, layout));
      const teacher = unitRows(backend, asChannelMaps(backend, teacherFeatures, layout)).directions;
      const discrepancy = kernelDiscrepancy(backend, directions, teacher);
      return { ...discrepancy, studentFeatures, teacher, directions, lengths };
    },

    gradient(backend, { studentFeatures, teacher, directions, lengths, ...discrepancy }) {
      const inDirections = kernelDiscrepancyGradient(backend, discrepancy, directions, teacher);
      const gradient = unitRowsGradient(backend, { directions, lengths }, inDirections);
      return fromChannelMaps(backend, gradient, backend.shapeOf(studentFeatures), layout);
    },
  });
}
