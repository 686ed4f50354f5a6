import type { Loss } from '../../loss.ts';
import { checkLogitPair } from '../../ops/checkRows.ts';
import { expectation } from '../../ops/expectation.ts';
import { probabilityGap } from '../../ops/relativeEntropy.ts';
import { type Reduction, type RowOptions, rowOptions } from '../../ops/rowReduction.ts';
import { scale } from '../../ops/scale.ts';
import { softenedPair } from '../../ops/softenedPair.ts';
import { flag, positive, readOptions } from '../../options.ts';
import { type FormOf, rowLoss } from '../../rowLoss.ts';

/** Options of `softCrossEntropy`. */
export interface SoftCrossEntropyOptions<R extends Reduction = Reduction> extends RowOptions<R> {
  /** T: both sides' logits are divided by it. Default 1. */
  readonly temperature?: number;
  /** Multiplies the loss by T², which keeps the gradient's size as T grows. Default true. */
  readonly scaleByTemperatureSquared?: boolean;
}

/**
 * Cross-entropy of the student's softened prediction against the teacher's: `klDivergence` plus the teacher's entropy.
 *
 * With p = softmax(teacherLogits/T) and q = softmax(studentLogits/T), a row's loss is
 *
 *     −T²·Σ p·log q        gradient in studentLogits   T·(q − p)
 *
 * The gradient is that of `klDivergence`; the value does not fall to 0 when the student matches the teacher. A class at
 * −Infinity on both sides counts 0; at −Infinity in the student only, the loss is +Infinity.
 *
 * Inputs: `studentLogits` and `teacherLogits` [..., classes]; optional `rowWeights` [...] and, with `ignoreIndex`,
 * `labels` [...]. Value: in nats, ≥ 0, a scalar (or [...] with `reduction: 'none'`). Only `studentLogits` gets a gradient.
 *
 * @throws RangeError for a temperature that is not greater than 0, or an unknown option.
 * @example
 * const { value } = evaluate(softCrossEntropy({ temperature: 4 }), { studentLogits, teacherLogits });
 * @see Hinton, Vinyals, Dean: Distilling the knowledge in a neural network (2015), arXiv 1503.02531
 */
// @__NO_SIDE_EFFECTS__
export function softCrossEntropy<R extends Reduction = 'mean'>(
  options: SoftCrossEntropyOptions<R> = {},
): Loss<'studentLogits' | 'teacherLogits', 'studentLogits', 'labels' | 'rowWeights', FormOf<R>> {
  const { temperature, scaleByTemperatureSquared, ...rows } = readOptions('softCrossEntropy', options, {
    temperature: positive(1),
    scaleByTemperatureSquared: flag(true),
    ...rowOptions<R>(),
  });
  const factor = scaleByTemperatureSquared ? temperature ** 2 : 1;

  return rowLoss(rows, {
    name: 'softCrossEntropy',
    reference: softCrossEntropy,
    options: { temperature, scaleByTemperatureSquared },
    inputs: ['studentLogits', 'teacherLogits'],
    differentiable: 'studentLogits',

    check: (backend, inputs) => checkLogitPair(backend, 'softCrossEntropy', inputs),

    rows(backend, { studentLogits, teacherLogits }) {
      const temperatures = { student: temperature, teacher: temperature };
      const pair = softenedPair(backend, studentLogits, teacherLogits, temperatures);
      const { student, teacher, logRatio, shifted, total } = pair;
      const studentLog = backend.subtract(shifted, backend.log(total));
      return { losses: scale(backend, expectation(backend, teacher, studentLog), -factor), student, teacher, logRatio };
    },

    gradient: (backend, { student, teacher, logRatio }) =>
      scale(backend, probabilityGap(backend, teacher, student, logRatio), factor / temperature),
  });
}
