import { checkNotEmpty, checkSameShape } from '../../check.ts';
import type { Loss } from '../../loss.ts';
import { exponentialMinusOne, exponentialRemainder } from '../../ops/exponentialRemainder.ts';
import { isMinusInfinity } from '../../ops/isMinusInfinity.ts';
import { minimum } from '../../ops/minimum.ts';
import { type Reduction, type RowOptions, rowOptions } from '../../ops/rowReduction.ts';
import { scale } from '../../ops/scale.ts';
import { readOptions, word } from '../../options.ts';
import { type FormOf, rowLoss } from '../../rowLoss.ts';

/** Options of `sampledReverseKl`. */
export interface SampledReverseKlOptions<R extends Reduction = Reduction> extends RowOptions<R> {
  /** The value that is reported: k1 `d`, k2 `½·d²`, or k3 `e^−d − 1 + d`, the default. */
  readonly estimator?: 'k1' | 'k2' | 'k3';
  /**
   * `'unbiased'`, the default: on average over the student's samples that of the reverse divergence, whatever the value.
   * `'own'`: the derivative of the value.
   */
  readonly gradient?: 'unbiased' | 'own';
}

/**
 * Reverse Kullback–Leibler divergence from sampled tokens alone: on-policy distillation, where the student writes and the teacher
 * scores what it wrote.
 *
 * With d = studentLogProbabilities − teacherLogProbabilities of a token that the student drew, its loss is
 *
 *     k1   d                 own gradient   1
 *     k2   ½·d²              own gradient   d
 *     k3   e^−d − 1 + d      own gradient   1 − e^−d
 *
 * and the gradient in studentLogProbabilities d, that of k2, unless `gradient` is `'own'`. On average over the student's samples
 * the value of k1 and of k3 is KL(student‖teacher), but the own gradient of k1 is 0 and that of k3 is the gradient of
 * KL(teacher‖student); only that of k2 is the gradient of KL(student‖teacher). All this holds for samples of the student as it
 * is; older samples need their importance as `rowWeights`.
 *
 * k3 is reported for gaps of up to 80 nats and is level beyond, so that float32 can add it up; its gradient is not. A token of
 * log-probability −Infinity on both sides counts 0.
 *
 * Inputs: `studentLogProbabilities` and `teacherLogProbabilities` of one shape, a row for each element; optional
 * `rowWeights` and, with `ignoreIndex`, `labels` of that shape. Value: in nats, ≥ 0 for k2 and k3, a scalar (or one number a
 * row with `reduction: 'none'`). Only `studentLogProbabilities` gets a gradient.
 *
 * @throws RangeError for an unknown option or word.
 * @example
 * const { value, gradients } = valueAndGradients(sampledReverseKl(), {
 *   studentLogProbabilities: [-0.7, -2.1],
 *   teacherLogProbabilities: [-0.4, -3],
 * });
 * @see Schulman: Approximating KL divergence (2020), joschu.net/blog/kl-approx.html, for the three values
 */
// @__NO_SIDE_EFFECTS__
export function sampledReverseKl<R extends Reduction = 'mean'>(
  options: SampledReverseKlOptions<R> = {},
): Loss<
  'studentLogProbabilities' | 'teacherLogProbabilities',
  'studentLogProbabilities',
  'labels' | 'rowWeights',
  FormOf<R>
> {
  const { estimator, gradient, ...rows } = readOptions('sampledReverseKl', options, {
    estimator: word(['k1', 'k2', 'k3'], 'k3'),
    gradient: word(['unbiased', 'own'], 'unbiased'),
    ...rowOptions<R>(),
  });

  return rowLoss(rows, {
    name: 'sampledReverseKl',
    reference: sampledReverseKl,
    options: { estimator, gradient },
    inputs: ['studentLogProbabilities', 'teacherLogProbabilities'],
    differentiable: 'studentLogProbabilities',

    check(backend, { studentLogProbabilities, teacherLogProbabilities }) {
      const shape = backend.shapeOf(studentLogProbabilities);
      const teacherShape = backend.shapeOf(teacherLogProbabilities);
      checkNotEmpty('sampledReverseKl', 'studentLogProbabilities', shape);
      checkSameShape('sampledReverseKl', 'teacherLogProbabilities', teacherShape, 'studentLogProbabilities', shape);
      return shape;
    },

    rows(backend, { studentLogProbabilities: student, teacherLogProbabilities: teacher }) {
      const impossible = isMinusInfinity(backend, backend.maximum(student, teacher));
      const gap = backend.where(impossible, backend.scalar(0), backend.subtract(student, teacher));
      if (estimator === 'k1') return { losses: gap, gap, impossible };
      if (estimator === 'k2') return { losses: scale(backend, backend.multiply(gap, gap), 0.5), gap, impossible };
      const missing = minimum(backend, scale(backend, gap, -1), backend.scalar(largestReported));
      return { losses: exponentialRemainder(backend, missing), gap, impossible };
    },

    gradient(backend, { gap, impossible }) {
      if (gradient === 'unbiased' || estimator === 'k2') return gap;
      if (estimator === 'k1') return backend.subtract(backend.scalar(1), impossible);
      return scale(backend, exponentialMinusOne(backend, scale(backend, gap, -1)), -1);
    },
  });
}

/** e^80 is 5.5e34: float32 adds up 6000 of them. */
const largestReported = 80;
