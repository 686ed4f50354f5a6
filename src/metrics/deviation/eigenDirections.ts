import { symmetricEigen } from '../../algebra/symmetricEigen.ts';
import type { Backend } from '../../backend.ts';
import { checkNotEmpty, checkOneOf, checkOptions, checkRank, rangeError } from '../../check.ts';
import type { Metric } from '../../metric.ts';
import { countOf, type HostStatistics, numberOf } from '../../metricState.ts';
import { missing } from '../../ops/scoreFaults.ts';
import type { HostTensor } from '../../tensor.ts';

/** Options of `eigenDirections`. */
export interface EigenDirectionsOptions {
  /**
   * Of which matrix: `'gram'`, XᵀX as in the theorem, the default; `'secondMoment'`, XᵀX/n, whose eigenvalues do not grow
   * with the number of rows; `'covariance'`, centred and over n − 1.
   */
  readonly matrix?: 'gram' | 'secondMoment' | 'covariance';
}

/** What `eigenDirections` returns. */
export interface EigenDirectionsResult {
  /** The largest eigenvalue. */
  readonly value: number;
  /** Descending, ≥ 0. */
  readonly eigenvalues: Float64Array;
  /** `[features, features]`: row k is the unit vector of the k-th eigenvalue; its element of largest size is positive. */
  readonly directions: HostTensor;
  /** How many eigenvalues stand out from the roundings of float32: above features·2⁻²³·value. */
  readonly rank: number;
  /** The mean of the data [features]. */
  readonly mean: Float64Array;
  readonly count: number;
}

/**
 * The eigen-directions of data, along which gradient descent converges at different speed: the unit vectors v_k with
 * XᵀX·v_k = λ_k·v_k, or those of the covariance.
 *
 * Input: `data` [rows, features], what the layer sees; `imagePatches` makes rows for a convolution. The state is one
 * matrix [features, features], so it streams and merges. Data that are zero (or constant, for the covariance) have rank 0:
 * eigenvalues 0 and directions of no meaning.
 *
 * @throws RangeError for NaN or infinities in the data.
 * @example
 * const { eigenvalues, directions } = measure(eigenDirections(), { data: [[3, 0], [0, 1]] }); // 9, 1
 * @see Nagarajan, Menon, Bhojanapalli, Mobahi, Kumar: On student-teacher deviations in distillation (2023), section 4, D.3
 */
// @__NO_SIDE_EFFECTS__
export function eigenDirections(
  options: EigenDirectionsOptions = {},
): Metric<'data', 'count' | 'mean' | 'products', EigenDirectionsResult> {
  checkOptions('eigenDirections', options, ['matrix']);
  const { matrix = 'gram' } = options;
  checkOneOf('eigenDirections', 'matrix', matrix, ['gram', 'secondMoment', 'covariance']);
  const centred = matrix === 'covariance';
  return {
    name: 'eigenDirections',
    reference: eigenDirections,
    options: { matrix },
    inputs: ['data'],
    optionalInputs: [],

    check(backend, { data }) {
      const shape = backend.shapeOf(data);
      checkRank('eigenDirections', 'data', shape, 2, '[rows, features]');
      checkNotEmpty('eigenDirections', 'data', shape);
    },

    statistics<T>(backend: Backend<T>, { data }: { readonly data: T }) {
      const count = backend.scalar(backend.shapeOf(data)[0]!);
      const mean = backend.divide(backend.sum(data, { axis: 0 }), count);
      const rows = centred ? backend.subtract(data, mean) : data;
      return {
        count,
        mean,
        products: backend.matMul(rows, rows, { transposeA: true }),
        invalid: missing(backend, backend.subtract(data, data)),
      };
    },

    faults: { invalid: { argument: 'data', expected: 'finite', counted: 'NaN or ±Infinity' } },
    state: { count: countOf(), mean: numberOf(['features']), products: numberOf(['features', 'features']) },

    merge(first, second) {
      const [firstCount, secondCount] = [first.count.data[0]!, second.count.data[0]!];
      const features = first.mean.data.length;
      const count = firstCount + secondCount;
      const difference = second.mean.data.map((value, feature) => value - first.mean.data[feature]!);
      // The means' difference adds to products that are centred on each part's own mean.
      const factor = centred ? (firstCount * secondCount) / count : 0;
      const products = first.products.data.map((value, index) => {
        const between = difference[Math.floor(index / features)]! * difference[index % features]!;
        return value + second.products.data[index]! + factor * between;
      });
      const statistic = (data: Float64Array, shape: readonly number[]) => ({ data, shape });
      return {
        count: statistic(Float64Array.of(count), []),
        mean: statistic(
          first.mean.data.map((value, feature) => value + (difference[feature]! * secondCount) / count),
          [features],
        ),
        products: statistic(products, [features, features]),
      };
    },

    finish({ count, mean, products }: HostStatistics<'count' | 'mean' | 'products'>) {
      const rows = count.data[0]!;
      const divisor = matrix === 'gram' ? 1 : centred ? Math.max(1, rows - 1) : rows;
      const features = mean.data.length;
      return { ...decompose(products.data, features, divisor), mean: mean.data, count: rows };
    },
  };
}

function decompose(products: Float64Array, features: number, divisor: number) {
  if (!products.every(Number.isFinite)) {
    throw rangeError('eigenDirections', 'data', 'finite, and so their squares', 'a product that is not');
  }
  const symmetric = new Float64Array(features * features);
  for (let row = 0; row < features; row++) {
    for (let column = 0; column <= row; column++) {
      // Device products need not be symmetric to the last bit.
      const mean = (products[row * features + column]! + products[column * features + row]!) / 2 / divisor;
      symmetric[row * features + column] = mean;
      symmetric[column * features + row] = mean;
    }
  }
  const { values, vectors } = symmetricEigen(symmetric, features);
  const eigenvalues = values.map((value) => Math.max(0, value));
  for (let rank = 0; rank < features; rank++) {
    const direction = vectors.subarray(rank * features, (rank + 1) * features);
    const largest = direction.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0);
    if (largest < 0)
      direction.forEach((value, feature) => {
        direction[feature] = -value;
      });
  }
  const value = eigenvalues[0]!;
  return {
    value,
    eigenvalues,
    directions: { data: vectors, shape: [features, features] },
    rank: eigenvalues.filter((eigenvalue) => eigenvalue > features * 2 ** -23 * value).length,
  };
}
