import type { Loss } from '../../loss.ts';
import { asColumn } from '../../ops/asColumn.ts';
import { checkLogitPair } from '../../ops/checkRows.ts';
import { relativeEntropy } from '../../ops/relativeEntropy.ts';
import { type Reduction, type RowOptions, rowOptions } from '../../ops/rowReduction.ts';
import { scale } from '../../ops/scale.ts';
import { softenedPair } from '../../ops/softenedPair.ts';
import { totalVariationGradient, totalVariationOf } from '../../ops/totalVariation.ts';
import { positive, readOptions } from '../../options.ts';
import { type FormOf, rowLoss } from '../../rowLoss.ts';

/** Options of `acceptanceHybrid`. */
export interface AcceptanceHybridOptions<R extends Reduction = Reduction> extends RowOptions<R> {
  /** η: how fast the divergence gives way to the distance as the overlap grows. Default 3. */
  readonly eta?: number;
  /** T: both sides' logits are divided by it, as they are where tokens are drawn. Default 1. */
  readonly temperature?: number;
}

/**
 * A divergence where student and teacher hardly overlap, the total variation distance where they do: for draft models.
 *
 * With p = softmax(teacherLogits/T), q = softmax(studentLogits/T), TV = ½·Σ|p − q| and w = exp(−η·(1 − TV)), a row's loss is
 *
 *     w·KL(p‖q) + (1 − w)·TV
 *     gradient in studentLogits   (w·(q − p) + (1 − w)·q·(g − Σ q·g))/T,    g = ½·sign(q − p)
 *
 * The weight w counts as a number, not as a function of the student: it gets no gradient. At overlap 0 it is 1, and the loss
 * the forward divergence, whose gradient does not vanish there.
 *
 * Inputs: `studentLogits` and `teacherLogits` [..., classes]; optional `rowWeights` [...] and, with `ignoreIndex`,
 * `labels` [...]. Value: ≥ 0, a scalar (or [...] with `reduction: 'none'`). Only `studentLogits` gets a gradient.
 *
 * @throws RangeError for an η or a temperature that is not greater than 0, or an unknown option.
 * @example
 * const { value } = evaluate(acceptanceHybrid(), { studentLogits: [[1, 2, 0]], teacherLogits: [[0, 3, 1]] });
 * @see LK losses, arXiv 2602.23881
 */
// @__NO_SIDE_EFFECTS__
export function acceptanceHybrid<R extends Reduction = 'mean'>(
  options: AcceptanceHybridOptions<R> = {},
): Loss<'studentLogits' | 'teacherLogits', 'studentLogits', 'labels' | 'rowWeights', FormOf<R>> {
  const { eta, temperature, ...rows } = readOptions('acceptanceHybrid', options, {
    eta: positive(3),
    temperature: positive(1),
    ...rowOptions<R>(),
  });

  return rowLoss(rows, {
    name: 'acceptanceHybrid',
    reference: acceptanceHybrid,
    options: { eta, temperature },
    inputs: ['studentLogits', 'teacherLogits'],
    differentiable: 'studentLogits',

    check: (backend, inputs) => checkLogitPair(backend, 'acceptanceHybrid', inputs),

    rows(backend, { studentLogits, teacherLogits }) {
      const temperatures = { student: temperature, teacher: temperature };
      const pair = softenedPair(backend, studentLogits, teacherLogits, temperatures);
      const { distance, gap } = totalVariationOf(backend, pair);
      const divergence = relativeEntropy(backend, pair.teacher, pair.student, pair.logRatio);
      const overlap = backend.subtract(backend.scalar(1), distance);
      const weight = backend.exp(scale(backend, overlap, -eta));
      const rest = backend.subtract(backend.scalar(1), weight);
      const losses = backend.add(backend.multiply(weight, divergence), backend.multiply(rest, distance));
      return { losses, student: pair.student, gap, weight };
    },

    gradient(backend, { student, gap, weight }) {
      const share = asColumn(backend, weight);
      const ofDivergence = backend.multiply(share, gap);
      const rest = backend.subtract(backend.scalar(1), share);
      const ofDistance = backend.multiply(rest, totalVariationGradient(backend, student, gap));
      return scale(backend, backend.add(ofDivergence, ofDistance), 1 / temperature);
    },
  });
}
