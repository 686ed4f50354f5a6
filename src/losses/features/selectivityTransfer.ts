import type { Backend } from '../../backend.ts';
import type { Loss } from '../../loss.ts';
import type { FeatureLayout } from '../../ops/affine.ts';
import { asChannelMaps, checkMaps, checkSamePositions, fromChannelMaps } from '../../ops/channelMaps.ts';
import { type Reduction, type RowOptions, rowOptions } from '../../ops/rowReduction.ts';
import { scale } from '../../ops/scale.ts';
import { unitRows, unitRowsGradient } from '../../ops/unitRows.ts';
import { readOptions, word } from '../../options.ts';
import { type FormOf, rowLoss } from '../../rowLoss.ts';

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
 *     |B·Bᵀ|²/D² + |A·Aᵀ|²/C² − 2·|A·Bᵀ|²/(C·D)
 *     gradient in A   4·A·Aᵀ·A/C² − 4·A·Bᵀ·B/(C·D),   and through the lengths
 *
 * A channel of zeros stays zero and gets no gradient.
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
      const own = products(backend, directions, directions);
      const mixed = products(backend, directions, teacher);
      const within = backend.add(own.meanSquare, products(backend, teacher, teacher).meanSquare);
      const losses = backend.subtract(within, scale(backend, mixed.meanSquare, 2));
      return { losses, studentFeatures, teacher, directions, lengths, own: own.scores, mixed: mixed.scores };
    },

    gradient(backend, { studentFeatures, teacher, directions, lengths, own, mixed }) {
      const [, channels = 1, others = 1] = backend.shapeOf(mixed);
      const inDirections = backend.subtract(
        scale(backend, backend.matMul(own, directions), 4 / channels ** 2),
        scale(backend, backend.matMul(mixed, teacher), 4 / (channels * others)),
      );
      const gradient = unitRowsGradient(backend, { directions, lengths }, inDirections);
      return fromChannelMaps(backend, gradient, backend.shapeOf(studentFeatures), layout);
    },
  });
}

/** ⟨x, y⟩ of all pairs of channels of each sample, and the mean of their squares [batch]. */
function products<T>(backend: Backend<T>, x: T, y: T): { readonly scores: T; readonly meanSquare: T } {
  const scores = backend.matMul(x, y, { transposeB: true });
  const [, first = 1, second = 1] = backend.shapeOf(scores);
  const squares = backend.sum(backend.multiply(scores, scores), { axis: [1, 2] });
  return { scores, meanSquare: scale(backend, squares, 1 / (first * second)) };
}
