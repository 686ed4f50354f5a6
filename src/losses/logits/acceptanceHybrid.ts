import { type LogitPairOptions, logitPairLoss, logitPairOptions, type PairLoss } from '../../logitPairLoss.ts';
import { asColumn } from '../../ops/asColumn.ts';
import { type Reduction, type RowOptions, rowOptions } from '../../ops/rowReduction.ts';
import { scale } from '../../ops/scale.ts';
import { plainTemperature, softenedPair, type Temperatures, temperaturesOption } from '../../ops/softenedPair.ts';
import { totalVariationGradient, totalVariationOf } from '../../ops/totalVariation.ts';
import { positive, readOptions } from '../../options.ts';

/** Options of `acceptanceHybrid`. */
export interface AcceptanceHybridOptions<R extends Reduction = Reduction> extends RowOptions<R>, LogitPairOptions {
  /** η: how fast the divergence gives way to the distance as the overlap grows. Default 3. */
  readonly eta?: number;
  /** T: both sides' logits are divided by it, as they are where tokens are drawn, or each side's by its own. Default 1. */
  readonly temperature?: number | Temperatures;
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
 * Inputs: `studentLogits` and `teacherLogits` [..., classes], or with the classes along `axis`; log-probabilities are logits,
 * so `teacherLogProbabilities` may be given for the teacher's. Optional `rowWeights` [...] and, with `ignoreIndex`,
 * `labels` [...]. Vocabularies that differ are an error unless `vocabulary` says how they correspond. Value: ≥ 0,
 * a scalar (or [...] with `reduction: 'none'`). Only `studentLogits` gets a gradient.
 *
 * @throws RangeError for an η or a temperature that is not greater than 0, numbers of classes that differ, logits of
 * one class, or an unknown option.
 * @example
 * const { value } = evaluate(acceptanceHybrid(), { studentLogits: [[1, 2, 0]], teacherLogits: [[0, 3, 1]] });
 * @see LK losses, arXiv 2602.23881
 */
// @__NO_SIDE_EFFECTS__
export function acceptanceHybrid<R extends Reduction = 'mean'>(options: AcceptanceHybridOptions<R> = {}): PairLoss<R> {
  const { eta, temperature, axis, vocabulary, ...rows } = readOptions('acceptanceHybrid', options, {
    eta: positive(3),
    temperature: temperaturesOption(),
    ...logitPairOptions(),
    ...rowOptions<R>(),
  });

  return logitPairLoss(
    rows,
    { axis, vocabulary },
    {
      name: 'acceptanceHybrid',
      reference: acceptanceHybrid,
      options: { eta, temperature: plainTemperature(temperature) },
      temperatures: temperature,

      rows(backend, { studentLogits, teacherLogits }) {
        const pair = softenedPair(backend, studentLogits, teacherLogits, temperature);
        const { distance, gap } = totalVariationOf(backend, pair);
        const { divergence } = pair;
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
        return scale(backend, backend.add(ofDivergence, ofDistance), 1 / temperature.student);
      },
    },
  );
}
