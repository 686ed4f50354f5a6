import { product, strided } from '../../algebra/product.ts';
import { settleBasis } from '../../algebra/settledBasis.ts';
import { symmetricEigen } from '../../algebra/symmetricEigen.ts';

/**
 * Moves points to their centre, turns them to their principal axes (largest variance first), and makes the coordinate
 * farthest from 0 positive on each axis, so that a map drawn twice looks the same.
 *
 * @param coordinates Row-major [size, dimensions].
 */
export function oriented(coordinates: Float64Array, size: number, dimensions: number): Float64Array {
  const centred = coordinates.slice();
  for (let axis = 0; axis < dimensions; axis++) {
    let mean = 0;
    for (let point = 0; point < size; point++) mean += coordinates[point * dimensions + axis]! / size;
    for (let point = 0; point < size; point++) centred[point * dimensions + axis]! -= mean;
  }
  const turned = onAxes(centred, size, dimensions);
  for (let axis = 0; axis < dimensions; axis++) {
    const sign = signOf(turned, size, dimensions, axis);
    for (let point = 0; point < size; point++) turned[point * dimensions + axis]! *= sign;
  }
  return turned;
}

function onAxes(centred: Float64Array, size: number, dimensions: number): Float64Array {
  const points = strided(centred, dimensions);
  const scatter = product(strided(centred, dimensions, true), points, dimensions, size, dimensions);
  const { values, vectors } = symmetricEigen(scatter, dimensions);
  // Points as wide along one axis as along another, a square's, have no principal axes: they are left as they lie.
  settleBasis(values, vectors, dimensions, 2 ** -26 * values[0]!);
  return product(points, strided(vectors, dimensions, true), size, dimensions, dimensions);
}

function signOf(turned: Float64Array, size: number, dimensions: number, axis: number): number {
  let farthest = 0;
  for (let point = 0; point < size; point++) {
    farthest = Math.max(farthest, Math.abs(turned[point * dimensions + axis]!));
  }
  for (let point = 0; point < size; point++) {
    const value = turned[point * dimensions + axis]!;
    // The first of those that differ by rounding alone.
    if (Math.abs(value) >= farthest * (1 - 1e-6)) return value < 0 ? -1 : 1;
  }
  return 1;
}
