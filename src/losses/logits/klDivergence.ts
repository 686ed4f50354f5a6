import { type LogitPairOptions, logitPairLoss, logitPairOptions, type PairLoss } from '../../logitPairLoss.ts';
import { forwardDivergence, reverseDivergence } from '../../ops/rowDivergence.ts';
import { type Reduction, type RowOptions, rowOptions } from '../../ops/rowReduction.ts';
import { scale } from '../../ops/scale.ts';
import { plainTemperature, softenedPair, type Temperatures, temperaturesOption } from '../../ops/softenedPair.ts';
import { flag, readOptions, word } from '../../options.ts';

/** Options of `klDivergence`. */
export interface KlDivergenceOptions<R extends Reduction = Reduction> extends RowOptions<R>, LogitPairOptions {
  /** T: both sides' logits are divided by it, or each side's by its own. Default 1. */
  readonly temperature?: number | Temperatures;
  /** Multiplies the loss by the square of the student's T, which keeps the gradient's size as T grows. Default true. */
  readonly scaleByTemperatureSquared?: boolean;
  /** `'forward'`: KL(teacher‖student), the default. `'reverse'`: KL(student‖teacher). */
  readonly direction?: 'forward' | 'reverse';
}

/**
 * Kullback–Leibler divergence between the softened predictions of teacher and student: the loss of Hinton et al.
 *
 * With p = softmax(teacherLogits/T) and q = softmax(studentLogits/T), a row's loss is
 *
 *     forward   T²·Σ p·(log p − log q)        gradient in studentLogits   T·(q − p)
 *     reverse   T²·Σ q·(log q − log p)        gradient in studentLogits   T·q·((log q − log p) − KL)
 *
 * With a temperature for each side, the T before the sums is the student's. A class at −Infinity on both sides counts 0; at
 * −Infinity in the student only, the forward loss is +Infinity; in the teacher only, the reverse one, with gradient 0.
 *
 * Where both sides are alike, the loss is of second order in their difference. It is summed from terms that are never
 * negative and of that order too, so its relative accuracy is that of the differences of the logits, at any temperature;
 * so is the gradient's.
 *
 * Inputs: `studentLogits` and `teacherLogits` [..., classes], or with the classes along `axis`; log-probabilities are logits,
 * so `teacherLogProbabilities` may be given for the teacher's. Optional `rowWeights` [...] and, with `ignoreIndex`,
 * `labels` [...]. Vocabularies that differ are an error unless `vocabulary` says how they correspond. Value: in nats, ≥ 0, a
 * scalar (or [...] with `reduction: 'none'`). Only `studentLogits` gets a gradient.
 *
 * @throws RangeError for a temperature that is not greater than 0, numbers of classes that differ, logits of one class,
 * or an unknown option.
 * @example
 * const { value } = evaluate(klDivergence({ temperature: 4 }), { studentLogits, teacherLogits });
 * @see Hinton, Vinyals, Dean: Distilling the knowledge in a neural network (2015), arXiv 1503.02531
 */
// @__NO_SIDE_EFFECTS__
export function klDivergence<R extends Reduction = 'mean'>(options: KlDivergenceOptions<R> = {}): PairLoss<R> {
  const checked = readOptions('klDivergence', options, {
    temperature: temperaturesOption(),
    scaleByTemperatureSquared: flag(true),
    direction: word(['forward', 'reverse'], 'forward'),
    ...logitPairOptions(),
    ...rowOptions<R>(),
  });
  const { temperature, scaleByTemperatureSquared, direction, axis, vocabulary, ...rows } = checked;
  const factor = scaleByTemperatureSquared ? temperature.student ** 2 : 1;
  const divergence = direction === 'forward' ? forwardDivergence : reverseDivergence;

  return logitPairLoss(
    rows,
    { axis, vocabulary },
    {
      name: 'klDivergence',
      reference: klDivergence,
      options: { temperature: plainTemperature(temperature), scaleByTemperatureSquared, direction },
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
