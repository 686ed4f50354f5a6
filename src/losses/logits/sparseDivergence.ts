import type { Backend } from '../../backend.ts';
import { rangeError } from '../../check.ts';
import type { Inputs } from '../../inputs.ts';
import type { Loss } from '../../loss.ts';
import { lastColumn, tailGradient } from '../../ops/classBuckets.ts';
import { flattenRows } from '../../ops/flattenRows.ts';
import { type DivergenceKept, type DivergenceName, rowDivergence } from '../../ops/rowDivergence.ts';
import { type Reduction, type RowOptions, rowOptions } from '../../ops/rowReduction.ts';
import { scale } from '../../ops/scale.ts';
import { scatterAlong } from '../../ops/scatterAlong.ts';
import { softenedPair } from '../../ops/softenedPair.ts';
import { checkSparseTeacher, type MissingClasses, outsideLogits, sparseBuckets } from '../../ops/sparseTeacher.ts';
import { between, flag, optional, positive, readOptions, word } from '../../options.ts';
import { type FormOf, type ScaleRows, sharedRowLoss } from '../../rowLoss.ts';

/** Options of `sparseDivergence`. */
export interface SparseDivergenceOptions<R extends Reduction = Reduction> extends RowOptions<R> {
  /** `'forward'`: KL(teacher‖student), the default; `'reverse'`: KL(student‖teacher); `'jensenShannon'`; `'totalVariation'`. */
  readonly divergence?: DivergenceName;
  /**
   * The classes that the teacher's list leaves out: `'tail'`, the default, are one class together, on both sides;
   * `'renormalize'` leaves them out on both sides; `'zero'`, for `'forward'` alone, gives them probability 0 in the teacher.
   */
  readonly missing?: MissingClasses;
  /** β of `'jensenShannon'`: the teacher's share of the mixture, strictly between 0 and 1. Default 0.5. */
  readonly beta?: number;
  /** T: both sides' logits are divided by it. Default 1, and no other with `'tail'`, whose classes it would need one by one. */
  readonly temperature?: number;
  /** Multiplies the loss by T². Default true, but false for `'totalVariation'`. */
  readonly scaleByTemperatureSquared?: boolean;
}

/** Required inputs of `sparseDivergence`. */
export type SparseInput = 'studentLogits' | 'teacherIndices' | 'teacherLogProbabilities';

/**
 * Divergence from a teacher of which only the most likely classes are known: what inference servers return, and what is small
 * enough to store.
 *
 * With K classes in a row's list, both sides become distributions over K + 1 buckets, the last for all other classes, and the
 * loss is a divergence of those: true, ≥ 0, and never more than that of the full distributions. With G its gradient in the
 * buckets, a listed class gets G_i and any other its share of the tail, (q_j/q_tail)·G_tail; forward
 *
 *     Σ p_i·log(p_i/q_i) + p_tail·log(p_tail/q_tail)        gradient   q_i − p_i,  and q_j·(1 − p_tail/q_tail)
 *
 * The student's tail is summed over its classes, the teacher's is 1 − Σ p_i, in whose digits a list that covers nearly all is
 * short: `teacherTailLogProbability` brings it where it is known. A list of all classes has no tail and gives `klDivergence`.
 * With `'renormalize'` a list of one class says nothing: the loss is 0; and a student that masks all of a list has no prediction
 * over it: the loss is NaN. With `'zero'` the loss of equal sides is not 0 but minus the logarithm of the listed mass.
 *
 * Inputs: `studentLogits` [..., classes]; `teacherIndices` [..., K], class numbers, different in a row, −1 for an entry that
 * is not there; `teacherLogProbabilities` [..., K], true log-probabilities, normalised over all classes. Optional
 * `teacherTailLogProbability` [...], `rowWeights` [...] and, with `ignoreIndex`, `labels` [...]. Value: in nats, ≥ 0 (total
 * variation: in [0, 1]). Only `studentLogits` gets a gradient. Where values cannot be read without waiting, a class number
 * beyond the classes gives NaN; one that occurs twice in a row is not noticed there.
 *
 * @throws RangeError for class numbers out of range or twice in a row, log-probabilities of more than 1 in a row, `'zero'` with
 * another divergence than forward, or a temperature with `'tail'`.
 * @example
 * const { value } = evaluate(sparseDivergence(), {
 *   studentLogits: [[1, 2, 0]],
 *   teacherIndices: [[1]],
 *   teacherLogProbabilities: [[-0.17]],
 * });
 */
// @__NO_SIDE_EFFECTS__
export function sparseDivergence<R extends Reduction = 'mean'>(
  options: SparseDivergenceOptions<R> = {},
): Loss<SparseInput, 'studentLogits', 'teacherTailLogProbability' | 'labels' | 'rowWeights', FormOf<R>> {
  const checked = readOptions('sparseDivergence', options, {
    divergence: word<DivergenceName>(['forward', 'reverse', 'jensenShannon', 'totalVariation'], 'forward'),
    missing: word<MissingClasses>(['tail', 'renormalize', 'zero'], 'tail'),
    beta: between(0, 1, 0.5),
    temperature: positive(1),
    scaleByTemperatureSquared: optional(flag()),
    ...rowOptions<R>(),
  });
  const { divergence, missing, beta, temperature, ...rest } = checked;
  const { scaleByTemperatureSquared = divergence !== 'totalVariation', ...rows } = rest;
  if (missing === 'zero' && divergence !== 'forward') {
    const hint = 'Where the teacher has probability 0, the other divergences are infinite or say little.';
    throw rangeError('sparseDivergence', 'missing', "'tail' or 'renormalize' for this divergence", missing, hint);
  }
  if (missing === 'tail' && temperature !== 1) {
    const hint = "The teacher's probabilities in the tail are not known one by one. Use missing: 'renormalize'.";
    throw rangeError('sparseDivergence', 'temperature', "1 with missing: 'tail'", temperature, hint);
  }
  const factor = scaleByTemperatureSquared ? temperature ** 2 : 1;
  const temperatures = { student: temperature, teacher: temperature };
  const of = rowDivergence(divergence, beta);
  type Kept = DivergenceKept | 'logits' | 'indices';

  return sharedRowLoss<SparseInput, 'studentLogits', Kept, R, 'teacherTailLogProbability'>(rows, {
    name: 'sparseDivergence',
    reference: sparseDivergence,
    options: { divergence, missing, beta, temperature, scaleByTemperatureSquared },
    inputs: ['studentLogits', 'teacherIndices', 'teacherLogProbabilities'],
    optionalInputs: ['teacherTailLogProbability'],
    differentiable: ['studentLogits'],

    check: (backend, inputs) => checkSparseTeacher(backend, 'sparseDivergence', inputs, rows.ignoreIndex),

    rows<T>(backend: Backend<T>, inputs: Inputs<SparseInput, 'teacherTailLogProbability', T>) {
      const { studentLogits } = inputs;
      const { indices, student, teacher } = sparseBuckets(backend, inputs, missing, temperature);
      const found = of.rows(backend, softenedPair(backend, student, teacher, temperatures));
      const losses = backend.reshape(scale(backend, found.losses, factor), backend.shapeOf(studentLogits).slice(0, -1));
      return { ...found, losses, logits: studentLogits, indices };
    },

    gradients<T>(backend: Backend<T>, kept: Inputs<Kept, 'teacherTailLogProbability', T>, scaled: ScaleRows<T>) {
      const shape = backend.shapeOf(kept.logits);
      const ofBuckets = scale(backend, of.gradient<T>(backend, kept), factor / temperature);
      const own = scatterAlong(backend, kept.indices, ofBuckets, shape.at(-1)!);
      if (missing === 'renormalize') return [scaled(backend.reshape(own, shape))];
      const outside = outsideLogits(backend, flattenRows(backend, kept.logits), kept.indices);
      const shared = tailGradient(backend, outside, lastColumn(backend, ofBuckets), temperature);
      return [scaled(backend.reshape(backend.add(own, shared), shape))];
    },
  });
}
