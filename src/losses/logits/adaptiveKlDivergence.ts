import type { Backend } from '../../backend.ts';
import { type LogitPairOptions, logitPairLoss, logitPairOptions, type PairLoss } from '../../logitPairLoss.ts';
import { argSort } from '../../ops/argSort.ts';
import { asColumn } from '../../ops/asColumn.ts';
import { isMinusInfinity } from '../../ops/isMinusInfinity.ts';
import { centredGradient, probabilityGap, relativeEntropy } from '../../ops/relativeEntropy.ts';
import { type Reduction, type RowOptions, rowOptions } from '../../ops/rowReduction.ts';
import { scale } from '../../ops/scale.ts';
import { plainTemperature, softenedPair, type Temperatures, temperaturesOption } from '../../ops/softenedPair.ts';
import { sumBefore } from '../../ops/sumBefore.ts';
import { takeAlong } from '../../ops/takeAlong.ts';
import { between, flag, readOptions } from '../../options.ts';

/** Options of `adaptiveKlDivergence`. */
export interface AdaptiveKlDivergenceOptions<R extends Reduction = Reduction> extends RowOptions<R>, LogitPairOptions {
  /** μ: the teacher's probability that its most likely classes, the head, are to cover; in (0, 1). Default 0.5. */
  readonly mu?: number;
  /** T: both sides' logits are divided by it, or each side's by its own. Default 1. */
  readonly temperature?: number | Temperatures;
  /** Multiplies the loss by the square of the student's T, which keeps the gradient's size as T grows. Default true. */
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
 * Inputs: `studentLogits` and `teacherLogits` [..., classes], or with the classes along `axis`; log-probabilities are logits,
 * so `teacherLogProbabilities` may be given for the teacher's. Optional `rowWeights` [...] and, with `ignoreIndex`,
 * `labels` [...]. Vocabularies that differ are an error unless `vocabulary` says how they correspond. Value: in nats, ≥ 0,
 * a scalar (or [...] with `reduction: 'none'`). Only `studentLogits` gets a gradient.
 *
 * @throws RangeError for a μ outside (0, 1), a temperature that is not greater than 0, numbers of classes that differ,
 * logits of one class, or an unknown option.
 * @example
 * const { value } = evaluate(adaptiveKlDivergence(), { studentLogits: [[1, 2, 0]], teacherLogits: [[0, 3, 1]] });
 * @see Wu et al.: Rethinking Kullback–Leibler divergence in knowledge distillation for large language models (2024),
 * arXiv 2404.02657
 */
// @__NO_SIDE_EFFECTS__
export function adaptiveKlDivergence<R extends Reduction = 'mean'>(
  options: AdaptiveKlDivergenceOptions<R> = {},
): PairLoss<R> {
  const { mu, temperature, scaleByTemperatureSquared, axis, vocabulary, ...rows } = readOptions(
    'adaptiveKlDivergence',
    options,
    {
      mu: between(0, 1, 0.5),
      temperature: temperaturesOption(),
      scaleByTemperatureSquared: flag(true),
      ...logitPairOptions(),
      ...rowOptions<R>(),
    },
  );
  const factor = scaleByTemperatureSquared ? temperature.student ** 2 : 1;

  return logitPairLoss(
    rows,
    { axis, vocabulary },
    {
      name: 'adaptiveKlDivergence',
      reference: adaptiveKlDivergence,
      options: { mu, temperature: plainTemperature(temperature), scaleByTemperatureSquared },
      temperatures: temperature,

      rows(backend, { studentLogits, teacherLogits }) {
        const pair = softenedPair(backend, studentLogits, teacherLogits, temperature);
        const { student, teacher, logRatio, near, divergence: forward } = pair;
        const gap = probabilityGap(backend, teacher, student, logRatio, near);
        const share = headShare(backend, teacher, backend.abs(gap), mu);
        const reverse = relativeEntropy(backend, student, teacher, scale(backend, logRatio, -1), near);
        const mixed = backend.add(
          weighted(backend, share, forward),
          weighted(backend, backend.subtract(backend.scalar(1), share), reverse),
        );
        // A class that the student rules out leaves a gap on both sides of μ, though it may be less than rounding.
        const isInfinite = isMinusInfinity(backend, scale(backend, forward, -1));
        const losses = backend.where(isInfinite, forward, mixed);
        return { losses: scale(backend, losses, factor), student, logRatio, gap, reverse, share };
      },

      gradient(backend, { student, logRatio, gap, reverse, share }) {
        const head = asColumn(backend, share);
        const tail = backend.subtract(backend.scalar(1), head);
        const ofReverse = centredGradient(backend, student, logRatio, reverse);
        const sum = backend.add(weighted(backend, head, gap), weighted(backend, tail, ofReverse));
        return scale(backend, sum, factor / temperature.student);
      },
    },
  );
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
