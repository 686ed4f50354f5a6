import type { Backend } from '../../backend.ts';
import type { Inputs } from '../../inputs.ts';
import type { Metric } from '../../metric.ts';
import { countOf, numberOf } from '../../metricState.ts';
import { relativeEntropy } from '../../ops/relativeEntropy.ts';
import { sameIndex } from '../../ops/sameIndex.ts';
import { scale } from '../../ops/scale.ts';
import { softenedPair } from '../../ops/softenedPair.ts';
import { readOptions, word } from '../../options.ts';
import { type RowMetricOptions, type Rows, requireRows, rowMask, rowMetric } from '../../rowMetric.ts';
import { inputsOfKind, type SideInput, sideInput } from '../predictionSource.ts';

/** Options of `predictiveDivergence`. */
export interface PredictiveDivergenceOptions<From extends 'logits' | 'probabilities' = 'logits' | 'probabilities'>
  extends RowMetricOptions {
  /** `'forward'`: KL(teacher‖student), the default; `'reverse'`: KL(student‖teacher). */
  readonly direction?: 'forward' | 'reverse';
  /** What the inputs hold, by whose name they go: `'logits'` (default) or `'probabilities'`. */
  readonly from?: From;
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
 * Inputs: `studentLogits` and `teacherLogits`, or by `from` `studentProbabilities` and `teacherProbabilities` [..., classes];
 * optional `rowWeights` [...] and, with `ignoreIndex`, `labels` [...]. Among equal logits the first class is the prediction.
 * Streams and merges exactly.
 *
 * @throws RangeError for NaN; TypeError for shapes that differ.
 * @example
 * const { value, fidelity } = measure(predictiveDivergence(), { studentLogits, teacherLogits });
 * @see Stanton et al.: Does knowledge distillation really work? (2021), arXiv 2106.05945
 */
// @__NO_SIDE_EFFECTS__
export function predictiveDivergence<From extends 'logits' | 'probabilities' = 'logits'>(
  options: PredictiveDivergenceOptions<From> = {},
): Metric<
  SideInput<'student' | 'teacher', From>,
  'divergence' | 'same' | 'count',
  PredictiveDivergenceResult,
  'labels' | 'rowWeights'
> {
  const { direction, from, ignoreIndex } = readOptions('predictiveDivergence', options, {
    direction: word(['forward', 'reverse'], 'forward'),
    from: word<'logits' | 'probabilities'>(['logits', 'probabilities'], 'logits'),
    ...rowMask(),
  });
  const [student, teacher] = [sideInput('student', from as From), sideInput('teacher', from as From)];
  return rowMetric<SideInput<'student' | 'teacher', From>, 'divergence' | 'same' | 'count', PredictiveDivergenceResult>(
    {
      name: 'predictiveDivergence',
      reference: predictiveDivergence,
      options: { direction, from, ignoreIndex },
      inputs: inputsOfKind(from === 'logits' ? 'scores' : 'probabilities', [student, teacher]),

      statistics<T>(
        backend: Backend<T>,
        batch: Inputs<SideInput<'student' | 'teacher', From>, never, T>,
        rows: Rows<T>,
      ) {
        // Log-probabilities are logits.
        const logsOf = (given: T) => (from === 'logits' ? given : backend.log(given));
        const pair = softenedPair(backend, logsOf(batch[student]), logsOf(batch[teacher]), { student: 1, teacher: 1 });
        const divergence =
          direction === 'forward'
            ? pair.divergence
            : relativeEntropy(backend, pair.student, pair.teacher, scale(backend, pair.logRatio, -1), pair.near);
        const same = sameIndex(backend, backend.argMax(batch[student]), backend.argMax(batch[teacher]));
        return { divergence: rows.sum(divergence), same: rows.sum(same), count: rows.total() };
      },

      state: { divergence: numberOf(), same: countOf([], 'count'), count: countOf() },

      finish({ divergence, same, count }) {
        const rows = requireRows('predictiveDivergence', count.data[0]!);
        return { value: divergence.data[0]! / rows, fidelity: same.data[0]! / rows, count: rows };
      },
    },
  );
}
