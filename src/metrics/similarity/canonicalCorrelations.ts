import { EigenvalueDecomposition, Matrix, SingularValueDecomposition } from 'ml-matrix';
import type { HostStatistic } from '../../metricState.ts';
import { type ActivationStatus, activationStatus } from './crossProductSimilarity.ts';
import type { PairStatistics } from './pairSimilarity.ts';

/** A statistic [rows, columns] as a matrix. */
export function matrixOf({ data, shape }: HostStatistic): Matrix {
  const [rows = 0, columns = 0] = shape;
  return new Matrix(Array.from({ length: rows }, (_, row) => data.subarray(row * columns, (row + 1) * columns)));
}

/** Singular values, descending. */
export function singularValues(matrix: Matrix): readonly number[] {
  return new SingularValueDecomposition(matrix, {
    computeLeftSingularVectors: false,
    computeRightSingularVectors: false,
    autoTranspose: true,
  }).diagonal;
}

/** Which directions of each set take part. */
export interface KeptDirections {
  /** Directions whose variance is below this share of the largest are noise. */
  readonly tolerance: number;
  /** As many of the others, in the order of their variance, as hold this share of the whole. */
  readonly variance: number;
}

/** Maps features to uncorrelated directions of unit length, [features, directions]. */
function whitening(products: HostStatistic, { tolerance, variance }: KeptDirections): Matrix {
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(matrixOf(products), {
    assumeSymmetric: true,
  });
  const order = realEigenvalues.map((_, index) => index).sort((a, b) => realEigenvalues[b]! - realEigenvalues[a]!);
  const largest = realEigenvalues[order[0]!]!;
  const total = realEigenvalues.reduce((sum, value) => sum + Math.max(0, value), 0);
  const kept: number[] = [];
  let held = 0;
  for (const index of order) {
    const value = realEigenvalues[index]!;
    // Rounding may leave the sum just below the whole.
    if (value <= tolerance * largest || held >= variance * total * (1 - 1e-12)) break;
    kept.push(index);
    held += value;
  }
  const white = Matrix.zeros(products.shape[0]!, kept.length);
  kept.forEach((index, column) => {
    const scale = 1 / Math.sqrt(realEigenvalues[index]!);
    for (let row = 0; row < white.rows; row++) white.set(row, column, scale * eigenvectorMatrix.get(row, index));
  });
  return white;
}

/** Whether canonical correlations say anything, and why not. */
export type CorrelationStatus = ActivationStatus | 'tooFewSamples';

/** What the measures by canonical correlation return. */
export interface CanonicalCorrelationResult {
  /** The mean of `correlations`, in [0, 1]; 0 where a set is constant. */
  readonly value: number;
  /** One for each direction of the set that has fewer, descending. */
  readonly correlations: readonly number[];
  /** Directions of x that took part. */
  readonly directionsX: number;
  readonly directionsY: number;
  readonly samples: number;
  /**
   * `'tooFewSamples'`: the directions of both sets together outnumber samples − 1, so that some correlations are 1
   * whatever the activations are. `'constantX'`, `'constantY'`, `'constantBoth'`: all samples are equal.
   */
  readonly status: CorrelationStatus;
}

/** Canonical correlations from centred cross-products: the singular values of the whitened XᵀY. */
export function canonicalCorrelations(pair: PairStatistics, kept: KeptDirections): CanonicalCorrelationResult {
  const { samples, x, y, xy } = pair;
  const constant = activationStatus(pair);
  if (constant !== 'ok') {
    return { value: 0, correlations: [], directionsX: 0, directionsY: 0, samples, status: constant };
  }
  const [left, right] = [whitening(x.products!, kept), whitening(y.products!, kept)];
  const whitened = left.transpose().mmul(matrixOf(xy.products!)).mmul(right);
  const correlations = singularValues(whitened)
    .slice(0, Math.min(left.columns, right.columns))
    .map((value) => Math.min(1, value));
  return {
    value: correlations.reduce((sum, value) => sum + value, 0) / correlations.length,
    correlations,
    directionsX: left.columns,
    directionsY: right.columns,
    samples,
    status: left.columns + right.columns > samples - 1 ? 'tooFewSamples' : 'ok',
  };
}

/** The result with x and y exchanged. */
export function mirroredCorrelations(result: CanonicalCorrelationResult): CanonicalCorrelationResult {
  const { directionsX, directionsY, status } = result;
  const exchanged = { constantX: 'constantY', constantY: 'constantX' } as const;
  return {
    ...result,
    directionsX: directionsY,
    directionsY: directionsX,
    status: status === 'constantX' || status === 'constantY' ? exchanged[status] : status,
  };
}
