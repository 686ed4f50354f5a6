import { type LogitPairOptions, logitPairLoss, logitPairOptions, type PairLoss } from '../../logitPairLoss.ts';
import { jensenShannonDivergence } from '../../ops/rowDivergence.ts';
import { type Reduction, type RowOptions, rowOptions } from '../../ops/rowReduction.ts';
import { scale } from '../../ops/scale.ts';
import { plainTemperature, softenedPair, type Temperatures, temperaturesOption } from '../../ops/softenedPair.ts';
import { between, flag, readOptions } from '../../options.ts';

/** Options of `jensenShannon`. */
export interface JensenShannonOptions<R extends Reduction = Reduction> extends RowOptions<R>, LogitPairOptions {
  /** β: the teacher's share of the mixture, strictly between 0 and 1. Default 0.5, the symmetric divergence. */
  readonly beta?: number;
  /** T: both sides' logits are divided by it, or each side's by its own. Default 1. */
  readonly temperature?: number | Temperatures;
  /** Multiplies the loss by the square of the student's T, which keeps the gradient's size as T grows. Default true. */
  readonly scaleByTemperatureSquared?: boolean;
}

/**
 * Generalised Jensen–Shannon divergence between the softened predictions of teacher and student.
 *
 * With p = softmax(teacherLogits/T), q = softmax(studentLogits/T) and m = β·p + (1 − β)·q, a row's loss is
 *
 *     T²·(β·KL(p‖m) + (1 − β)·KL(q‖m))
 *     gradient in studentLogits   T·(1 − β)·q·((log q − log m) − KL(q‖m))
 *
 * Bounded by T²·log 2 at β = 0.5 and finite for all logits: the mixture is formed from the ratio of the probabilities, so
 * it stays right where both sides underflow. It tends to 0 as β tends to 0 or 1. Where both sides are alike, value and
 * gradient keep the relative accuracy of the differences of the logits, at any temperature.
 *
 * Inputs: `studentLogits` and `teacherLogits` [..., classes], or with the classes along `axis`; log-probabilities are logits,
 * so `teacherLogProbabilities` may be given for the teacher's. Optional `rowWeights` [...] and, with `ignoreIndex`,
 * `labels` [...]. Vocabularies that differ are an error unless `vocabulary` says how they correspond. Value: in nats, ≥ 0, a
 * scalar (or [...] with `reduction: 'none'`). Only `studentLogits` gets a gradient.
 *
 * @throws RangeError for a β outside (0, 1), a temperature that is not greater than 0, numbers of classes that differ,
 * logits of one class, or an unknown option.
 * @example
 * const { value } = evaluate(jensenShannon({ beta: 0.5 }), { studentLogits, teacherLogits });
 * @see Lin: Divergence measures based on the Shannon entropy (1991), IEEE Transactions on Information Theory 37
 */
// @__NO_SIDE_EFFECTS__
export function jensenShannon<R extends Reduction = 'mean'>(options: JensenShannonOptions<R> = {}): PairLoss<R> {
  const { beta, temperature, scaleByTemperatureSquared, axis, vocabulary, ...rows } = readOptions(
    'jensenShannon',
    options,
    {
      beta: between(0, 1, 0.5, endsHint),
      temperature: temperaturesOption(),
      scaleByTemperatureSquared: flag(true),
      ...logitPairOptions(),
      ...rowOptions<R>(),
    },
  );
  const factor = scaleByTemperatureSquared ? temperature.student ** 2 : 1;

  const divergence = jensenShannonDivergence(beta);

  return logitPairLoss(
    rows,
    { axis, vocabulary },
    {
      name: 'jensenShannon',
      reference: jensenShannon,
      options: { beta, temperature: plainTemperature(temperature), scaleByTemperatureSquared },
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

const endsHint =
  'At both ends the divergence is 0. Where another library gives forward or reverse KL there, use ' +
  "klDivergence({ direction: 'forward' }) or klDivergence({ direction: 'reverse' }).";
