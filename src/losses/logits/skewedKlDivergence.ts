import { type LogitPairOptions, logitPairLoss, logitPairOptions, type PairLoss } from '../../logitPairLoss.ts';
import { exponentialMinusOne } from '../../ops/exponentialRemainder.ts';
import { farMixture, mixtureRatio as mixtureRatioOf } from '../../ops/mixture.ts';
import { type Reduction, type RowOptions, rowOptions } from '../../ops/rowReduction.ts';
import { scale } from '../../ops/scale.ts';
import { plainTemperature, softenedPair, type Temperatures, temperaturesOption } from '../../ops/softenedPair.ts';
import { softmaxGradient } from '../../ops/softmaxGradient.ts';
import { between, flag, readOptions, word } from '../../options.ts';

/** Options of `skewedKlDivergence`. */
export interface SkewedKlDivergenceOptions<R extends Reduction = Reduction> extends RowOptions<R>, LogitPairOptions {
  /** `'forward'`: KL from the teacher to the mixture, the default. `'reverse'`: from the student to the mixture. */
  readonly direction?: 'forward' | 'reverse';
  /** λ: the share of the first side in the mixture, strictly between 0 and 1. Default 0.1. */
  readonly skew?: number;
  /** T: both sides' logits are divided by it, or each side's by its own. Default 1. */
  readonly temperature?: number | Temperatures;
  /** Multiplies the loss by the square of the student's T, which keeps the gradient's size as T grows. Default true. */
  readonly scaleByTemperatureSquared?: boolean;
}

/**
 * Kullback–Leibler divergence to a mixture of teacher and student: bounded, and with gradients that stay small where the two
 * differ most.
 *
 * With p = softmax(teacherLogits/T) and q = softmax(studentLogits/T), a row's loss is
 *
 *     forward   T²·KL(p‖m),  m = λ·p + (1 − λ)·q     gradient in studentLogits   T·(q·Σ p·r − p·r),  r = (1 − λ)·q/m
 *     reverse   T²·KL(q‖m),  m = (1 − λ)·p + λ·q     gradient in studentLogits   T·q·(c − Σ q·c),    c = log(q/m) − λ·q/m
 *
 * At most −T²·log λ, and finite for all logits: the mixture is formed from log-probabilities. As λ tends to 0 it becomes
 * `klDivergence`; β·forward(β) + (1 − β)·reverse(1 − β) is `jensenShannon` at β.
 *
 * Inputs: `studentLogits` and `teacherLogits` [..., classes], or with the classes along `axis`; log-probabilities are logits,
 * so `teacherLogProbabilities` may be given for the teacher's. Optional `rowWeights` [...] and, with `ignoreIndex`,
 * `labels` [...]. Vocabularies that differ are an error unless `vocabulary` says how they correspond. Value: in nats, ≥ 0,
 * a scalar (or [...] with `reduction: 'none'`). Only `studentLogits` gets a gradient.
 *
 * @throws RangeError for a skew outside (0, 1), a temperature that is not greater than 0, numbers of classes that
 * differ, logits of one class, or an unknown option.
 * @example
 * const loss = skewedKlDivergence({ direction: 'reverse', skew: 0.1 });
 * const { value } = evaluate(loss, { studentLogits: [[1, 2, 0]], teacherLogits: [[0, 3, 1]] });
 * @see Ko et al.: DistiLLM: towards streamlined distillation for large language models (2024), arXiv 2402.03898
 */
// @__NO_SIDE_EFFECTS__
export function skewedKlDivergence<R extends Reduction = 'mean'>(
  options: SkewedKlDivergenceOptions<R> = {},
): PairLoss<R> {
  const checked = readOptions('skewedKlDivergence', options, {
    direction: word(['forward', 'reverse'], 'forward'),
    skew: between(0, 1, 0.1, endsHint),
    temperature: temperaturesOption(),
    scaleByTemperatureSquared: flag(true),
    ...logitPairOptions(),
    ...rowOptions<R>(),
  });
  const { direction, skew, temperature, scaleByTemperatureSquared, axis, vocabulary, ...rows } = checked;
  const factor = scaleByTemperatureSquared ? temperature.student ** 2 : 1;
  const forward = direction === 'forward';

  return logitPairLoss(
    rows,
    { axis, vocabulary },
    {
      name: 'skewedKlDivergence',
      reference: skewedKlDivergence,
      options: { direction, skew, temperature: plainTemperature(temperature), scaleByTemperatureSquared },
      temperatures: temperature,

      rows(backend, { studentLogits, teacherLogits }) {
        const pair = softenedPair(backend, studentLogits, teacherLogits, temperature);
        const { student, teacher, logRatio } = pair;
        const [own, other, ratio] = forward
          ? ([teacher, student, logRatio] as const)
          : ([student, teacher, scale(backend, logRatio, -1)] as const);
        const { near, mixture, logRatios } = farMixture(backend, pair, forward ? skew : 1 - skew);
        const far = { near, logRatio: forward ? logRatios.teacher : logRatios.student };
        const { terms, logRatio: mixtureRatio } = mixtureRatioOf(backend, own, other, ratio, skew, far);
        const fallen = scale(backend, mixtureRatio, -1);
        // p/m − 1, or q/m − 1. Where m is 0 so is q, and what stands here counts for nothing.
        const quotient = backend.divide(own, backend.where(mixture, mixture, backend.scalar(1)));
        const direct = backend.subtract(quotient, backend.scalar(1));
        const excess = backend.where(near, exponentialMinusOne(backend, fallen), direct);
        const divergence = backend.maximum(backend.sum(terms, { axis: -1 }), backend.scalar(0));
        return { losses: scale(backend, divergence, factor), student, fallen, excess };
      },

      gradient(backend, { student, fallen, excess }) {
        // The gradient in q, less a constant that its mean takes out again: −(1 − λ)·(p/m − 1), at most 1/λ in size, or
        // log(q/m) − λ·(q/m − 1).
        const slope = scale(backend, excess, forward ? skew - 1 : -skew);
        const whole = forward ? slope : backend.add(fallen, slope);
        return scale(backend, softmaxGradient(backend, student, whole), factor / temperature.student);
      },
    },
  );
}

const endsHint =
  "As λ tends to 0 the divergence becomes klDivergence({ direction: 'forward' }) or klDivergence({ direction: 'reverse' }); at 1 " +
  'it is 0.';
