import type { Loss } from '../../loss.ts';
import { checkLogitPair } from '../../ops/checkRows.ts';
import { type Reduction, type RowOptions, rowOptions } from '../../ops/rowReduction.ts';
import { scale } from '../../ops/scale.ts';
import { sharedDifferences } from '../../ops/sharedClasses.ts';
import { flag, positive, readOptions } from '../../options.ts';
import { type FormOf, rowLoss } from '../../rowLoss.ts';

/** Options of `logitMse`. */
export interface LogitMseOptions<R extends Reduction = Reduction> extends RowOptions<R> {
  /** T: both sides' logits are divided by it. Default 1. */
  readonly temperature?: number;
  /** Takes each row's mean difference out, so that a constant added to the logits changes nothing. Default false. */
  readonly center?: boolean;
}

/**
 * Mean squared difference of teacher's and student's logits, over the classes.
 *
 * With d = (studentLogits − teacherLogits)/T over C classes, less its row mean where `center` is set, a row's loss is
 *
 *     Σ d²/C        gradient in studentLogits   2·d/(C·T)
 *
 * Centred, it is twice the limit of T²·KL as T grows. A class that a side masks with −Infinity takes no part, and C counts
 * the others; masked by the student only, it makes the loss +Infinity, as in `klDivergence`, and gets gradient 0. A row
 * without a class left counts 0.
 *
 * Inputs: `studentLogits` and `teacherLogits` [..., classes]; optional `rowWeights` [...] and, with `ignoreIndex`,
 * `labels` [...]. Value: ≥ 0, in squared logits, a scalar (or [...] with `reduction: 'none'`). Only `studentLogits` gets
 * a gradient.
 *
 * @throws RangeError for a temperature that is not greater than 0, or an unknown option.
 * @example
 * const { value } = evaluate(logitMse({ center: true }), { studentLogits: [[1, 2, 0]], teacherLogits: [[0, 3, 1]] });
 * @see Ba, Caruana: Do deep nets really need to be deep? (2014), arXiv 1312.6184
 */
// @__NO_SIDE_EFFECTS__
export function logitMse<R extends Reduction = 'mean'>(
  options: LogitMseOptions<R> = {},
): Loss<'studentLogits' | 'teacherLogits', 'studentLogits', 'labels' | 'rowWeights', FormOf<R>> {
  const { temperature, center, ...rows } = readOptions('logitMse', options, {
    temperature: positive(1),
    center: flag(false),
    ...rowOptions<R>(),
  });

  return rowLoss(rows, {
    name: 'logitMse',
    reference: logitMse,
    options: { temperature, center },
    inputs: ['studentLogits', 'teacherLogits'],
    differentiable: 'studentLogits',

    check: (backend, inputs) => checkLogitPair(backend, 'logitMse', inputs, -1, 1),

    rows(backend, { studentLogits, teacherLogits }) {
      const { masked, count, infinite, ...shared } = sharedDifferences(backend, studentLogits, teacherLogits);
      let differences = scale(backend, shared.differences, 1 / temperature);
      if (center) {
        const mean = backend.divide(backend.sum(differences, { axis: -1, keepDims: true }), count);
        differences = backend.where(masked, backend.scalar(0), backend.subtract(differences, mean));
      }
      // One division a row, not one a class.
      const parts = backend.multiply(differences, backend.divide(backend.scalar(1), count));
      const squares = backend.sum(backend.multiply(parts, differences), { axis: -1 });
      return { losses: backend.where(infinite, backend.scalar(Infinity), squares), parts };
    },

    gradient: (backend, { parts }) => scale(backend, parts, 2 / temperature),
  });
}
