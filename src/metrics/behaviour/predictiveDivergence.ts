import { checkOneOf, checkOptions, rangeError } from '../../check.ts';
import type { Metric } from '../../metric.ts';
import { checkLogitPair } from '../../ops/checkRows.ts';
import { countNaN } from '../../ops/countNaN.ts';
import { expectation } from '../../ops/expectation.ts';
import { flattenRows } from '../../ops/flattenRows.ts';
import { logSoftmax } from '../../ops/logSoftmax.ts';
import { sameIndex } from '../../ops/sameIndex.ts';

/** Options of `predictiveDivergence`. */
export interface PredictiveDivergenceOptions {
  /** `'forward'`: KL(teacher‖student), the default; `'reverse'`: KL(student‖teacher). */
  readonly direction?: 'forward' | 'reverse';
}

/** What `predictiveDivergence` returns. */
export interface PredictiveDivergenceResult {
  /** The mean divergence of a row in nats, ≥ 0; +Infinity where one side gives 0 to what the other expects. */
  readonly value: number;
  /** The share of rows with the same prediction, in [0, 1]. */
  readonly fidelity: number;
  readonly count: number;
}

/**
 * How far a student's predictions are from its teacher's: mean Kullback–Leibler divergence at temperature 1, and top-1
 * fidelity.
 *
 *     (1/N)·Σ_i Σ_k p_ik·(log p_ik − log q_ik)        p teacher, q student
 *
 * Inputs: `studentLogits` and `teacherLogits` [..., classes]. Among equal logits the first class is the prediction.
 * Streams and merges exactly.
 *
 * @throws RangeError for NaN; TypeError for shapes that differ.
 * @example
 * const { value, fidelity } = measure(predictiveDivergence(), { studentLogits, teacherLogits });
 * @see Stanton et al.: Does knowledge distillation really work? (2021), arXiv 2106.05945
 */
// @__NO_SIDE_EFFECTS__
export function predictiveDivergence(
  options: PredictiveDivergenceOptions = {},
): Metric<'studentLogits' | 'teacherLogits', 'divergence' | 'same' | 'count' | 'invalid', PredictiveDivergenceResult> {
  checkOptions('predictiveDivergence', options, ['direction']);
  const { direction = 'forward' } = options;
  checkOneOf('predictiveDivergence', 'direction', direction, ['forward', 'reverse']);
  return {
    name: 'predictiveDivergence',
    reference: predictiveDivergence,
    options: { direction },
    inputs: ['studentLogits', 'teacherLogits'],
    optionalInputs: [],

    check(backend, inputs) {
      checkLogitPair(backend, 'predictiveDivergence', inputs);
    },

    statistics(backend, { studentLogits, teacherLogits }) {
      const [student, teacher] = [flattenRows(backend, studentLogits), flattenRows(backend, teacherLogits)];
      const [main, other] = (direction === 'forward' ? [teacher, student] : [student, teacher]).map((logits) =>
        logSoftmax(backend, logits),
      );
      const divergence = expectation(backend, backend.exp(main!), backend.subtract(main!, other!));
      return {
        divergence: backend.sum(divergence),
        same: backend.sum(sameIndex(backend, backend.argMax(student), backend.argMax(teacher))),
        count: backend.scalar(backend.shapeOf(student)[0]!),
        invalid: backend.add(countNaN(backend, studentLogits), countNaN(backend, teacherLogits)),
      };
    },

    finish({ divergence, same, count, invalid }) {
      if (invalid.data[0]! > 0) {
        throw rangeError('predictiveDivergence', 'logits', 'free of NaN', `${invalid.data[0]} NaN`);
      }
      const rows = count.data[0]!;
      // A divergence is never negative; rounding may leave −1e-17.
      return { value: Math.max(0, divergence.data[0]! / rows), fidelity: same.data[0]! / rows, count: rows };
    },
  };
}
