import type { Backend, Residuals } from '../../backend.ts';
import { checkOptions, checkPositive } from '../../check.ts';
import type { Loss } from '../../loss.ts';
import { checkLogitPair, checkMaskLabels, checkRowWeights } from '../../ops/checkRows.ts';
import { expectation } from '../../ops/expectation.ts';
import { logSoftmax } from '../../ops/logSoftmax.ts';
import {
  checkRowOptions,
  effectiveRowWeights,
  type Reduction,
  type RowOptions,
  reduceRows,
  scaleRowGradients,
} from '../../ops/rowReduction.ts';
import { scale } from '../../ops/scale.ts';

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
): Loss<
  'studentLogits' | 'teacherLogits',
  'studentLogits',
  'labels' | 'rowWeights',
  R extends 'none' ? 'rows' : 'scalar'
> {
  checkOptions('softCrossEntropy', options, [
    'temperature',
    'scaleByTemperatureSquared',
    'reduction',
    'ignoreIndex',
    'normalizer',
  ]);
  const { temperature = 1, scaleByTemperatureSquared = true } = options;
  checkPositive('softCrossEntropy', 'temperature', temperature);
  const rows = checkRowOptions('softCrossEntropy', options);
  const factor = scaleByTemperatureSquared ? temperature ** 2 : 1;

  return {
    name: 'softCrossEntropy',
    reference: softCrossEntropy,
    options: { temperature, scaleByTemperatureSquared, ...rows },
    inputs: ['studentLogits', 'teacherLogits'],
    optionalInputs: ['labels', 'rowWeights'],
    differentiable: ['studentLogits'],
    form: (rows.reduction === 'none' ? 'rows' : 'scalar') as R extends 'none' ? 'rows' : 'scalar',

    check(backend, inputs) {
      const rowShape = checkLogitPair(backend, 'softCrossEntropy', inputs);
      checkMaskLabels(backend, 'softCrossEntropy', inputs.labels, rowShape, rows.ignoreIndex);
      checkRowWeights(backend, 'softCrossEntropy', inputs.rowWeights, rowShape);
    },

    forward(backend, inputs) {
      const studentLog = logSoftmax(backend, scale(backend, inputs.studentLogits, 1 / temperature));
      const teacherLog = logSoftmax(backend, scale(backend, inputs.teacherLogits, 1 / temperature));
      const teacher = backend.exp(teacherLog);
      const crossEntropy = scale(backend, expectation(backend, teacher, studentLog), -factor);
      const weights = effectiveRowWeights(backend, rows, inputs);
      const { value, rowScale } = reduceRows(backend, rows, crossEntropy, weights);
      return { value, residuals: { studentLog, teacher, rowScale } };
    },

    backward<T>(backend: Backend<T>, residuals: Residuals<T>, upstream: T) {
      const { studentLog, teacher, rowScale } = residuals as Record<'studentLog' | 'teacher' | 'rowScale', T>;
      const difference = backend.subtract(backend.exp(studentLog), teacher);
      return [scaleRowGradients(backend, scale(backend, difference, factor / temperature), rowScale, upstream)];
    },
  };
}
