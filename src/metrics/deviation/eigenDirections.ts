import { settleBasis } from '../../algebra/settledBasis.ts';
import { symmetricEigen } from '../../algebra/symmetricEigen.ts';
import type { Backend } from '../../backend.ts';
import { checkNotEmpty, checkRank, rangeError } from '../../check.ts';
import type { Metric } from '../../metric.ts';
import { countOf, type HostStatistics, numberOf, scalarStatistic } from '../../metricState.ts';
import { centredSamples } from '../../ops/centredSamples.ts';
import { temperedAndCounted } from '../../ops/unitFactor.ts';
import { readOptions, word } from '../../options.ts';
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
  /** Descending, ≥ 0; exactly 0 where no more than float64's rounding of the largest is left. */
  readonly eigenvalues: Float64Array;
  /**
   * `[features, features]`: row k is the unit vector of the k-th eigenvalue; its element of largest size is positive. Where
   * eigenvalues coincide, as those of 0 do, every basis of their space would do: the first vector is then the one nearest to an
   * axis, the next the nearest to one in what is left, so that the same data give the same directions.
   */
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
 * matrix [features, features], so it streams and merges; it holds the data divided by a power of two, so that neither large
 * nor small numbers leave the range of their squares. Data that are zero (or constant, for the covariance) have rank 0:
 * eigenvalues 0 and directions of no meaning.
 *
 * @throws RangeError for NaN or infinities in the data, and for data so large or so small that their
 *   squares are no numbers.
 * @example
 * const { eigenvalues, directions } = measure(eigenDirections(), { data: [[3, 0], [0, 1]] }); // 9, 1
 * @see Nagarajan, Menon, Bhojanapalli, Mobahi, Kumar: On student-teacher deviations in distillation (2023), section 4, D.3
 */
// @__NO_SIDE_EFFECTS__
export function eigenDirections(
  options: EigenDirectionsOptions = {},
): Metric<'data', Statistic, EigenDirectionsResult> {
  const { matrix } = readOptions('eigenDirections', options, {
    matrix: word(['gram', 'secondMoment', 'covariance'], 'gram'),
  });
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
      const { numbers, factor, invalid } = temperedAndCounted(backend, data);
      const { centred: differences, shift, offset } = centredSamples(backend, numbers);
      const rows = centred ? differences : numbers;
      return {
        count: backend.shapeOf(data)[0]!,
        factor,
        shift,
        offset,
        products: backend.matMul(rows, rows, { transposeA: true }),
        invalid,
      };
    },

    faults: { invalid: { argument: 'data', expected: 'finite', counted: 'NaN or ±Infinity' } },
    state: {
      count: countOf(),
      factor: countOf(),
      shift: numberOf(['features']),
      offset: numberOf(['features']),
      products: numberOf(['features', 'features']),
    },

    merge(first, second) {
      const [one, two] = inOneUnit(first, second);
      const features = one.shift.length;
      const count = one.count + two.count;
      // From the first part's mean to the second's; the same first sample on both sides cancels before it is rounded.
      const step = one.shift.map(
        (shift, feature) => two.shift[feature]! - shift + two.offset[feature]! - one.offset[feature]!,
      );
      // The means' difference adds to products that are centred on each part's own mean.
      const weight = centred ? (one.count * two.count) / count : 0;
      const products = one.products.map((value, index) => {
        const between = step[Math.floor(index / features)]! * step[index % features]!;
        return value + two.products[index]! + weight * between;
      });
      return {
        count: scalarStatistic(count),
        factor: scalarStatistic(one.factor),
        shift: { data: one.shift, shape: [features] },
        offset: {
          data: one.offset.map((offset, feature) => offset + (step[feature]! * two.count) / count),
          shape: [features],
        },
        products: { data: products, shape: [features, features] },
      };
    },

    finish({ count, factor, shift, offset, products }: HostStatistics<Statistic>) {
      const rows = count.data[0]!;
      const divisor = matrix === 'gram' ? 1 : centred ? Math.max(1, rows - 1) : rows;
      const unit = 1 / (factor.data[0]! || 1);
      const mean = shift.data.map((value, feature) => (value + offset.data[feature]!) * unit);
      return { ...decompose(products.data, mean.length, divisor, unit), mean, count: rows };
    },
  };
}

type Statistic = 'count' | 'factor' | 'shift' | 'offset' | 'products';

/** Statistics of a part, over the unit that both parts share. */
interface Part {
  readonly count: number;
  readonly factor: number;
  readonly shift: Float64Array;
  readonly offset: Float64Array;
  readonly products: Float64Array;
}

/** Both parts in the larger of their units; of data that are all 0 every unit is as good. */
function inOneUnit(first: HostStatistics<Statistic>, second: HostStatistics<Statistic>): readonly [Part, Part] {
  const [one, two] = [first.factor.data[0]!, second.factor.data[0]!];
  const factor = one === 0 || two === 0 ? Math.max(one, two) : Math.min(one, two);
  const part = (statistics: HostStatistics<Statistic>, own: number): Part => {
    const share = own === 0 ? 1 : factor / own;
    return {
      count: statistics.count.data[0]!,
      factor,
      shift: statistics.shift.data.map((value) => value * share),
      offset: statistics.offset.data.map((value) => value * share),
      products: statistics.products.data.map((value) => value * share * share),
    };
  };
  return [part(first, one), part(second, two)];
}

function decompose(products: Float64Array, features: number, divisor: number, unit: number) {
  const symmetric = new Float64Array(features * features);
  for (let row = 0; row < features; row++) {
    for (let column = 0; column <= row; column++) {
      // Device products need not be symmetric to the last bit.
      const mean = (products[row * features + column]! + products[column * features + row]!) / 2 / divisor;
      symmetric[row * features + column] = mean;
      symmetric[column * features + row] = mean;
    }
  }
  const { values: computed, vectors } = symmetricEigen(symmetric, features);
  // What rounding leaves of the largest value is none of its own.
  const values = computed.map((value) => (value > features * 2 ** -50 * computed[0]! ? value : 0));
  const eigenvalues = values.map((value) => value * unit * unit);
  const value = eigenvalues[0]!;
  if (values[0]! > 0 && !(value > 0 && value < Infinity)) {
    throw rangeError('eigenDirections', 'data', 'finite, and so their squares', 'data whose squares are no numbers');
  }
  settleBasis(values, vectors, features, features * 2 ** -45 * values[0]!);
  return {
    value,
    eigenvalues,
    directions: { data: vectors, shape: [features, features] },
    rank: values.filter((eigenvalue) => eigenvalue > features * 2 ** -23 * values[0]!).length,
  };
}
