import type { Backend } from '../../backend.ts';
import type { Loss } from '../../loss.ts';
import { argSort } from '../../ops/argSort.ts';
import { asColumn } from '../../ops/asColumn.ts';
import { checkLogitPair } from '../../ops/checkRows.ts';
import { centredGradient, probabilityGap, relativeEntropy } from '../../ops/relativeEntropy.ts';
import { type Reduction, type RowOptions, rowOptions } from '../../ops/rowReduction.ts';
import { scale } from '../../ops/scale.ts';
import { softenedPair } from '../../ops/softenedPair.ts';
import { sumBefore } from '../../ops/sumBefore.ts';
import { takeAlong } from '../../ops/takeAlong.ts';
import { between, flag, positive, readOptions } from '../../options.ts';
import { type FormOf, rowLoss } from '../../rowLoss.ts';

/** Options of `adaptiveKlDivergence`. */
export interface AdaptiveKlDivergenceOptions<R extends Reduction = Reduction> extends RowOptions<R> {
  /** μ: the teacher's probability that its most likely classes, the head, are to cover; in (0, 1). Default 0.5. */
  readonly mu?: number;
  /** T: both sides' logits are divided by it. Default 1. */
  readonly temperature?: number;
  /** Multiplies the loss by T², which keeps the gradient's size as T grows. Default true. */
  readonly scaleByTemperatureSquared?: boolean;
}

/**
 * Forward and reverse Kullback–Leibler divergence, mixed in each row by where the two sides differ: in the teacher's likely
 * classes, which the forward one fits first, or in its tail, which the reverse one fits first.
 *
 * With p = softmax(teacherLogits/T), q = softmax(studentLogits/T), the head the most likely classes of p up to and with the one
 * at which their sum reaches μ, and a the head's share in Σ|p − q|, a row's loss is
 *
 *     T²·(a·KL(p‖q) + (1 − a)·KL(q‖p))
 *     gradient in studentLogits   T·(a·(q − p) + (1 − a)·q·((log q − log p) − KL(q‖p)))
 *
 * a counts as a number: it gets no gradient. Of equally likely classes the first comes first; where the sides are equal, a is ½.
 * (Public codes disagree on the class at which μ is reached: here it is in the head.)
 *
 * Inputs: `studentLogits` and `teacherLogits` [..., classes]; optional `rowWeights` [...] and, with `ignoreIndex`,
 * `labels` [...]. Value: in nats, ≥ 0, a scalar (or [...] with `reduction: 'none'`). Only `studentLogits` gets a gradient.
 *
 * @throws RangeError for a μ outside (0, 1), a temperature that is not greater than 0, or an unknown option.
 * @example
 * const { value } = evaluate(adaptiveKlDivergence(), { studentLogits: [[1, 2, 0]], teacherLogits: [[0, 3, 1]] });
 * @see Wu et al.: Rethinking Kullback–Leibler divergence in knowledge distillation for large language models (2024),
 * arXiv 2404.02657
 */
// @__NO_SIDE_EFFECTS__
export function adaptiveKlDivergence<R extends Reduction = 'mean'>(
  options: AdaptiveKlDivergenceOptions<R> = {},
): Loss<'studentLogits' | 'teacherLogits', 'studentLogits', 'labels' | 'rowWeights', FormOf<R>> {
  const { mu, temperature, scaleByTemperatureSquared, ...rows } = readOptions('adaptiveKlDivergence', options, {
    mu: between(0, 1, 0.5),
    temperature: positive(1),
    scaleByTemperatureSquared: flag(true),
    ...rowOptions<R>(),
  });
  const temperatures = { student: temperature, teacher: temperature };
  const factor = scaleByTemperatureSquared ? temperature ** 2 : 1;

  return rowLoss(rows, {
    name: 'adaptiveKlDivergence',
    reference: adaptiveKlDivergence,
    options: { mu, temperature, scaleByTemperatureSquared },
    inputs: ['studentLogits', 'teacherLogits'],
    differentiable: 'studentLogits',

    check: (backend, inputs) => checkLogitPair(backend, 'adaptiveKlDivergence', inputs),

    rows(backend, { studentLogits, teacherLogits }) {
      const { student, teacher, logRatio } = softenedPair(backend, studentLogits, teacherLogits, temperatures);
      const gap = probabilityGap(backend, teacher, student, logRatio);
      const share = headShare(backend, teacher, backend.abs(gap), mu);
      const forward = relativeEntropy(backend, teacher, student, logRatio);
      const reverse = relativeEntropy(backend, student, teacher, scale(backend, logRatio, -1));
      const losses = backend.add(
        weighted(backend, share, forward),
        weighted(backend, backend.subtract(backend.scalar(1), share), reverse),
      );
      return { losses: scale(backend, losses, factor), student, logRatio, gap, reverse, share };
    },

    gradient(backend, { student, logRatio, gap, reverse, share }) {
      const head = asColumn(backend, share);
      const tail = backend.subtract(backend.scalar(1), head);
      const ofReverse = centredGradient(backend, student, logRatio, reverse);
      const sum = backend.add(weighted(backend, head, gap), weighted(backend, tail, ofReverse));
      return scale(backend, sum, factor / temperature);
    },
  });
}

/** The head's share in the gaps of each row, [...]; ½ where there is none. */
function headShare<T>(backend: Backend<T>, teacher: T, gaps: T, mu: number): T {
  return backend.scope(() => {
    const order = argSort(backend, teacher);
    const covered = sumBefore(backend, takeAlong(backend, teacher, order));
    const inHead = backend.greater(backend.scalar(mu), covered);
    const sorted = takeAlong(backend, gaps, order);
    const head = backend.sum(backend.multiply(sorted, inHead), { axis: -1 });
    const total = backend.sum(gaps, { axis: -1 });
    return backend.where(total, backend.divide(head, total), backend.scalar(0.5));
  });
}

/** weight·x, 0 where the weight is 0, however infinite x. */
function weighted<T>(backend: Backend<T>, weight: T, x: T): T {
  return backend.where(weight, backend.multiply(weight, x), backend.scalar(0));
}
