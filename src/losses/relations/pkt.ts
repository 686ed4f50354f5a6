import type { Backend } from '../../backend.ts';
import type { Loss } from '../../loss.ts';
import { type UnitRows, unitRows, unitRowsGradient } from '../../ops/unitRows.ts';
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
      const zero = backend.scalar(0);
      const own = neighbours(backend, student, counts);
      const { probabilities } = neighbours(backend, teacher, counts);
      const pairs = backend.multiply(size, size);
      const ratio = backend.divide(probabilities, own.probabilities);
      const terms = backend.where(probabilities, backend.multiply(probabilities, backend.log(ratio)), zero);
      const value = backend.divide(backend.sum(terms), pairs);
      // At S = 0 the cosine is at its end, and turning either sample changes it by 0 to first order.
      const excess = backend.where(own.probabilities, backend.subtract(backend.scalar(1), ratio), zero);
      const doubled = backend.multiply(backend.multiply(backend.scalar(2), pairs), own.sums);
      const slopes = ofPairs(backend, counts, backend.divide(excess, doubled));
      return { value, slopes, directions: own.directions, lengths: own.lengths };
    },

    gradient(backend, { slopes, directions, lengths }) {
      const both = backend.add(slopes, backend.transpose(slopes));
      return unitRowsGradient(backend, { directions, lengths }, backend.matMul(both, directions));
    },
  });
}

/** Each sample's distribution over all, and the sums that made it one. */
function neighbours<T>(
  backend: Backend<T>,
  x: T,
  counts: T | undefined,
): UnitRows<T> & { readonly probabilities: T; readonly sums: T } {
  const { directions, lengths } = unitRows(backend, x);
  const cosines = backend.matMul(directions, directions, { transposeB: true });
  const half = backend.scalar(0.5);
  // Rounding may bring a cosine below −1.
  const similarities = backend.maximum(backend.add(backend.multiply(cosines, half), half), backend.scalar(0));
  const counted = ofPairs(backend, counts, similarities);
  const sums = backend.sum(counted, { axis: 1, keepDims: true });
  const divisor = counts === undefined ? sums : backend.where(counts, sums, backend.scalar(1));
  return { directions, lengths, probabilities: backend.divide(counted, divisor), sums: divisor };
}
