import type { Backend } from '../../backend.ts';
import type { Loss } from '../../loss.ts';
import { identity } from '../../ops/centredGram.ts';
import { nearZero, polynomial } from '../../ops/exponentialRemainder.ts';
import { asRow, cosineRows, cosinesOf } from '../../ops/unitRows.ts';
import { readOptions } from '../../options.ts';
import { ofPairs, setLoss } from '../../setLoss.ts';

/**
 * Probabilistic knowledge transfer: who is near whom, as a distribution for each sample, the same for student and teacher.
 *
 * With S = (cos(x_i, x_j) + 1)/2 of a side over B samples, and q = S with its rows divided by their sums z (p that of the
 * teacher),
 *
 *     Σ p·(log p − log q)/B²
 *     gradient in the directions x̂   (G + Gᵀ)·x̂,   G = (1 − p/q)/(2·z·B²),   and through x̂ = x/‖x‖
 *
 * The diagonal counts. Opposite samples have S = 0: they drop out where it is so for the teacher; for the student alone the
 * loss is +Infinity. A sample of zeros has cosine 0 to all and gets no gradient. There is no constant inside a logarithm.
 *
 * Inputs: `studentFeatures` and `teacherFeatures` [batch, ...], each of a size of its own; optional `mask` [batch], 0 for
 * samples that are to be left out, whatever they hold. Value: a scalar ≥ 0. Only `studentFeatures` gets a gradient. Public
 * codes weigh it 30000.
 *
 * @throws RangeError for an option: there are none.
 * @example
 * const studentFeatures = [[3, 4], [6, 0]];
 * const teacherFeatures = [[1, 0], [0, 1]];
 * const { value } = evaluate(pkt(), { studentFeatures, teacherFeatures }); // 0.0128
 * @see Passalis, Tefas: Learning deep representations with probabilistic knowledge transfer (2018), arXiv 1803.10837
 */
// @__NO_SIDE_EFFECTS__
export function pkt(
  options: Readonly<Record<string, never>> = {},
): Loss<'studentFeatures' | 'teacherFeatures', 'studentFeatures', 'mask'> {
  readOptions('pkt', options, {});

  return setLoss({
    name: 'pkt',
    reference: pkt,
    options: {},

    takesAnySize: true,

    value(backend, { student, teacher, counts, size }) {
      const own = neighbours(backend, student, counts);
      const other = neighbours(backend, teacher, counts);
      const q = backend.multiply(own.similarities, own.perSum);
      const p = backend.multiply(other.similarities, other.perSum);
      const apart = backend.subtract(q, p);
      const pairs = backend.multiply(size, size);
      // (1 − p/q)/z of a pair both ways round. Similarities are symmetric: the transposed ones are those over the columns' sums.
      const turned = (side: typeof own): typeof q => backend.multiply(side.similarities, asRow(backend, side.perSum));
      const gaps = backend.add(apart, backend.subtract(turned(own), turned(other)));
      return {
        value: backend.divide(backend.sum(divergences(backend, p, q, apart)), pairs),
        pairs,
        rows: own.rows,
        lengths: own.lengths,
        perLength: own.perLength,
        rowFactors: own.factors,
        cosines: own.cosines,
        // At S = 0 the cosine is at its end, and turning either sample changes it by 0 to first order.
        slopes: backend.where(own.similarities, backend.divide(gaps, own.similarities), backend.scalar(0)),
      };
    },

    gradient(backend, { pairs, rows, lengths, perLength, rowFactors, cosines, slopes }, upstream) {
      const [batch = 1] = backend.shapeOf(rows);
      // Through x̂ = x/‖x‖: what is along x̂_i falls away, Σ_j G_ij·cos_ij of it. All of it in the weights of one product.
      const along = backend.sum(backend.multiply(slopes, cosines), { axis: 1, keepDims: true });
      const across = backend.where(identity(backend, batch), backend.subtract(slopes, along), slopes);
      const factors = backend.multiply(perLength, backend.divide(upstream, pairs));
      const inverses = asRow(backend, backend.divide(backend.scalar(1), lengths));
      const weights = backend.multiply(backend.multiply(across, factors), inverses);
      return backend.multiply(backend.matMul(weights, rows), rowFactors);
    },
  });
}

/** Each sample's similarities 2·S = cos + 1 to all, one over their sums, and the cosines and rows that they are made of. */
function neighbours<T>(backend: Backend<T>, x: T, counts: T | undefined) {
  const { rows, lengths, perLength, factors } = cosineRows(backend, x);
  const products = backend.matMul(rows, rows, { transposeB: true });
  const cosines = cosinesOf(backend, products, { lengths }, { lengths });
  // Rounding may bring a cosine below −1.
  const positive = backend.maximum(backend.add(cosines, backend.scalar(1)), backend.scalar(0));
  const similarities = ofPairs(backend, counts, positive);
  const sums = backend.sum(similarities, { axis: 1, keepDims: true });
  const perSum = backend.divide(
    backend.scalar(1),
    counts === undefined ? sums : backend.where(counts, sums, backend.scalar(1)),
  );
  return { rows, lengths, perLength, factors, cosines, similarities, perSum };
}

/**
 * Terms p·log(p/q) + q − p ≥ 0. Where the two are alike no logarithm is taken: with z = (q − p)/(q + p) a term is
 * z·(q − p − p·(2z²/3 + 2z⁴/5 + …)), of second order in their difference, and so is its error.
 */
function divergences<T>(backend: Backend<T>, p: T, q: T, apart: T): T {
  // Where both are 0 so is z, and the term; p = 0 alone leaves q. Choices would keep the logarithm from being passed over.
  const least = backend.scalar(2 ** -100);
  const z = backend.divide(apart, backend.maximum(backend.add(q, p), least));
  const square = backend.multiply(z, z);
  const series = polynomial(backend, square, [2 / 3, 2 / 5, 2 / 7, 2 / 9, 2 / 11, 2 / 13]);
  const small = backend.multiply(z, backend.subtract(apart, backend.multiply(p, backend.multiply(square, series))));
  const logRatio = backend.log(backend.divide(q, backend.maximum(p, least)));
  const large = backend.subtract(apart, backend.multiply(p, logRatio));
  return backend.where(nearZero(backend, z), small, large);
}
