/**
 * The forms of centred kernel alignment by Gram matrices of samples. Of each set there is one n × n matrix, U-centred, and
 * the diagonal of the one that is centred whole: what both alignments, the biased and the debiased one, are made of.
 */
import type { Backend } from '../../backend.ts';
import { type CentredProducts, identity, uCentred, wholeAlignment } from '../../ops/centredGram.ts';
import { centredSamples } from '../../ops/centredSamples.ts';
import { median } from '../../ops/median.ts';
import { squaredLengths } from '../../ops/squaredLengths.ts';
import type { CkaSettings } from './ckaOptions.ts';
import { gaussianGramMark, linearGramMark } from './formMarks.ts';
import type { PairForm, Representation } from './pairSimilarity.ts';

type Kernel = Pick<CkaSettings, 'kernel' | 'bandwidth' | 'median'>;

/** A kernel's matrix, and its diagonal. */
export interface KernelMatrix<T> {
  readonly matrix: T;
  /** [n, 1] */
  readonly diagonal: T;
}

/** exp(−d²/2σ²) of the distances between samples, σ² in units of the median of d². */
function gaussianKernel<T>(
  backend: Backend<T>,
  centred: T,
  squares: T,
  { bandwidth, median: convention }: Kernel,
): KernelMatrix<T> {
  const [size = 1] = backend.shapeOf(centred);
  const distances = squaredDistancesOf(backend, centred, squares);
  const middle = median(backend, distances, convention === 'withoutDiagonal' ? size : 0);
  // A median of 0, where most samples are equal, gives the limit of a narrow kernel: 1 for equal samples, else 0.
  const scaled = backend.divide(distances, backend.multiply(middle, backend.scalar(-2 * bandwidth ** 2)));
  const one = backend.scalar(1);
  return {
    matrix: backend.where(distances, backend.exp(scaled), one),
    diagonal: backend.fromHost({ data: new Float32Array(size).fill(1), shape: [size, 1] }),
  };
}

/** By differences where the backend has them at once, else from the dot products of centred samples. */
function squaredDistancesOf<T>(backend: Backend<T>, centred: T, squares: T): T {
  if (backend.squaredDistances) return backend.squaredDistances(centred);
  const [size = 1] = backend.shapeOf(centred);
  const gram = backend.matMul(centred, centred, { transposeB: true });
  const sums = backend.add(squares, backend.transpose(squares));
  const distances = backend.subtract(sums, backend.multiply(backend.scalar(2), gram));
  const zero = backend.scalar(0);
  return backend.where(identity(backend, size), zero, backend.maximum(distances, zero));
}

/** The kernel of all pairs of centred samples, whose squared lengths are [n, 1]. */
export function kernelMatrix<T>(backend: Backend<T>, centred: T, squares: T, settings: Kernel): KernelMatrix<T> {
  if (settings.kernel === 'rbf') return gaussianKernel(backend, centred, squares, settings);
  return { matrix: backend.matMul(centred, centred, { transposeB: true }), diagonal: squares };
}

function represent<T>(backend: Backend<T>, activations: T, settings: Kernel): Representation<T> {
  const { centred } = centredSamples(backend, activations);
  const squares = squaredLengths(backend, centred);
  // Each step's temporaries go before the next one's come.
  const kernel = backend.scope(() => kernelMatrix(backend, centred, squares, settings));
  const { matrix, diagonal } = backend.scope(() => uCentred(backend, kernel.matrix, kernel.diagonal));
  const trace = backend.sum(diagonal);
  const working = { matrix, diagonal, trace };
  const diagonalSquares = backend.sum(backend.multiply(diagonal, diagonal));
  const own = alignments(backend, backend.shapeOf(matrix)[0]!, {
    hollow: backend.sum(backend.multiply(matrix, matrix)),
    diagonals: diagonalSquares,
    traces: [trace, trace],
  });
  return { statistics: { ...own, trace, diagonalSquares, spread: backend.sum(squares) }, working };
}

/** Both alignments of a pair, over what makes them comparable between batches of different size. */
export function alignments<T>(
  backend: Backend<T>,
  size: number,
  products: CentredProducts<T>,
): { readonly biased: T; readonly debiased: T } {
  const biased = 1 / Math.max(1, size - 1) ** 2;
  const unbiased = size < 4 ? 0 : 1 / (size * (size - 3));
  return {
    biased: backend.multiply(wholeAlignment(backend, size, products), backend.scalar(biased)),
    debiased: backend.multiply(products.hollow, backend.scalar(unbiased)),
  };
}

/** What a debiased alignment varies by where the samples of one set are permuted: |X|²·|Y|²·2/(n(n − 3)). */
export function chanceVariance<T>(backend: Backend<T>, size: number, x: T, y: T): T {
  const factor = size < 4 ? 0 : 2 / (size * (size - 3));
  return backend.multiply(backend.multiply(x, y), backend.scalar(factor));
}

function relate<T>(backend: Backend<T>, x: Representation<T>, y: Representation<T>): Readonly<Record<string, T>> {
  const [a, b] = [x.working, y.working];
  const [size = 1] = backend.shapeOf(a.matrix!);
  const inner = (name: string): T => backend.sum(backend.multiply(a[name]!, b[name]!));
  return {
    ...alignments(backend, size, {
      hollow: inner('matrix'),
      diagonals: inner('diagonal'),
      traces: [a.trace!, b.trace!],
    }),
    chanceVariance: chanceVariance(backend, size, x.statistics.debiased!, y.statistics.debiased!),
  };
}

/** The form of a kernel whose elements grow with some power of the activations. */
function gramForm(name: string, degree: number, mark: object): PairForm<Kernel> {
  const form: PairForm<Kernel> = {
    name,
    markOf: (one) => (one === form ? mark : undefined),
    sets: {
      biased: { shape: [], degree: 2 * degree },
      debiased: { shape: [], degree: 2 * degree },
      trace: { shape: [], degree },
      diagonalSquares: { shape: [], degree: 2 * degree },
      spread: { shape: [], degree: 2 },
    },
    pairs: {
      biased: { shape: [], degree: [degree, degree] },
      debiased: { shape: [], degree: [degree, degree] },
      chanceVariance: { shape: [], degree: [2 * degree, 2 * degree] },
    },
    represent,
    relate,
  };
  return form;
}

/** Dot products of centred samples. */
export const linearGram: PairForm<Kernel> = /* @__PURE__ */ gramForm('gram', 2, linearGramMark);

/** Gaussian kernels of distances, which the scale of the activations does not touch. */
export const gaussianGram: PairForm<Kernel> = /* @__PURE__ */ gramForm('gram', 0, gaussianGramMark);
