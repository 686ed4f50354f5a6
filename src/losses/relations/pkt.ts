import type { Backend } from '../../backend.ts';
import type { Loss } from '../../loss.ts';
import { identity } from '../../ops/centredGram.ts';
import { relativeEntropyTerms } from '../../ops/relativeEntropy.ts';
import { inverseLengths, unitRows } from '../../ops/unitRows.ts';
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

    value(backend, { student, teacher, counts, size }) {
      const own = neighbours(backend, student, counts);
      const other = neighbours(backend, teacher, counts);
      const q = backend.divide(own.similarities, own.sums);
      const p = backend.divide(other.similarities, other.sums);
      const terms = relativeEntropyTerms(backend, p, q, backend.log(backend.divide(q, p)));
      const pairs = backend.multiply(size, size);
      // (1 − p/q)/z. At S = 0 the cosine is at its end, and turning either sample changes it by 0 to first order.
      const gaps = backend.divide(backend.subtract(q, p), own.similarities);
      return {
        value: backend.divide(backend.sum(terms), pairs),
        pairs,
        directions: own.directions,
        lengths: own.lengths,
        cosines: own.cosines,
        slopes: backend.where(own.similarities, gaps, backend.scalar(0)),
      };
    },

    gradient(backend, { pairs, directions, lengths, cosines, slopes }, upstream) {
      const [batch = 1] = backend.shapeOf(directions);
      const both = backend.add(slopes, backend.transpose(slopes));
      // Through x̂ = x/‖x‖: what is along x̂_i falls away, Σ_j G_ij·cos_ij of it. All of it in the weights of one product.
      const along = backend.sum(backend.multiply(both, cosines), { axis: 1, keepDims: true });
      const across = backend.subtract(both, backend.multiply(identity(backend, batch), along));
      const factors = backend.multiply(inverseLengths(backend, lengths), backend.divide(upstream, pairs));
      return backend.matMul(backend.multiply(across, factors), directions);
    },
  });
}

/** Each sample's similarities 2·S = cos + 1 to all, their sums, and the cosines and directions that they are made of. */
function neighbours<T>(backend: Backend<T>, x: T, counts: T | undefined) {
  const { directions, lengths } = unitRows(backend, x);
  const cosines = backend.matMul(directions, directions, { transposeB: true });
  // Rounding may bring a cosine below −1.
  const positive = backend.maximum(backend.add(cosines, backend.scalar(1)), backend.scalar(0));
  const similarities = ofPairs(backend, counts, positive);
  const sums = backend.sum(similarities, { axis: 1, keepDims: true });
  return {
    directions,
    lengths,
    cosines,
    similarities,
    sums: counts === undefined ? sums : backend.where(counts, sums, backend.scalar(1)),
  };
}
