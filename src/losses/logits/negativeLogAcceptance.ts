import type { Backend } from '../../backend.ts';
import { type LogitPairOptions, logitPairLoss, logitPairOptions, type PairLoss } from '../../logitPairLoss.ts';
import { asColumn } from '../../ops/asColumn.ts';
import { logOnePlus } from '../../ops/exponentialRemainder.ts';
import { isMinusInfinity } from '../../ops/isMinusInfinity.ts';
import { logSumExp } from '../../ops/logSumExp.ts';
import { type Reduction, type RowOptions, rowOptions } from '../../ops/rowReduction.ts';
import { scale } from '../../ops/scale.ts';
import { sign } from '../../ops/sign.ts';
import {
  logOf,
  plainTemperature,
  type SoftenedPair,
  softenedPair,
  type Temperatures,
  temperaturesOption,
} from '../../ops/softenedPair.ts';
import { totalVariationOf } from '../../ops/totalVariation.ts';
import { readOptions } from '../../options.ts';

/** Options of `negativeLogAcceptance`. */
export interface NegativeLogAcceptanceOptions<R extends Reduction = Reduction> extends RowOptions<R>, LogitPairOptions {
  /** T: both sides' logits are divided by it, as they are where tokens are drawn, or each side's by its own. Default 1. */
  readonly temperature?: number | Temperatures;
}

/**
 * The negative logarithm of the share of drafted tokens that speculative decoding accepts: −log(1 − `totalVariation`).
 *
 * With p = softmax(teacherLogits/T), q = softmax(studentLogits/T) and α = Σ min(p, q), a row's loss is
 *
 *     −log α        gradient in studentLogits   (q·Σ b − b)/T,    b = q/α where q < p, ½·q/α where q = p, else 0
 *
 * Computed from logarithms throughout: where student and teacher overlap by e^−200 the value is 200 and the gradient of
 * full size. Without any overlap, which only masks of −Infinity can bring about, it is +Infinity with gradient 0.
 *
 * Inputs: `studentLogits` and `teacherLogits` [..., classes], or with the classes along `axis`; log-probabilities are logits,
 * so `teacherLogProbabilities` may be given for the teacher's. Optional `rowWeights` [...] and, with `ignoreIndex`,
 * `labels` [...]. Vocabularies that differ are an error unless `vocabulary` says how they correspond. Value: in nats, ≥ 0,
 * a scalar (or [...] with `reduction: 'none'`). Only `studentLogits` gets a gradient.
 *
 * @throws RangeError for a temperature that is not greater than 0, numbers of classes that differ, logits of one class,
 * or an unknown option.
 * @example
 * const { value } = evaluate(negativeLogAcceptance(), { studentLogits: [[1, 2, 0]], teacherLogits: [[0, 3, 1]] });
 * @see Leviathan, Kalman, Matias: Fast inference from transformers via speculative decoding (2023), arXiv 2211.17192
 */
// @__NO_SIDE_EFFECTS__
export function negativeLogAcceptance<R extends Reduction = 'mean'>(
  options: NegativeLogAcceptanceOptions<R> = {},
): PairLoss<R> {
  const { temperature, axis, vocabulary, ...rows } = readOptions('negativeLogAcceptance', options, {
    temperature: temperaturesOption(),
    ...logitPairOptions(),
    ...rowOptions<R>(),
  });

  return logitPairLoss(
    rows,
    { axis, vocabulary },
    {
      name: 'negativeLogAcceptance',
      reference: negativeLogAcceptance,
      options: { temperature: plainTemperature(temperature) },
      temperatures: temperature,

      rows(backend, { studentLogits, teacherLogits }) {
        const pair = softenedPair(backend, studentLogits, teacherLogits, temperature);
        const { student, logRatio } = pair;
        const smallerLog = smallerOf(backend, pair);
        const overlapLog = logSumExp(backend, smallerLog);
        // Near 1 an overlap is known better by what it lacks.
        const { distance } = totalVariationOf(backend, pair);
        const lacking = logOnePlus(backend, scale(backend, distance, -1));
        const acceptedLog = backend.where(backend.greater(backend.scalar(0.5), distance), lacking, overlapLog);
        return { losses: backend.subtract(backend.scalar(0), acceptedLog), student, logRatio, smallerLog, overlapLog };
      },

      gradient(backend, { student, logRatio, smallerLog, overlapLog }) {
        // 0 where the student's share is the larger one, 1 where the two are equal, else 2.
        const below = backend.subtract(backend.scalar(1), sign(backend, logRatio));
        // The smaller of both is at most the overlap, where the student's own share may be larger than a number holds.
        const overlap = asColumn(backend, overlapLog);
        const share = backend.exp(backend.subtract(smallerLog, overlap));
        const accepted = scale(backend, backend.multiply(share, below), 0.5 / temperature.student);
        const total = backend.sum(accepted, { axis: -1, keepDims: true });
        const rowGradients = backend.subtract(backend.multiply(student, total), accepted);
        return backend.where(isMinusInfinity(backend, overlap), backend.scalar(0), rowGradients);
      },
    },
  );
}

/** log min(q, p) for each class: a side's own logarithm, since one less the ratio is as coarse as the logits are far apart. */
function smallerOf<T>(backend: Backend<T>, pair: SoftenedPair<T>): T {
  const { logRatio } = pair;
  const zero = backend.scalar(0);
  const [student, teacher] = [logOf(backend, pair, 'student'), logOf(backend, pair, 'teacher')];
  // Between two masks of −Infinity the ratio is NaN, as it is of a NaN on either side, which the mean passes on.
  const equal = scale(backend, backend.add(student, teacher), 0.5);
  const notAbove = backend.where(backend.greater(zero, logRatio), student, equal);
  return backend.where(backend.greater(logRatio, zero), teacher, notAbove);
}
