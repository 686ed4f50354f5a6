import { type LogitPairOptions, logitPairLoss, logitPairOptions, type PairLoss } from '../../logitPairLoss.ts';
import { asRows } from '../../ops/asColumn.ts';
import { expectation } from '../../ops/expectation.ts';
import { probabilityGap } from '../../ops/relativeEntropy.ts';
import { type Reduction, type RowOptions, rowOptions } from '../../ops/rowReduction.ts';
import { scale } from '../../ops/scale.ts';
import { plainTemperature, softenedPair, type Temperatures, temperaturesOption } from '../../ops/softenedPair.ts';
import { flag, readOptions } from '../../options.ts';

/** Options of `softCrossEntropy`. */
export interface SoftCrossEntropyOptions<R extends Reduction = Reduction> extends RowOptions<R>, LogitPairOptions {
  /** T: both sides' logits are divided by it, or each side's by its own. Default 1. */
  readonly temperature?: number | Temperatures;
  /** Multiplies the loss by the square of the student's T, which keeps the gradient's size as T grows. Default true. */
  readonly scaleByTemperatureSquared?: boolean;
}

/**
 * Cross-entropy of the student's softened prediction against the teacher's: `klDivergence` plus the teacher's entropy.
 *
 * With p = softmax(teacherLogits/T) and q = softmax(studentLogits/T), a row's loss is
 *
 *     −T²·Σ p·log q        gradient in studentLogits   T·(q − p)
 *
 * The gradient is that of `klDivergence`; the value does not fall to 0 when the student matches the teacher. A class at
 * −Infinity on both sides counts 0; at −Infinity in the student only, the loss is +Infinity.
 *
 * Inputs: `studentLogits` and `teacherLogits` [..., classes], or with the classes along `axis`; log-probabilities are logits,
 * so `teacherLogProbabilities` may be given for the teacher's. Optional `rowWeights` [...] and, with `ignoreIndex`,
 * `labels` [...]. Vocabularies that differ are an error unless `vocabulary` says how they correspond. Value: in nats, ≥ 0, a
 * scalar (or [...] with `reduction: 'none'`). Only `studentLogits` gets a gradient.
 *
 * @throws RangeError for a temperature that is not greater than 0, numbers of classes that differ, logits of one class,
 * or an unknown option.
 * @example
 * const { value } = evaluate(softCrossEntropy({ temperature: 4 }), { studentLogits, teacherLogits });
 * @see Hinton, Vinyals, Dean: Distilling the knowledge in a neural network (2015), arXiv 1503.02531
 */
// @__NO_SIDE_EFFECTS__
export function softCrossEntropy<R extends Reduction = 'mean'>(options: SoftCrossEntropyOptions<R> = {}): PairLoss<R> {
  const { temperature, scaleByTemperatureSquared, axis, vocabulary, ...rows } = readOptions(
    'softCrossEntropy',
    options,
    {
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
      name: 'softCrossEntropy',
      reference: softCrossEntropy,
      options: { temperature: plainTemperature(temperature), scaleByTemperatureSquared },
      temperatures: temperature,

      rows(backend, { studentLogits, teacherLogits }) {
        const pair = softenedPair(backend, studentLogits, teacherLogits, temperature);
        const { student, teacher, logRatio, near, shifted, totals, weights } = pair;
        // Σ p·log q from sums that need no total first.
        const mean = backend.divide(expectation(backend, weights.teacher, shifted.student, true), totals.teacher);
        const ofRows = asRows(backend, backend.subtract(mean, backend.log(totals.student)));
        return { losses: scale(backend, ofRows, -factor), student, teacher, logRatio, near };
      },

      gradient: (backend, { student, teacher, logRatio, near }) =>
        scale(backend, probabilityGap(backend, teacher, student, logRatio, near), factor / temperature.student),
    },
  );
}
