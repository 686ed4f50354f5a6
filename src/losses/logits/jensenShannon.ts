import type { Backend, Residuals } from '../../backend.ts';
import { checkOptions, checkPositive, kindError, rangeError } from '../../check.ts';
import type { Loss } from '../../loss.ts';
import { checkLogitPair, checkMaskLabels, checkRowWeights } from '../../ops/checkRows.ts';
import { expectation } from '../../ops/expectation.ts';
import { logMixture } from '../../ops/logMixture.ts';
import { logSoftmax } from '../../ops/logSoftmax.ts';
import {
  checkRowOptions,
  effectiveRowWeights,
  type Reduction,
  type RowOptions,
  reduceRows,
  scaleRowGradients,
} from '../../ops/rowReduction.ts';
import { scale } from '../../ops/scale.ts';

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
): Loss<
  'studentLogits' | 'teacherLogits',
  'studentLogits',
  'labels' | 'rowWeights',
  R extends 'none' ? 'rows' : 'scalar'
> {
  checkOptions('jensenShannon', options, [
    'beta',
    'temperature',
    'scaleByTemperatureSquared',
    'reduction',
    'ignoreIndex',
    'normalizer',
  ]);
  const { beta = 0.5, temperature = 1, scaleByTemperatureSquared = true } = options;
  checkInside('beta', beta);
  checkPositive('jensenShannon', 'temperature', temperature);
  const rows = checkRowOptions('jensenShannon', options);
  const factor = scaleByTemperatureSquared ? temperature ** 2 : 1;

  return {
    name: 'jensenShannon',
    reference: jensenShannon,
    options: { beta, temperature, scaleByTemperatureSquared, ...rows },
    inputs: ['studentLogits', 'teacherLogits'],
    optionalInputs: ['labels', 'rowWeights'],
    differentiable: ['studentLogits'],
    form: (rows.reduction === 'none' ? 'rows' : 'scalar') as R extends 'none' ? 'rows' : 'scalar',

    check(backend, inputs) {
      const rowShape = checkLogitPair(backend, 'jensenShannon', inputs);
      checkMaskLabels(backend, 'jensenShannon', inputs.labels, rowShape, rows.ignoreIndex);
      checkRowWeights(backend, 'jensenShannon', inputs.rowWeights, rowShape);
    },

    forward(backend, inputs) {
      const studentLog = logSoftmax(backend, scale(backend, inputs.studentLogits, 1 / temperature));
      const teacherLog = logSoftmax(backend, scale(backend, inputs.teacherLogits, 1 / temperature));
      const mixtureLog = logMixture(backend, teacherLog, studentLog, beta);
      const student = backend.exp(studentLog);
      const studentRatio = backend.subtract(studentLog, mixtureLog);
      const studentDivergence = expectation(backend, student, studentRatio, true);
      const teacherDivergence = expectation(
        backend,
        backend.exp(teacherLog),
        backend.subtract(teacherLog, mixtureLog),
        true,
      );
      const divergence = backend.add(
        scale(backend, teacherDivergence, beta * factor),
        scale(backend, studentDivergence, (1 - beta) * factor),
      );
      const rowShape = backend.shapeOf(divergence).slice(0, -1);
      const weights = effectiveRowWeights(backend, rows, inputs);
      const { value, rowScale } = reduceRows(backend, rows, backend.reshape(divergence, rowShape), weights);
      return { value, residuals: { student, studentRatio, studentDivergence, rowScale } };
    },

    backward<T>(backend: Backend<T>, residuals: Residuals<T>, upstream: T) {
      const { student, studentRatio, studentDivergence, rowScale } = residuals as Record<
        'student' | 'studentRatio' | 'studentDivergence' | 'rowScale',
        T
      >;
      const centred = backend.subtract(studentRatio, studentDivergence);
      // Where q = 0 the gradient's limit is 0, though the ratio may be infinite or undefined; a q that is NaN stays NaN.
      const rowGradients = backend.where(student, backend.multiply(student, centred), backend.scalar(0));
      const size = ((1 - beta) * factor) / temperature;
      return [scaleRowGradients(backend, scale(backend, rowGradients, size), rowScale, upstream)];
    },
  };
}

function checkInside(argument: string, value: number): void {
  if (typeof value !== 'number') throw kindError('jensenShannon', argument, 'a number', value);
  if (!(value > 0 && value < 1)) {
    throw rangeError(
      'jensenShannon',
      argument,
      'strictly between 0 and 1',
      value,
      'At both ends the divergence is 0. Where another library gives forward or reverse KL there, use ' +
        "klDivergence({ direction: 'forward' }) or klDivergence({ direction: 'reverse' }).",
    );
  }
}
