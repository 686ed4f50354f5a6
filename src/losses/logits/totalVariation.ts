import { type LogitPairOptions, logitPairLoss, logitPairOptions, type PairLoss } from '../../logitPairLoss.ts';
import { totalVariationDivergence } from '../../ops/rowDivergence.ts';
import { type Reduction, type RowOptions, rowOptions } from '../../ops/rowReduction.ts';
import { scale } from '../../ops/scale.ts';
import { plainTemperature, softenedPair, type Temperatures, temperaturesOption } from '../../ops/softenedPair.ts';
import { flag, readOptions } from '../../options.ts';

/** Options of `totalVariation`. */
export interface TotalVariationOptions<R extends Reduction = Reduction> extends RowOptions<R>, LogitPairOptions {
  /** T: both sides' logits are divided by it, or each side's by its own. Default 1. */
  readonly temperature?: number | Temperatures;
  /** Multiplies the loss by the square of the student's T. Default false: distance and gradient shrink with 1/T alone as T grows. */
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
 * Inputs: `studentLogits` and `teacherLogits` [..., classes], or with the classes along `axis`; log-probabilities are logits,
 * so `teacherLogProbabilities` may be given for the teacher's. Optional `rowWeights` [...] and, with `ignoreIndex`,
 * `labels` [...]. Vocabularies that differ are an error unless `vocabulary` says how they correspond. Value: in [0, 1],
 * a scalar (or [...] with `reduction: 'none'`). Only `studentLogits` gets a gradient.
 *
 * @throws RangeError for a temperature that is not greater than 0, numbers of classes that differ, logits of one class,
 * or an unknown option.
 * @example
 * const { value } = evaluate(totalVariation(), { studentLogits: [[1, 2, 0]], teacherLogits: [[0, 3, 1]] });
 * @see Zhou et al.: DistillSpec: improving speculative decoding via knowledge distillation (2024), arXiv 2310.08461
 */
// @__NO_SIDE_EFFECTS__
export function totalVariation<R extends Reduction = 'mean'>(options: TotalVariationOptions<R> = {}): PairLoss<R> {
  const { temperature, scaleByTemperatureSquared, axis, vocabulary, ...rows } = readOptions('totalVariation', options, {
    temperature: temperaturesOption(),
    scaleByTemperatureSquared: flag(false),
    ...logitPairOptions(),
    ...rowOptions<R>(),
  });
  const divergence = totalVariationDivergence;
  const factor = scaleByTemperatureSquared ? temperature.student ** 2 : 1;

  return logitPairLoss(
    rows,
    { axis, vocabulary },
    {
      name: 'totalVariation',
      reference: totalVariation,
      options: { temperature: plainTemperature(temperature), scaleByTemperatureSquared },
      temperatures: temperature,

      rows(backend, { studentLogits, teacherLogits }) {
        const { losses, ...kept } = divergence.rows(
          backend,
          softenedPair(backend, studentLogits, teacherLogits, temperature),
        );
        return { losses: scale(backend, losses, factor), ...kept };
      },

      gradient: (backend, kept) => scale(backend, divergence.gradient(backend, kept), factor / temperature.student),
    },
  );
}
