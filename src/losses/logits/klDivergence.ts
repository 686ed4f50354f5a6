import type { Loss } from '../../loss.ts';
import { checkLogitPair } from '../../ops/checkRows.ts';
import { centredGradient, probabilityGap, relativeEntropy } from '../../ops/relativeEntropy.ts';
import { type Reduction, type RowOptions, rowOptions } from '../../ops/rowReduction.ts';
import { scale } from '../../ops/scale.ts';
import { softenedPair } from '../../ops/softenedPair.ts';
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
 * Where both sides are alike, the loss is of second order in their difference. It is summed from terms that are never
 * negative and of that order too, so its relative accuracy is that of the differences of the logits, at any temperature;
 * so is the gradient's.
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
  const temperatures = { student: temperature, teacher: temperature };
  const factor = scaleByTemperatureSquared ? temperature ** 2 : 1;

  return rowLoss(rows, {
    name: 'klDivergence',
    reference: klDivergence,
    options: { temperature, scaleByTemperatureSquared, direction },
    inputs: ['studentLogits', 'teacherLogits'],
    differentiable: 'studentLogits',

    check: (backend, inputs) => checkLogitPair(backend, 'klDivergence', inputs),

    rows(backend, { studentLogits, teacherLogits }) {
      const { student, teacher, logRatio } = softenedPair(backend, studentLogits, teacherLogits, temperatures);
      const divergence =
        direction === 'forward'
          ? relativeEntropy(backend, teacher, student, logRatio)
          : relativeEntropy(backend, student, teacher, scale(backend, logRatio, -1));
      return { losses: scale(backend, divergence, factor), student, teacher, logRatio, divergence };
    },

    gradient(backend, { student, teacher, logRatio, divergence }) {
      const rowGradients =
        direction === 'forward'
          ? probabilityGap(backend, teacher, student, logRatio)
          : centredGradient(backend, student, logRatio, divergence);
      return scale(backend, rowGradients, factor / temperature);
    },
  });
}
