import type { Backend } from '../../backend.ts';
import { checkSameShape, shapeError } from '../../check.ts';
import type { Loss } from '../../loss.ts';
import { checkLogits } from '../../ops/checkRows.ts';
import { type Reduction, type RowOptions, rowOptions } from '../../ops/rowReduction.ts';
import { scale } from '../../ops/scale.ts';
import { sharedDifferences } from '../../ops/sharedClasses.ts';
import { positive, readOptions } from '../../options.ts';
import { type FormOf, rowLoss } from '../../rowLoss.ts';

/** Options of `marginMse`. */
export interface MarginMseOptions<R extends Reduction = Reduction> extends RowOptions<R> {
  /** Multiplies the teacher's scores: for a teacher whose scores have another range than the student's. Default 1. */
  readonly teacherScale?: number;
}

/**
 * Mean squared difference of the margins by which teacher and student prefer the positive candidate of a query: for rankers.
 *
 * With candidate 0 the positive, n others, and dₖ = (s₀ − sₖ) − teacherScale·(t₀ − tₖ), a row's loss is
 *
 *     Σ dₖ²/n        gradient in studentScores   2·Σ d/n at 0,  −2·dₖ/n at k
 *
 * A candidate that a side scores −Infinity, as padding, does not count, nor does n count it; by the student only, it makes the loss
 * +Infinity and gets gradient 0. A row without its positive, or without a negative, counts 0.
 *
 * Inputs: `studentScores` and `teacherScores` [..., candidates], a row for each query; optional `rowWeights` [...] and, with
 * `ignoreIndex`, `labels` [...]. Value: ≥ 0, in squared scores, a scalar (or [...] with `reduction: 'none'`). Only
 * `studentScores` gets a gradient.
 *
 * @throws RangeError for a scale that is not greater than 0, or an unknown option; TypeError for fewer than 2 candidates.
 * @example
 * const { value } = evaluate(marginMse(), { studentScores: [[2, 1, 0]], teacherScores: [[9, 4, 1]] });
 * @see Hofstätter et al.: Improving efficient neural ranking models with cross-architecture knowledge distillation (2020),
 * arXiv 2010.02666
 */
// @__NO_SIDE_EFFECTS__
export function marginMse<R extends Reduction = 'mean'>(
  options: MarginMseOptions<R> = {},
): Loss<'studentScores' | 'teacherScores', 'studentScores', 'labels' | 'rowWeights', FormOf<R>> {
  const { teacherScale, ...rows } = readOptions('marginMse', options, {
    teacherScale: positive(1),
    ...rowOptions<R>(),
  });

  return rowLoss(rows, {
    name: 'marginMse',
    reference: marginMse,
    options: { teacherScale },
    inputs: ['studentScores', 'teacherScores'],
    differentiable: 'studentScores',

    check(backend, { studentScores, teacherScores }) {
      const rowShape = checkLogits(backend, 'marginMse', 'studentScores', studentScores, -1, 1);
      const shape = backend.shapeOf(studentScores);
      if (shape.at(-1)! < 2) {
        const hint = 'Candidate 0 is the positive, the others are negatives.';
        throw shapeError('marginMse', 'studentScores', 'of shape [..., candidates] with at least 2', shape, hint);
      }
      checkSameShape('marginMse', 'teacherScores', backend.shapeOf(teacherScores), 'studentScores', shape);
      return rowShape;
    },

    rows(backend, { studentScores, teacherScores }) {
      const teacher = scale(backend, teacherScores, teacherScale);
      const { differences, masked, count, infinite } = sharedDifferences(backend, studentScores, teacher);
      const first = firstCandidate(backend, studentScores);
      const onFirst = backend.sum(backend.multiply(differences, first), { axis: -1, keepDims: true });
      const withoutPositive = backend.sum(backend.multiply(masked, first), { axis: -1, keepDims: true });
      // Of a row without its positive nothing is left but a NaN, which x − x keeps.
      const from = backend.where(withoutPositive, differences, onFirst);
      const margins = backend.where(masked, backend.scalar(0), backend.subtract(from, differences));
      const negatives = backend.maximum(backend.subtract(count, backend.scalar(1)), backend.scalar(1));
      // One division a row, not one a class.
      const parts = backend.multiply(margins, backend.divide(backend.scalar(1), negatives));
      const squares = backend.sum(backend.multiply(parts, margins), { axis: -1 });
      return { losses: backend.where(infinite, backend.scalar(Infinity), squares), parts };
    },

    gradient(backend, { parts }) {
      const total = backend.sum(parts, { axis: -1, keepDims: true });
      const onFirst = backend.multiply(firstCandidate(backend, parts), total);
      return scale(backend, backend.subtract(onFirst, parts), 2);
    },
  });
}

/** 1 for candidate 0, else 0, [candidates]. */
function firstCandidate<T>(backend: Backend<T>, scores: T): T {
  return backend.oneHot(backend.scalar(0), backend.shapeOf(scores).at(-1)!);
}
