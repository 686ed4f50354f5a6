import type { Loss } from '../../loss.ts';
import { asColumn, asRows } from '../../ops/asColumn.ts';
import { bernoulliPair } from '../../ops/bernoulli.ts';
import { checkLabelledPair } from '../../ops/checkRows.ts';
import { gapOfOthers, labelSplit, lossOfOthers, studentOfOthers } from '../../ops/labelSplit.ts';
import { type Reduction, type RowOptions, rowOptions } from '../../ops/rowReduction.ts';
import { scale } from '../../ops/scale.ts';
import { atLeast, positive, readOptions } from '../../options.ts';
import { type FormOf, rowLoss } from '../../rowLoss.ts';

/** Options of `dkd`. */
export interface DkdOptions<R extends Reduction = Reduction> extends RowOptions<R> {
  /** α: the weight of the label against all other classes. Default 1. */
  readonly alpha?: number;
  /** β: the weight of the other classes among themselves. Default 8; the authors' range is .5 on ImageNet to 10. */
  readonly beta?: number;
  /** T: both sides' logits are divided by it. Default 4. */
  readonly temperature?: number;
}

/**
 * Decoupled knowledge distillation: the divergence of `klDivergence` in its two parts, each with a weight of its own.
 *
 * With p = softmax(teacherLogits/T), q = softmax(studentLogits/T), y the label, b = (q_y, 1 − q_y), and q̂ the softmax over
 * the classes other than y (the same for p), a row's loss is
 *
 *     T²·(α·KL(b_p‖b_q) + β·KL(p̂‖q̂))
 *     gradient in studentLogits   T·α·(q_y − p_y) at y,  T·(β·(q̂_j − p̂_j) − α·(q_y − p_y)·q̂_j) at j ≠ y
 *
 * α = 1 with β = 1 − p_y, a row's own, is `klDivergence`. Both parts are computed from logarithms, for logits of any size. With
 * two classes the second part is 0, and so it is where the teacher masks all classes but the label with −Infinity.
 *
 * Inputs: `studentLogits` and `teacherLogits` [..., classes], `labels` [...]; a row labelled `ignoreIndex` does not count;
 * optional `rowWeights` [...]. Value: in nats, ≥ 0, a scalar (or [...] with `reduction: 'none'`). Only `studentLogits` gets
 * a gradient. On a device whose values cannot be read without waiting, a label out of range gives NaN; on the host it is an
 * error.
 *
 * @throws RangeError for fewer than two classes, a label out of range, a weight below 0, a temperature that is not greater
 * than 0, or an unknown option.
 * @example
 * const { value } = evaluate(dkd(), { studentLogits: [[1, 2, 0]], teacherLogits: [[0, 3, 1]], labels: [1] });
 * @see Zhao et al.: Decoupled knowledge distillation (2022), arXiv 2203.08679
 */
// @__NO_SIDE_EFFECTS__
export function dkd<R extends Reduction = 'mean'>(
  options: DkdOptions<R> = {},
): Loss<'studentLogits' | 'teacherLogits' | 'labels', 'studentLogits', 'rowWeights', FormOf<R>> {
  const { alpha, beta, temperature, ...rows } = readOptions('dkd', options, {
    alpha: atLeast(0, 1),
    beta: atLeast(0, 8),
    temperature: positive(4),
    ...rowOptions<R>(),
  });
  const factor = temperature ** 2;

  return rowLoss(rows, {
    name: 'dkd',
    reference: dkd,
    options: { alpha, beta, temperature },
    inputs: ['studentLogits', 'teacherLogits', 'labels'],
    differentiable: 'studentLogits',

    check: (backend, inputs) => checkLabelledPair(backend, 'dkd', inputs, rows.ignoreIndex),

    rows(backend, { studentLogits, teacherLogits, labels }) {
      const split = labelSplit(backend, studentLogits, teacherLogits, labels, temperature);
      const ofLabel = bernoulliPair(backend, split.studentOdds, split.teacherOdds, split.oddsApart);
      const ofOthers = lossOfOthers(backend, split, asColumn(backend, split.others.divergence));
      // A part of weight 0 is left out: 0·Infinity is NaN.
      const weighted = (part: typeof ofOthers, weight: number) =>
        weight === 0 ? backend.scalar(0) : scale(backend, part, weight * factor);
      const losses = backend.add(weighted(ofLabel.divergence, alpha), weighted(ofOthers, beta));
      return {
        losses: asRows(backend, losses),
        labelGap: ofLabel.gap,
        label: split.label,
        student: studentOfOthers(backend, split),
        gap: gapOfOthers(backend, split),
      };
    },

    gradient(backend, { labelGap, label, student, gap }) {
      const ofLabel = backend.multiply(scale(backend, labelGap, alpha), backend.subtract(label, student));
      return scale(backend, backend.add(ofLabel, scale(backend, gap, beta)), temperature);
    },
  });
}
