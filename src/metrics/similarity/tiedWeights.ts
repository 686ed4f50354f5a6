/**
 * What each canonical variable holds of the features, in a form that does not depend on the basis where correlations tie.
 *
 * Of m tied correlations the variables are any orthonormal basis of a space of d ≥ m dimensions (d > m only for correlations of
 * 0, which nothing tells from what the other set lacks). A feature whose projection into it has length n has the expected size
 * n·E_d along a direction drawn at random, with
 *
 *     E_d = Γ(d/2)/(√π·Γ((d + 1)/2))
 *
 * so that the mean over all bases of Σ|⟨hᵢ, xⱼ⟩| is n·E_d for each of the m; for d = 1, E is 1 and it is the weight itself.
 */
import { product, strided } from '../../algebra/product.ts';
import { roomFor } from '../../algebra/room.ts';
import type { PrincipalDirections } from './principalDirections.ts';

/** A set's features in its directions. */
export interface FeatureLoadings {
  /** [directions, features]. */
  readonly loadings: Float64Array;
  readonly features: number;
}

/**
 * Correlations up to this far apart are taken as tied: a gap g leaves a rotation of some rounding/g in their variables, so that from
 * here on the weights would be rounding in a part of 1e8.
 */
const gap = 2 ** -26;

/**
 * The weight of each correlation.
 *
 * @param correlations Descending.
 * @param turns The canonical variables in the set's directions, [correlations, directions].
 */
export function tiedWeights(
  correlations: readonly number[],
  turns: Float64Array,
  { variances, loadings, features }: PrincipalDirections & FeatureLoadings,
): readonly number[] {
  const directions = variances.length;
  const count = correlations.length;
  const [own, others] = [strided(turns, directions), strided(loadings, features)];
  const shares = product(own, others, count, directions, features, false, roomFor);
  const weights: number[] = [];
  for (let first = 0; first < count; ) {
    let end = first + 1;
    while (end < count && correlations[end - 1]! - correlations[end]! <= gap) end++;
    const vanishing = end === count && correlations[end - 1]! <= gap;
    const space = vanishing ? directions - first : end - first;
    const lengths =
      space > end - first
        ? remainders(turns.subarray(0, first * directions), shares, loadings, features)
        : lengthsOf(shares.subarray(first * features, end * features), features);
    const weight = lengths.reduce((sum, length) => sum + length, 0) * meanSize(space);
    while (weights.length < end) weights.push(weight);
    first = end;
  }
  return weights;
}

/** The length of each column of a matrix [rows, columns]. */
function lengthsOf(matrix: Float64Array, columns: number): Float64Array {
  return Float64Array.from({ length: columns }, (_, column) => {
    const values = [];
    for (let at = column; at < matrix.length; at += columns) values.push(matrix[at]!);
    return Math.hypot(...values);
  });
}

/** The lengths of the features without their parts along some of the variables. */
function remainders(turns: Float64Array, shares: Float64Array, loadings: Float64Array, features: number): Float64Array {
  const directions = loadings.length / features;
  const rest = loadings.slice();
  for (let variable = 0; variable < turns.length / directions; variable++) {
    for (let direction = 0; direction < directions; direction++) {
      const turn = turns[variable * directions + direction]!;
      for (let feature = 0; feature < features; feature++) {
        rest[direction * features + feature]! -= turn * shares[variable * features + feature]!;
      }
    }
  }
  return lengthsOf(rest, features);
}

/** E_d: the mean size of one coordinate of a unit vector of d dimensions. By E_{d+2} = E_d·d/(d + 1), from 1 and 2/π. */
function meanSize(dimensions: number): number {
  let size = dimensions % 2 === 1 ? 1 : 2 / Math.PI;
  for (let d = dimensions % 2 === 1 ? 1 : 2; d < dimensions; d += 2) size *= d / (d + 1);
  return size;
}
