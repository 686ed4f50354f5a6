import type { Loss } from '../../loss.ts';
import { checkLogitPair } from '../../ops/checkRows.ts';
import { isMinusInfinity } from '../../ops/isMinusInfinity.ts';
import { probabilityGap } from '../../ops/relativeEntropy.ts';
import { type Reduction, type RowOptions, rowOptions } from '../../ops/rowReduction.ts';
import { scale } from '../../ops/scale.ts';
import { maskedClasses } from '../../ops/sharedClasses.ts';
import { softenedPair } from '../../ops/softenedPair.ts';
import { standardScores } from '../../ops/standardScores.ts';
import { positive, readOptions } from '../../options.ts';
import { type FormOf, rowLoss } from '../../rowLoss.ts';

/** Options of `standardizedKlDivergence`. */
export interface StandardizedKlDivergenceOptions<R extends Reduction = Reduction> extends RowOptions<R> {
  /** T: the standardised logits of both sides are divided by it. Default 2. */
  readonly temperature?: number;
}

/**
 * Kullback–Leibler divergence between predictions whose logits were brought to mean 0 and standard deviation 1 in each row:
 * the student need not have logits of the teacher's size.
 *
 * With z(x) = (x − mean)/deviation over the C classes, the deviation with C − 1, p = softmax(z(teacherLogits)/T) and
 * q = softmax(z(studentLogits)/T), a row's loss is
 *
 *     T²·KL(p‖q)        gradient in studentLogits   (g − mean of g − z·Σ z·g/(C − 1))/deviation,    g = T·(q − p)
 *
 * Adding to the student's logits, or multiplying them, changes nothing; T is the only scale left, so do not give it a schedule
 * as well. A constant row stands for the uniform prediction, with gradient 0. A class that a side masks with −Infinity
 * takes no part in the statistics; masked by the student only, it makes the loss +Infinity, and counts 0 in Σ z·g. Each side
 * is rounded once it is standardised: of sides that are alike to a millionth, value and gradient are some per cent off in float32.
 *
 * Inputs: `studentLogits` and `teacherLogits` [..., classes]; optional `rowWeights` [...] and, with `ignoreIndex`,
 * `labels` [...]. Value: in nats, ≥ 0, a scalar (or [...] with `reduction: 'none'`). Only `studentLogits` gets a gradient.
 *
 * @throws RangeError for a temperature that is not greater than 0, or an unknown option.
 * @example
 * const { value } = evaluate(standardizedKlDivergence(), { studentLogits: [[1, 2, 0]], teacherLogits: [[0, 3, 1]] });
 * @see Sun et al.: Logit standardization in knowledge distillation (2024), arXiv 2403.01427
 */
// @__NO_SIDE_EFFECTS__
export function standardizedKlDivergence<R extends Reduction = 'mean'>(
  options: StandardizedKlDivergenceOptions<R> = {},
): Loss<'studentLogits' | 'teacherLogits', 'studentLogits', 'labels' | 'rowWeights', FormOf<R>> {
  const { temperature, ...rows } = readOptions('standardizedKlDivergence', options, {
    temperature: positive(2),
    ...rowOptions<R>(),
  });
  const temperatures = { student: temperature, teacher: temperature };

  return rowLoss(rows, {
    name: 'standardizedKlDivergence',
    reference: standardizedKlDivergence,
    options: { temperature },
    inputs: ['studentLogits', 'teacherLogits'],
    differentiable: 'studentLogits',

    check: (backend, inputs) => checkLogitPair(backend, 'standardizedKlDivergence', inputs),

    rows(backend, { studentLogits, teacherLogits }) {
      const { masked, count } = maskedClasses(backend, studentLogits, teacherLogits);
      const { scores, deviation } = standardScores(backend, studentLogits, masked, count);
      const { scores: teacherScores } = standardScores(backend, teacherLogits, masked, count);
      const pair = softenedPair(backend, scores, teacherScores, temperatures);
      const { student, teacher, logRatio, near, divergence } = pair;
      const losses = scale(backend, divergence, temperature ** 2);
      return { losses, student, teacher, logRatio, near, scores, deviation, masked, count };
    },

    gradient(backend, { student, teacher, logRatio, near, scores, deviation, masked, count }) {
      const row = { axis: -1, keepDims: true };
      const [zero, one] = [backend.scalar(0), backend.scalar(1)];
      const slope = scale(backend, probabilityGap(backend, teacher, student, logRatio, near), temperature);
      // A score of −Infinity depends on no statistic, and a product with it would be infinite, or NaN of a slope of 0.
      const along = backend.where(isMinusInfinity(backend, scores), zero, backend.multiply(slope, scores));
      const spread = backend.divide(backend.sum(along, row), backend.maximum(backend.subtract(count, one), one));
      const ofMean = backend.divide(backend.sum(slope, row), count);
      const ofStatistics = backend.add(ofMean, backend.multiply(scores, spread));
      const whole = backend.subtract(slope, backend.where(masked, zero, ofStatistics));
      return backend.where(deviation, backend.divide(whole, deviation), zero);
    },
  });
}
