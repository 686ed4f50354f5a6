import type { Loss } from '../../loss.ts';
import { type Reduction, type RowOptions, rowOptions } from '../../ops/rowReduction.ts';
import { readOptions } from '../../options.ts';
import { type FormOf, rowLoss } from '../../rowLoss.ts';
import { checkFeaturePair, directionGradient, directionRows } from './directionRows.ts';

/** Options of `cosineDistance`. */
export type CosineDistanceOptions<R extends Reduction = Reduction> = RowOptions<R>;

/**
 * Cosine distance between the student's and the teacher's features: of hidden states in DistilBERT, of embeddings elsewhere.
 *
 *     1 − ⟨ŝ, t̂⟩,  ŝ = s/‖s‖, t̂ = t/‖t‖        gradient in s   (−t̂ + ŝ⟨ŝ, t̂⟩)/‖s‖
 *
 * The value is computed as |ŝ − t̂|²/2, which keeps its digits where the two nearly agree. A row of zeros on either side has
 * no direction: distance 1, gradient 0.
 *
 * Inputs: `studentFeatures` and `teacherFeatures` [..., width] of one shape; optional `rowWeights` [...], an attention mask
 * for one, and, with `ignoreIndex`, `labels` [...]. Value: in [0, 2], a scalar (or [...] with `reduction: 'none'`). Only
 * `studentFeatures` gets a gradient.
 *
 * @throws RangeError for an unknown option; TypeError for features of two shapes: no width is cut.
 * @example
 * const { value } = evaluate(cosineDistance(), { studentFeatures: [[3, 4]], teacherFeatures: [[1, 0]] }); // 0.4
 * @see Sanh, Debut, Chaumond, Wolf: DistilBERT (2019), arXiv 1910.01108
 */
// @__NO_SIDE_EFFECTS__
export function cosineDistance<R extends Reduction = 'mean'>(
  options: CosineDistanceOptions<R> = {},
): Loss<'studentFeatures' | 'teacherFeatures', 'studentFeatures', 'labels' | 'rowWeights', FormOf<R>> {
  return rowLoss(readOptions('cosineDistance', options, rowOptions<R>(null)), {
    name: 'cosineDistance',
    reference: cosineDistance,
    options: {},
    inputs: ['studentFeatures', 'teacherFeatures'],
    differentiable: 'studentFeatures',
    check: (backend, inputs) => checkFeaturePair(backend, 'cosineDistance', inputs),

    rows(backend, inputs) {
      const { squares, directions, lengths, differences, teacherLengths } = directionRows(backend, inputs);
      const rows = backend.shapeOf(squares);
      const half = backend.multiply(squares, backend.scalar(0.5));
      // Squares are at most 4: a NaN shows, even beside a row of zeros.
      const known = backend.greater(backend.scalar(5), squares);
      const undirected = backend.where(known, backend.scalar(1), squares);
      const withTeacher = backend.where(backend.reshape(teacherLengths, rows), half, undirected);
      return {
        losses: backend.where(backend.reshape(lengths, rows), withTeacher, undirected),
        directions,
        lengths,
        differences,
      };
    },

    gradient: (backend, kept) => directionGradient(backend, kept, 1),
  });
}
