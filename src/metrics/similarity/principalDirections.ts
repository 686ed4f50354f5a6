/** Principal directions of a set of activations, and how those of two sets lie to each other. */
import { product, type Strided, strided } from '../../algebra/product.ts';
import { roomFor } from '../../algebra/room.ts';
import { symmetricEigen } from '../../algebra/symmetricEigen.ts';
import type { HostStatistic } from '../../metricState.ts';
import { crossProducts } from './crossProducts.ts';
import type { PairForm, PairStatistics, SetStatistics } from './pairSimilarity.ts';

/** Which directions of each set take part. */
export interface KeptDirections {
  /** Directions whose variance is below this share of the largest are noise. */
  readonly tolerance: number;
  /** As many of the others, in the order of their variance, as hold this share of the whole; those of equal variance together. */
  readonly variance: number;
}

/** The leading principal directions of centred activations X = Σ √λ_k·u_k·v_kᵀ. */
export interface PrincipalDirections {
  /** λ_k, descending. */
  readonly variances: Float64Array;
  /** Unit vectors [directions, extent]: v_k where the form is by features, u_k where it is by samples. */
  readonly vectors: Float64Array;
  readonly extent: number;
}

/** The directions of one set that are kept: eigenvectors of its cross-products or of its Gram matrix. */
export function principalDirections(
  { statistics }: Omit<SetStatistics, 'summary'>,
  form: PairForm,
  { tolerance, variance }: KeptDirections,
): PrincipalDirections {
  const { data, shape } = statistics[form.name === crossProducts.name ? 'products' : 'gram']!;
  const [extent = 0] = shape;
  const { values, vectors } = symmetricEigen(symmetrised(data, extent), extent);
  const largest = values[0]!;
  const total = values.reduce((sum, value) => sum + Math.max(0, value), 0);
  let [kept, held] = [0, 0];
  // Of directions of equal variance any basis would do: they are kept together.
  const coincides = (at: number): boolean => at > 0 && values[at - 1]! - values[at]! <= extent * 2 ** -45 * largest;
  // Rounding may leave the sum just below the whole.
  const lacks = (): boolean => held < variance * total * (1 - 1e-12);
  while (kept < extent && values[kept]! > tolerance * largest && (lacks() || coincides(kept))) held += values[kept++]!;
  return { variances: values.slice(0, kept), vectors: vectors.subarray(0, kept * extent), extent };
}

/** The mean of a matrix and its transpose: products of devices need not be symmetric to the last bit. */
function symmetrised(data: Float64Array, size: number): Float64Array {
  const mean = new Float64Array(data.length);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column <= row; column++) {
      mean[row * size + column] = (data[row * size + column]! + data[column * size + row]!) / 2;
    }
  }
  return mean;
}

/** The dot products of the unit vectors u_k of both sets, [directions of x, directions of y]. */
export function directionCosines({ form, x, y, xy }: PairStatistics<PrincipalDirections>): Float64Array {
  const [own, other] = [x.summary, y.summary];
  const [rows, columns] = [own.variances.length, other.variances.length];
  const others = strided(other.vectors, other.extent, true);
  if (form.name !== crossProducts.name)
    return times(strided(own.vectors, own.extent), others, rows, own.extent, columns);
  // u_k = X·v_k/√λ_k: vᵀ·(XᵀY)·v with both roots taken out.
  const between = turned(own, xy.products!);
  const cosines = times(strided(between, other.extent), others, rows, other.extent, columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      cosines[row * columns + column]! /= Math.sqrt(own.variances[row]!) * Math.sqrt(other.variances[column]!);
    }
  }
  return cosines;
}

/** The directions of x times the cross-products, [directions of x, features of y]. */
function turned({ variances, vectors, extent }: PrincipalDirections, { data, shape }: HostStatistic): Float64Array {
  return times(strided(vectors, extent), strided(data, shape[1]!), variances.length, extent, shape[1]!);
}

function times(a: Strided, b: Strided, rows: number, inner: number, columns: number): Float64Array {
  return product(a, b, rows, inner, columns, false, roomFor);
}
