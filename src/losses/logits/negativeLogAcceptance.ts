import type { Loss } from '../../loss.ts';
import { asColumn } from '../../ops/asColumn.ts';
import { checkLogitPair } from '../../ops/checkRows.ts';
import { isMinusInfinity } from '../../ops/isMinusInfinity.ts';
import { logSoftmax } from '../../ops/logSoftmax.ts';
import { logSumExp } from '../../ops/logSumExp.ts';
import { minimum } from '../../ops/minimum.ts';
import { type Reduction, type RowOptions, rowOptions } from '../../ops/rowReduction.ts';
import { scale } from '../../ops/scale.ts';
import { sign } from '../../ops/sign.ts';
import { positive, readOptions } from '../../options.ts';
import { type FormOf, rowLoss } from '../../rowLoss.ts';

/** Options of `negativeLogAcceptance`. */
export interface NegativeLogAcceptanceOptions<R extends Reduction = Reduction> extends RowOptions<R> {
  /** T: both sides' logits are divided by it, as they are where tokens are drawn. Default 1. */
  readonly temperature?: number;
}

/**
 * The negative logarithm of the share of drafted tokens that speculative decoding accepts: −log(1 − `totalVariation`).
 *
 * With p = softmax(teacherLogits/T), q = softmax(studentLogits/T) and α = Σ min(p, q), a row's loss is
 *
 *     −log α        gradient in studentLogits   (q·Σ b − b)/T,    b = q/α where q < p, ½·q/α where q = p, else 0
 *
 * Computed from logarithms throughout: where student and teacher overlap by e^−200 the value is 200 and the gradient of
 * full size. Without any overlap, which only masks of −Infinity can bring about, it is +Infinity with gradient 0.
 *
 * Inputs: `studentLogits` and `teacherLogits` [..., classes]; optional `rowWeights` [...] and, with `ignoreIndex`,
 * `labels` [...]. Value: in nats, ≥ 0, a scalar (or [...] with `reduction: 'none'`). Only `studentLogits` gets a gradient.
 *
 * @throws RangeError for a temperature that is not greater than 0, or an unknown option.
 * @example
 * const { value } = evaluate(negativeLogAcceptance(), { studentLogits: [[1, 2, 0]], teacherLogits: [[0, 3, 1]] });
 * @see Leviathan, Kalman, Matias: Fast inference from transformers via speculative decoding (2023), arXiv 2211.17192
 */
// @__NO_SIDE_EFFECTS__
export function negativeLogAcceptance<R extends Reduction = 'mean'>(
  options: NegativeLogAcceptanceOptions<R> = {},
): Loss<'studentLogits' | 'teacherLogits', 'studentLogits', 'labels' | 'rowWeights', FormOf<R>> {
  const { temperature, ...rows } = readOptions('negativeLogAcceptance', options, {
    temperature: positive(1),
    ...rowOptions<R>(),
  });

  return rowLoss(rows, {
    name: 'negativeLogAcceptance',
    reference: negativeLogAcceptance,
    options: { temperature },
    inputs: ['studentLogits', 'teacherLogits'],
    differentiable: 'studentLogits',

    check: (backend, inputs) => checkLogitPair(backend, 'negativeLogAcceptance', inputs),

    rows(backend, { studentLogits, teacherLogits }) {
      const studentLog = logSoftmax(backend, scale(backend, studentLogits, 1 / temperature));
      const teacherLog = logSoftmax(backend, scale(backend, teacherLogits, 1 / temperature));
      const smaller = minimum(backend, studentLog, teacherLog);
      const overlapLog = logSumExp(backend, smaller);
      // Rounding may lift an overlap of 1 above it.
      const losses = backend.maximum(scale(backend, overlapLog, -1), backend.scalar(0));
      return { losses, studentLog, teacherLog, overlapLog };
    },

    gradient(backend, { studentLog, teacherLog, overlapLog }) {
      // 2 where the student's share is the smaller one, 1 where the two are equal.
      const below = backend.add(sign(backend, backend.subtract(teacherLog, studentLog)), backend.scalar(1));
      // The smaller of both is at most the overlap, where the student's own share may be larger than a number holds.
      const overlap = asColumn(backend, overlapLog);
      const share = backend.exp(backend.subtract(minimum(backend, studentLog, teacherLog), overlap));
      const accepted = scale(backend, backend.multiply(share, below), 0.5 / temperature);
      const total = backend.sum(accepted, { axis: -1, keepDims: true });
      const rowGradients = backend.subtract(backend.multiply(backend.exp(studentLog), total), accepted);
      return backend.where(isMinusInfinity(backend, overlap), backend.scalar(0), rowGradients);
    },
  });
}
