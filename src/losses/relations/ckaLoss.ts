import type { Backend } from '../../backend.ts';
import type { Loss } from '../../loss.ts';
import { byPrecision } from '../../ops/byPrecision.ts';
import { identity } from '../../ops/centredGram.ts';
import { unitRowPair, unitRowsGradient } from '../../ops/unitRows.ts';
import { flag, readOptions } from '../../options.ts';
import { ofPairs, setLoss } from '../../setLoss.ts';
import { centredSet } from './centredSet.ts';

/** Options of `ckaLoss`. */
export interface CkaLossOptions {
  /**
   * Compares U-centred Gram matrices, whose inner product estimates HSIC without bias. For batches of less than ten samples
   * for each feature, where plain CKA is near 1 whatever the features are. Needs at least four samples. Default false.
   */
  readonly debiased?: boolean;
}

/**
 * One minus linear CKA: the student's features of a batch are the teacher's up to rotation and scale.
 *
 * With K = X·Xᵀ of the student's centred features and L of the teacher's,
 *
 *     1 − ⟨K, L⟩/(|K|·|L|)        gradient in X   −2·(L/(|K|·|L|) − CKA·K/|K|²)·X
 *
 * It is computed as half the squared distance of K/|K| and L/|L|, which keeps its digits near 0. Constant features on either
 * side (debiased: or such as centring leaves nothing of, all samples but one equal, or a mask's fewer than four): loss 1,
 * gradient 0. The matrices are [batch, batch].
 *
 * Inputs: `studentFeatures` and `teacherFeatures` [batch, ...], each of a size of its own; optional `mask` [batch], 0 for
 * samples that are to be left out, whatever they hold. Value: a scalar in [0, 1], in [0, 2] where debiased. Only
 * `studentFeatures` gets a gradient.
 *
 * @throws RangeError for an unknown option; TypeError for fewer than four samples where debiased.
 * @example
 * const studentFeatures = [[0, 0], [3, 4], [6, 0]];
 * const teacherFeatures = [[0, 0], [1, 0], [0, 1]];
 * const { value } = evaluate(ckaLoss(), { studentFeatures, teacherFeatures }); // 0.1889
 * @see Kornblith, Norouzi, Lee, Hinton: Similarity of neural network representations revisited (2019), arXiv 1905.00414
 */
// @__NO_SIDE_EFFECTS__
export function ckaLoss(
  options: CkaLossOptions = {},
): Loss<'studentFeatures' | 'teacherFeatures', 'studentFeatures', 'mask'> {
  const { debiased } = readOptions('ckaLoss', options, { debiased: flag(false) });

  return setLoss({
    name: 'ckaLoss',
    reference: ckaLoss,
    options: { debiased },
    ...(debiased ? { least: { samples: 4, hint: 'Without bias, HSIC needs four.' } } : {}),

    value(backend, { student, teacher, counts, size }) {
      const flatGram = (centred: typeof student): typeof student => {
        const [batch = 1] = backend.shapeOf(centred);
        const gram = backend.matMul(centred, centred, { transposeB: true });
        return backend.reshape(debiased ? hollowCentred(backend, gram, counts, size) : gram, [1, batch * batch]);
      };
      const centred = centredSet(backend, student, counts, size);
      const others = centredSet(backend, teacher, counts, size);
      const [{ directions, lengths }, other] = unitRowPair(backend, flatGram(centred), flatGram(others));
      const apart = backend.subtract(directions, other.directions);
      // Of all of it, so that a NaN shows beside constant features too.
      const half = backend.multiply(backend.sum(backend.multiply(apart, apart)), backend.scalar(0.5));
      const differences = backend.where(other.lengths, apart, backend.scalar(0));
      const comparable = backend.reshape(backend.multiply(lengths, other.lengths), []);
      return { value: backend.where(comparable, half, backend.scalar(1)), centred, directions, lengths, differences };
    },

    gradient(backend, { centred, directions, lengths, differences }, upstream) {
      const [batch = 1] = backend.shapeOf(centred);
      const inGram = backend.reshape(unitRowsGradient(backend, { directions, lengths }, differences), [batch, batch]);
      return backend.matMul(backend.multiply(inGram, backend.multiply(upstream, backend.scalar(2))), centred);
    },
  });
}

/**
 * The share of a hollow Gram matrix's squares that its rounding may leave where centring takes all of it away: of samples that are
 * all equal but one, say.
 */
const roundingShare = { single: 1e-11, double: 1e-28 };

/** A Gram matrix with zero diagonal, and off it without the row and column means that leave every row sum at 0. */
function hollowCentred<T>(backend: Backend<T>, gram: T, counts: T | undefined, size: T): T {
  const [batch = 1] = backend.shapeOf(gram);
  const offDiagonal = backend.subtract(backend.scalar(1), identity(backend, batch));
  const hollow = backend.multiply(gram, offDiagonal);
  const less = (count: number): T => backend.maximum(backend.subtract(size, backend.scalar(count)), backend.scalar(1));
  const rows = backend.divide(backend.sum(hollow, { axis: 1, keepDims: true }), less(2));
  const half = backend.divide(backend.sum(rows), backend.multiply(backend.scalar(2), less(1)));
  const means = backend.subtract(rows, half);
  const centred = backend.subtract(backend.subtract(hollow, means), backend.transpose(means));
  // Of three samples nothing is left, but rounding would be.
  const enough = backend.greater(size, backend.scalar(3));
  const counted = ofPairs(backend, counts, backend.multiply(centred, offDiagonal));
  const isRounding = backend.greater(
    backend.multiply(sumOfSquares(backend, hollow), byPrecision(backend, roundingShare)),
    sumOfSquares(backend, counted),
  );
  // A product, not a choice: a NaN shows, however few the samples are.
  return backend.multiply(backend.where(isRounding, backend.scalar(0), counted), enough);
}

function sumOfSquares<T>(backend: Backend<T>, x: T): T {
  return backend.sum(backend.multiply(x, x));
}
