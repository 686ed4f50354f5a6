import type { Loss } from '../../loss.ts';
import { checkLogitPair } from '../../ops/checkRows.ts';
import { expectation } from '../../ops/expectation.ts';
import { logMixture } from '../../ops/logMixture.ts';
import { logSoftmax } from '../../ops/logSoftmax.ts';
import { type Reduction, type RowOptions, rowOptions } from '../../ops/rowReduction.ts';
import { scale } from '../../ops/scale.ts';
import { between, flag, positive, readOptions } from '../../options.ts';
import { type FormOf, rowLoss } from '../../rowLoss.ts';

/** Options of `jensenShannon`. */
export interface JensenShannonOptions<R extends Reduction = Reduction> extends RowOptions<R> {
  /** β: the teacher's share of the mixture, strictly between 0 and 1. Default 0.5, the symmetric divergence. */
  readonly beta?: number;
  /** T: both sides' logits are divided by it. Default 1. */
  readonly temperature?: number;
  /** Multiplies the loss by T², which keeps the gradient's size as T grows. Default true. */
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
 * Bounded by T²·log 2 at β = 0.5 and finite for all logits: the mixture is formed from log-probabilities, so it stays
 * right where both sides underflow. It tends to 0 as β tends to 0 or 1.
 *
 * Inputs: `studentLogits` and `teacherLogits` [..., classes]; optional `rowWeights` [...] and, with `ignoreIndex`,
 * `labels` [...]. Value: in nats, ≥ 0, a scalar (or [...] with `reduction: 'none'`). Only `studentLogits` gets a gradient.
 *
 * @throws RangeError for a β outside (0, 1), a temperature that is not greater than 0, or an unknown option.
 * @example
 * const { value } = evaluate(jensenShannon({ beta: 0.5 }), { studentLogits, teacherLogits });
 * @see Lin: Divergence measures based on the Shannon entropy (1991), IEEE Transactions on Information Theory 37
 */
// @__NO_SIDE_EFFECTS__
export function jensenShannon<R extends Reduction = 'mean'>(
  options: JensenShannonOptions<R> = {},
): Loss<'studentLogits' | 'teacherLogits', 'studentLogits', 'labels' | 'rowWeights', FormOf<R>> {
  const { beta, temperature, scaleByTemperatureSquared, ...rows } = readOptions('jensenShannon', options, {
    beta: between(0, 1, 0.5, endsHint),
    temperature: positive(1),
    scaleByTemperatureSquared: flag(true),
    ...rowOptions<R>(),
  });
  const factor = scaleByTemperatureSquared ? temperature ** 2 : 1;

  return rowLoss(rows, {
    name: 'jensenShannon',
    reference: jensenShannon,
    options: { beta, temperature, scaleByTemperatureSquared },
    inputs: ['studentLogits', 'teacherLogits'],
    differentiable: 'studentLogits',

    check: (backend, inputs) => checkLogitPair(backend, 'jensenShannon', inputs),

    rows(backend, { studentLogits, teacherLogits }) {
      const studentLog = logSoftmax(backend, scale(backend, studentLogits, 1 / temperature));
      const teacherLog = logSoftmax(backend, scale(backend, teacherLogits, 1 / temperature));
      const mixtureLog = logMixture(backend, teacherLog, studentLog, beta);
      const student = backend.exp(studentLog);
      const teacher = backend.exp(teacherLog);
      const studentRatio = backend.subtract(studentLog, mixtureLog);
      const studentDivergence = expectation(backend, student, studentRatio, true);
      const teacherDivergence = expectation(backend, teacher, backend.subtract(teacherLog, mixtureLog), true);
      const divergence = backend.add(
        scale(backend, teacherDivergence, beta * factor),
        scale(backend, studentDivergence, (1 - beta) * factor),
      );
      const losses = backend.reshape(divergence, backend.shapeOf(divergence).slice(0, -1));
      return { losses, student, studentRatio, studentDivergence };
    },

    gradient(backend, { student, studentRatio, studentDivergence }) {
      const centred = backend.subtract(studentRatio, studentDivergence);
      // Where q = 0 the gradient's limit is 0, though the ratio may be infinite or undefined; a q that is NaN stays NaN.
      const rowGradients = backend.where(student, backend.multiply(student, centred), backend.scalar(0));
      return scale(backend, rowGradients, ((1 - beta) * factor) / temperature);
    },
  });
}

const endsHint =
  'At both ends the divergence is 0. Where another library gives forward or reverse KL there, use ' +
  "klDivergence({ direction: 'forward' }) or klDivergence({ direction: 'reverse' }).";
