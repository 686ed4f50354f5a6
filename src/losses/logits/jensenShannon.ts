import type { Loss } from '../../loss.ts';
import { checkLogitPair } from '../../ops/checkRows.ts';
import { centredGradient, mixtureRatio } from '../../ops/relativeEntropy.ts';
import { type Reduction, type RowOptions, rowOptions } from '../../ops/rowReduction.ts';
import { scale } from '../../ops/scale.ts';
import { softenedPair } from '../../ops/softenedPair.ts';
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
 * Bounded by T²·log 2 at β = 0.5 and finite for all logits: the mixture is formed from the ratio of the probabilities, so
 * it stays right where both sides underflow. It tends to 0 as β tends to 0 or 1. Where both sides are alike, value and
 * gradient keep the relative accuracy of the differences of the logits, at any temperature.
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
      const temperatures = { student: temperature, teacher: temperature };
      const { student, teacher, logRatio } = softenedPair(backend, studentLogits, teacherLogits, temperatures);
      const ofTeacher = mixtureRatio(backend, teacher, student, logRatio, beta);
      const ofStudent = mixtureRatio(backend, student, teacher, scale(backend, logRatio, -1), 1 - beta);
      const terms = backend.add(scale(backend, ofTeacher.terms, beta), scale(backend, ofStudent.terms, 1 - beta));
      const losses = scale(backend, backend.sum(terms, { axis: -1 }), factor);
      const studentDivergence = backend.sum(ofStudent.terms, { axis: -1 });
      return { losses, student, mixtureRatio: scale(backend, ofStudent.logRatio, -1), studentDivergence };
    },

    gradient: (backend, { student, mixtureRatio, studentDivergence }) =>
      scale(
        backend,
        centredGradient(backend, student, mixtureRatio, studentDivergence),
        ((1 - beta) * factor) / temperature,
      ),
  });
}

const endsHint =
  'At both ends the divergence is 0. Where another library gives forward or reverse KL there, use ' +
  "klDivergence({ direction: 'forward' }) or klDivergence({ direction: 'reverse' }).";
