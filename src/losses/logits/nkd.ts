import type { Loss } from '../../loss.ts';
import { asRows } from '../../ops/asColumn.ts';
import { checkLabelledPair } from '../../ops/checkRows.ts';
import { expectation } from '../../ops/expectation.ts';
import { gapOfOthers, labelSplit, lossOfOthers, studentOfOthers } from '../../ops/labelSplit.ts';
import { type Reduction, type RowOptions, rowOptions } from '../../ops/rowReduction.ts';
import { scale } from '../../ops/scale.ts';
import { sigmoid } from '../../ops/sigmoid.ts';
import { logOf } from '../../ops/softenedPair.ts';
import { softplus } from '../../ops/softplus.ts';
import { atLeast, positive, readOptions } from '../../options.ts';
import { type FormOf, rowLoss } from '../../rowLoss.ts';

/** Options of `nkd`. */
export interface NkdOptions<R extends Reduction = Reduction> extends RowOptions<R> {
  /** γ: the weight of the other classes among themselves. Default 1.5. */
  readonly gamma?: number;
  /** T: the logits of the other classes are divided by it. Default 1. */
  readonly temperature?: number;
}

/**
 * Normalised knowledge distillation: a cross-entropy with the teacher's confidence in the label, and one over the other
 * classes among themselves.
 *
 * With p = softmax(teacherLogits), q = softmax(studentLogits), y the label, and q̂ the softmax at temperature T over the classes
 * other than y (the same for p), a row's loss is
 *
 *     −p_y·log q_y − γ·T²·Σ p̂·log q̂        gradient in studentLogits   p_y·(q − 1_y) + γ·T·(q̂ − p̂)
 *
 * The first part knows no temperature. These are cross-entropies: the value does not fall to 0 when the student matches the
 * teacher, and the first part's gradient does not either. With two classes the second part is 0, and so it is where the teacher
 * masks all classes but the label with −Infinity.
 *
 * Inputs: `studentLogits` and `teacherLogits` [..., classes], `labels` [...]; a row labelled `ignoreIndex` does not count;
 * optional `rowWeights` [...]. Value: in nats, ≥ 0, a scalar (or [...] with `reduction: 'none'`). Only `studentLogits` gets
 * a gradient. On a device whose values cannot be read without waiting, a label out of range gives NaN; on the host it is an
 * error.
 *
 * @throws RangeError for fewer than two classes, a label out of range, a weight below 0, a temperature that is not greater
 * than 0, or an unknown option.
 * @example
 * const { value } = evaluate(nkd(), { studentLogits: [[1, 2, 0]], teacherLogits: [[0, 3, 1]], labels: [1] });
 * @see Yang et al.: From knowledge distillation to self-knowledge distillation (2023), arXiv 2303.13005
 */
// @__NO_SIDE_EFFECTS__
export function nkd<R extends Reduction = 'mean'>(
  options: NkdOptions<R> = {},
): Loss<'studentLogits' | 'teacherLogits' | 'labels', 'studentLogits', 'rowWeights', FormOf<R>> {
  const { gamma, temperature, ...rows } = readOptions('nkd', options, {
    gamma: atLeast(0, 1.5),
    temperature: positive(1),
    ...rowOptions<R>(),
  });

  return rowLoss(rows, {
    name: 'nkd',
    reference: nkd,
    options: { gamma, temperature },
    inputs: ['studentLogits', 'teacherLogits', 'labels'],
    differentiable: 'studentLogits',

    check: (backend, inputs) => checkLabelledPair(backend, 'nkd', inputs, rows.ignoreIndex),

    rows(backend, { studentLogits, teacherLogits, labels }) {
      const plain = labelSplit(backend, studentLogits, teacherLogits, labels, 1);
      const softened =
        temperature === 1 ? plain : labelSplit(backend, studentLogits, teacherLogits, labels, temperature);
      const negative = scale(backend, plain.studentOdds, -1);
      const confidence = sigmoid(backend, plain.teacherOdds);
      // At confidence 0 an infinite logarithm counts 0, but no NaN, which is not greater than −1.
      const isNumber = backend.greater(backend.abs(negative), backend.scalar(-1));
      const unsaid = backend.where(isNumber, backend.scalar(0), negative);
      const ofLabel = backend.where(confidence, backend.multiply(confidence, softplus(backend, negative)), unsaid);
      const surprise = scale(backend, logOf(backend, softened.others, 'student'), -1);
      const ofOthers = lossOfOthers(backend, softened, expectation(backend, softened.others.teacher, surprise, true));
      // At weight 0 it is left out: 0·Infinity is NaN.
      const weighted = gamma === 0 ? backend.scalar(0) : scale(backend, ofOthers, gamma * temperature ** 2);
      return {
        losses: asRows(backend, backend.add(ofLabel, weighted)),
        missing: backend.multiply(confidence, sigmoid(backend, negative)),
        label: plain.label,
        student: studentOfOthers(backend, plain),
        gap: gapOfOthers(backend, softened),
      };
    },

    // q − 1_y is (1 − q_y)·(q̂ − 1_y).
    gradient(backend, { missing, label, student, gap }) {
      const ofLabel = backend.multiply(missing, backend.subtract(student, label));
      return backend.add(ofLabel, scale(backend, gap, gamma * temperature));
    },
  });
}
