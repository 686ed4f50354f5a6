/** Centred kernel alignment where the samples are matched in other ways: one kernel matrix a set, centred once. */
import { rangeError } from '../../check.ts';
import { centredSamples } from '../../ops/centredSamples.ts';
import { squaredLengths } from '../../ops/squaredLengths.ts';
import { type CentredMatrix, permutationMoments } from './ckaChance.ts';
import type { CkaSettings } from './ckaOptions.ts';
import { kernelMatrix } from './gramAlignment.ts';
import { checkMatrixSamples, matchedSymmetricProduct } from './matchedProduct.ts';
import type { PairForm, Rematching } from './pairSimilarity.ts';

/** The form: the kernel matrix of one batch. */
function kernelForm(kernel: CkaSettings['kernel']): PairForm<CkaSettings> {
  return {
    name: 'kernel',
    sets: { kernel: { shape: ['samples', 'samples'], degree: kernel === 'linear' ? 2 : 0 } },
    pairs: {},
    represent(backend, activations, settings) {
      const { centred } = centredSamples(backend, activations);
      const squares = squaredLengths(backend, centred);
      return { statistics: { kernel: kernelMatrix(backend, centred, squares, settings).matrix }, working: {} };
    },
    relate: () => ({}),
    ofItself: () => ({}),
  };
}

/** K − row means − column means + mean; or, without its diagonal, the means that leave every row sum at 0. */
function centredKernel(kernel: Float64Array, size: number, hollow: boolean): Float64Array {
  const centred = kernel.slice();
  const means = new Float64Array(size);
  for (let row = 0; row < size; row++) {
    if (hollow) centred[row * size + row] = 0;
    for (let column = 0; column < size; column++) means[row]! += centred[row * size + column]!;
  }
  const total = means.reduce((sum, value) => sum + value, 0);
  const half = hollow ? total / (2 * (size - 1)) : total / (2 * size);
  const divisor = hollow ? size - 2 : size;
  for (let row = 0; row < size; row++) means[row] = (means[row]! - half) / divisor;
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const at = row * size + column;
      centred[at] = hollow && row === column ? 0 : centred[at]! - means[row]! - means[column]!;
    }
  }
  return centred;
}

function momentsOf(matrix: Float64Array, size: number): CentredMatrix {
  let [trace, diagonalSquares, square] = [0, 0, 0];
  for (let row = 0; row < size; row++) {
    trace += matrix[row * size + row]!;
    diagonalSquares += matrix[row * size + row]! ** 2;
  }
  for (const value of matrix) square += value * value;
  return { trace, square, diagonalSquares };
}

/** How `cka` serves a permutation test. */
export function ckaRematching({ kernel, debiased, minibatch }: CkaSettings): Rematching<CkaSettings> {
  const isHollow = debiased || minibatch;
  return {
    form: kernelForm(kernel),
    check(extents) {
      checkMatrixSamples(extents);
      if (minibatch) throw rangeError('nullCalibration', "cka's minibatch", 'false', minibatch);
    },
    matchingsOf({ samples, x, y }) {
      if (isHollow && samples < 4) throw rangeError('nullCalibration', 'number of samples', 'at least 4', samples);
      const [own, other] = [x, y].map(({ statistics }) =>
        centredKernel(statistics.kernel!.data, samples, isHollow),
      ) as [Float64Array, Float64Array];
      const [first, second] = [momentsOf(own, samples), momentsOf(other, samples)];
      const norm = Math.sqrt(first.square) * Math.sqrt(second.square);
      const expected = isHollow || norm === 0 ? 0 : permutationMoments(samples, first, second).expected;
      return {
        valueFor: (order) => (norm === 0 ? 0 : matchedSymmetricProduct(own, other, order) / norm),
        expected,
      };
    },
  };
}
