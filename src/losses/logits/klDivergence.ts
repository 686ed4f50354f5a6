import type { Loss } from '../../loss.ts';
import { checkLogitPair } from '../../ops/checkRows.ts';
import { expectation } from '../../ops/expectation.ts';
import { logSoftmax } from '../../ops/logSoftmax.ts';
import { type Reduction, type RowOptions, rowOptions } from '../../ops/rowReduction.ts';
import { scale } from '../../ops/scale.ts';
import { flag, positive, readOptions, word } from '../../options.ts';
import { type FormOf, rowLoss } from '../../rowLoss.ts';

/** Options of `klDivergence`. */
export interface KlDivergenceOptions<R extends Reduction = Reduction> extends RowOptions<R> {
  /** T: both sides' logits are divided by it. Default 1. */
  readonly temperature?: number;
  /** Multiplies the loss by T², which keeps the gradient's size as T grows. Default true. */
  readonly scaleByTemperatureSquared?: boolean;
  /** `'forward'`: KL(teacher‖student), the default. `'reverse'`: KL(student‖teacher). */
  readonly direction?: 'forward' | 'reverse';
}

/**
 * Kullback–Leibler divergence between the softened predictions of teacher and student: the loss of Hinton et al.
 *
 * With p = softmax(teacherLogits/T) and q = softmax(studentLogits/T), a row's loss is
 *
 *     forward   T²·Σ p·(log p − log q)        gradient in studentLogits   T·(q − p)
 *     reverse   T²·Σ q·(log q − log p)        gradient in studentLogits   T·q·((log q − log p) − KL)
 *
 * A class at −Infinity on both sides counts 0; at −Infinity in the student only, the forward loss is +Infinity.
 *
 * Inputs: `studentLogits` and `teacherLogits` [..., classes]; optional `rowWeights` [...] and, with `ignoreIndex`,
 * `labels` [...]. Value: in nats, ≥ 0, a scalar (or [...] with `reduction: 'none'`). Only `studentLogits` gets a gradient.
 *
 * @throws RangeError for a temperature that is not greater than 0, or an unknown option.
 * @example
 * const { value } = evaluate(klDivergence({ temperature: 4 }), { studentLogits, teacherLogits });
 * @see Hinton, Vinyals, Dean: Distilling the knowledge in a neural network (2015), arXiv 1503.02531
 */
// @__NO_SIDE_EFFECTS__
export function klDivergence<R extends Reduction = 'mean'>(
  options: KlDivergenceOptions<R> = {},
): Loss<'studentLogits' | 'teacherLogits', 'studentLogits', 'labels' | 'rowWeights', FormOf<R>> {
  const { temperature, scaleByTemperatureSquared, direction, ...rows } = readOptions('klDivergence', options, {
    temperature: positive(1),
    scaleByTemperatureSquared: flag(true),
    direction: word(['forward', 'reverse'], 'forward'),
    ...rowOptions<R>(),
  });
  const factor = scaleByTemperatureSquared ? temperature ** 2 : 1;

  return rowLoss(rows, {
    name: 'klDivergence',
    reference: klDivergence,
    options: { temperature, scaleByTemperatureSquared, direction },
    inputs: ['studentLogits', 'teacherLogits'],
    differentiable: 'studentLogits',

    check: (backend, inputs) => checkLogitPair(backend, 'klDivergence', inputs),

    rows(backend, { studentLogits, teacherLogits }) {
      const studentLog = logSoftmax(backend, scale(backend, studentLogits, 1 / temperature));
      const teacherLog = logSoftmax(backend, scale(backend, teacherLogits, 1 / temperature));
      const [mainLog, otherLog] = direction === 'forward' ? [teacherLog, studentLog] : [studentLog, teacherLog];
      const divergence = expectation(backend, backend.exp(mainLog), backend.subtract(mainLog, otherLog));
      return { losses: scale(backend, divergence, factor), studentLog, teacherLog };
    },

    gradient(backend, { studentLog, teacherLog }) {
      const student = backend.exp(studentLog);
      if (direction === 'forward') {
        return scale(backend, backend.subtract(student, backend.exp(teacherLog)), factor / temperature);
      }
      const ratio = backend.subtract(studentLog, teacherLog);
      const centred = backend.subtract(ratio, expectation(backend, student, ratio, true));
      // Where q = 0 the gradient's limit is 0, though the ratio may be infinite; a q that is NaN stays NaN.
      const rowGradients = backend.where(student, backend.multiply(student, centred), backend.scalar(0));
      return scale(backend, rowGradients, factor / temperature);
    },
  });
}
