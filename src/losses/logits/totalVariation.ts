import type { Loss } from '../../loss.ts';
import { checkLogitPair } from '../../ops/checkRows.ts';
import { type Reduction, type RowOptions, rowOptions } from '../../ops/rowReduction.ts';
import { scale } from '../../ops/scale.ts';
import { softenedPair } from '../../ops/softenedPair.ts';
import { totalVariationGradient, totalVariationOf } from '../../ops/totalVariation.ts';
import { flag, positive, readOptions } from '../../options.ts';
import { type FormOf, rowLoss } from '../../rowLoss.ts';

/** Options of `totalVariation`. */
export interface TotalVariationOptions<R extends Reduction = Reduction> extends RowOptions<R> {
  /** T: both sides' logits are divided by it. Default 1. */
  readonly temperature?: number;
  /** Multiplies the loss by T². Default false: distance and gradient shrink with 1/T alone as T grows. */
  readonly scaleByTemperatureSquared?: boolean;
}

/**
 * Total variation distance between the predictions of teacher and student: the share of drafted tokens that speculative
 * decoding rejects.
 *
 * With p = softmax(teacherLogits/T) and q = softmax(studentLogits/T), a row's loss is
 *
 *     ½·Σ|p − q|        gradient in studentLogits   q·(g − Σ q·g)/T,    g = ½·sign(q − p)
 *
 * where sign 0 = 0. Where the two hardly overlap the gradient vanishes with q: `acceptanceHybrid` and
 * `negativeLogAcceptance` do not.
 *
 * Inputs: `studentLogits` and `teacherLogits` [..., classes]; optional `rowWeights` [...] and, with `ignoreIndex`,
 * `labels` [...]. Value: in [0, 1], a scalar (or [...] with `reduction: 'none'`). Only `studentLogits` gets a gradient.
 *
 * @throws RangeError for a temperature that is not greater than 0, or an unknown option.
 * @example
 * const { value } = evaluate(totalVariation(), { studentLogits: [[1, 2, 0]], teacherLogits: [[0, 3, 1]] });
 * @see Zhou et al.: DistillSpec: improving speculative decoding via knowledge distillation (2024), arXiv 2310.08461
 */
// @__NO_SIDE_EFFECTS__
export function totalVariation<R extends Reduction = 'mean'>(
  options: TotalVariationOptions<R> = {},
): Loss<'studentLogits' | 'teacherLogits', 'studentLogits', 'labels' | 'rowWeights', FormOf<R>> {
  const { temperature, scaleByTemperatureSquared, ...rows } = readOptions('totalVariation', options, {
    temperature: positive(1),
    scaleByTemperatureSquared: flag(false),
    ...rowOptions<R>(),
  });
  const factor = scaleByTemperatureSquared ? temperature ** 2 : 1;

  return rowLoss(rows, {
    name: 'totalVariation',
    reference: totalVariation,
    options: { temperature, scaleByTemperatureSquared },
    inputs: ['studentLogits', 'teacherLogits'],
    differentiable: 'studentLogits',

    check: (backend, inputs) => checkLogitPair(backend, 'totalVariation', inputs),

    rows(backend, { studentLogits, teacherLogits }) {
      const temperatures = { student: temperature, teacher: temperature };
      const pair = softenedPair(backend, studentLogits, teacherLogits, temperatures);
      const { distance, gap } = totalVariationOf(backend, pair);
      return { losses: scale(backend, distance, factor), student: pair.student, gap };
    },

    gradient: (backend, { student, gap }) =>
      scale(backend, totalVariationGradient(backend, student, gap), factor / temperature),
  });
}
