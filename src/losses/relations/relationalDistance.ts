import type { Backend } from '../../backend.ts';
import type { Loss } from '../../loss.ts';
import { huber } from '../../ops/huber.ts';
import { squaredDistances, squaredDistancesGradient } from '../../ops/squaredDistances.ts';
import { readOptions } from '../../options.ts';
import { ofPairs, setLoss } from '../../setLoss.ts';

/**
 * Relational knowledge distillation by distance: the student's samples lie as far from each other as the teacher's, up to
 * a common factor.
 *
 * With d_ij = ‖x_i − x_j‖ of a side, μ the mean of its distances that are greater than 0, and h the Huber function (x²/2
 * up to |x| = 1, |x| − ½ beyond), over B samples
 *
 *     Σ_ij h(d_ij/μ − t_ij/μ_t) / B²
 *     gradient in x_i   Σ_j (W_ij + W_ji)·(x_i − x_j)/d_ij,   W = h'/(B²·μ) − Σ(h'·d)/(B²·μ²·n),  n the count of d > 0
 *
 * Distances come from differences: equal rows are at 0 exactly, get no gradient from each other and do not count in μ, and
 * an offset of all rows changes nothing. In float32, rows nearer than 1e-22 of the largest number are equal. With fewer than
 * three different samples the loss is 0.
 *
 * Inputs: `studentFeatures` and `teacherFeatures` [batch, ...], each of a width of its own; optional `mask` [batch], 0 for
 * samples that are to be left out, whatever they hold. Value: a scalar ≥ 0. Only `studentFeatures` gets a gradient. The
 * cost grows with batch²·features. The paper weighs it 25 beside an angle loss of 50.
 *
 * @throws RangeError for an option: there are none.
 * @example
 * const studentFeatures = [[0, 0], [3, 4], [6, 0]];
 * const teacherFeatures = [[0, 0], [1, 0], [0, 1]];
 * const { value } = evaluate(relationalDistance(), { studentFeatures, teacherFeatures }); // 0.0175
 * @see Park, Kim, Lu, Cho: Relational knowledge distillation (2019), arXiv 1904.05068
 */
// @__NO_SIDE_EFFECTS__
export function relationalDistance(
  options: Readonly<Record<string, never>> = {},
): Loss<'studentFeatures' | 'teacherFeatures', 'studentFeatures', 'mask'> {
  readOptions('relationalDistance', options, {});

  return setLoss({
    name: 'relationalDistance',
    reference: relationalDistance,
    options: {},

    value(backend, { student, teacher, counts, size }) {
      const own = relativeDistances(backend, student, counts);
      const other = relativeDistances(backend, teacher, counts);
      const { total, slopes } = huber(backend, backend.subtract(own.relative, other.relative));
      const pairs = backend.multiply(size, size);
      // What every distance loses through μ: Σ(h'·d/μ)/n.
      const throughMean = backend.divide(backend.sum(backend.multiply(slopes, own.relative)), own.positive);
      // ∂d/∂(d²) = 1/(2d).
      const perSquare = backend.divide(backend.subtract(slopes, throughMean), own.distances);
      return {
        value: backend.divide(total, pairs),
        student,
        size,
        distanceSlopes: backend.where(own.distances, perSquare, backend.scalar(0)),
        factor: backend.divide(backend.scalar(0.5), backend.multiply(pairs, own.mean)),
      };
    },

    gradient: (backend, { student, size, distanceSlopes, factor }, upstream) =>
      squaredDistancesGradient(backend, student, distanceSlopes, size, backend.multiply(factor, upstream)),
  });
}

/** Distances over the mean of the positive ones; all 0 where there is none. */
function relativeDistances<T>(backend: Backend<T>, x: T, counts: T | undefined) {
  const zero = backend.scalar(0);
  const one = backend.scalar(1);
  const distances = backend.sqrt(ofPairs(backend, counts, squaredDistances(backend, x)));
  const positive = backend.maximum(backend.sum(backend.greater(distances, zero)), one);
  const total = backend.sum(distances);
  const mean = backend.where(total, backend.divide(total, positive), one);
  return { distances, positive, mean, relative: backend.divide(distances, mean) };
}
