import { settleBasis } from '../../algebra/settledBasis.ts';
import { type SymmetricEigen, symmetricEigen } from '../../algebra/symmetricEigen.ts';
import { randomNormal } from '../../random.ts';
import type { SquareMatrix } from './squareMatrix.ts';

/** Up to here a full decomposition is quick; above, only the leading directions are sought. */
const LARGEST_DECOMPOSED = 64;

/**
 * Classical scaling: the doubly centred matrix −½J·D²·J is the Gram matrix of points with these distances; its leading
 * eigenvectors times √eigenvalue are their coordinates. Negative eigenvalues (distances of no Euclidean space) count as 0.
 *
 * @returns Coordinates, row-major [n, dimensions].
 * @see Torgerson, "Multidimensional scaling: I", 1952.
 */
export function classicalScaling({ data, size }: SquareMatrix, dimensions: number): Float64Array {
  const gram = centredSquares(data, size);
  const { values, vectors } = size <= LARGEST_DECOMPOSED ? symmetricEigen(gram, size) : leading(gram, size, dimensions);
  // Distances that are all the same, a simplex's, coincide in every direction.
  settleBasis(values, vectors, size, size * 2 ** -45 * Math.abs(values[0]!));
  const coordinates = new Float64Array(size * dimensions);
  for (let axis = 0; axis < Math.min(dimensions, values.length); axis++) {
    const scale = Math.sqrt(Math.max(0, values[axis]!));
    for (let point = 0; point < size; point++)
      coordinates[point * dimensions + axis] = scale * vectors[axis * size + point]!;
  }
  return coordinates;
}

function centredSquares(distances: Float64Array, size: number): Float64Array {
  const gram = distances.map((distance) => -0.5 * distance * distance);
  const means = new Float64Array(size);
  let mean = 0;
  for (let row = 0; row < size; row++) {
    let sum = 0;
    for (let column = 0; column < size; column++) sum += gram[row * size + column]!;
    means[row] = sum / size;
    mean += sum / size / size;
  }
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) gram[row * size + column]! += mean - means[row]! - means[column]!;
  }
  return gram;
}

/**
 * The leading eigenpairs by Lanczos' method with full reorthogonalisation: a few dozen products with the matrix instead of
 * a decomposition of n³ steps.
 */
function leading(gram: Float64Array, size: number, count: number): SymmetricEigen {
  const most = Math.min(size, Math.max(40, 8 * count));
  const basis: Float64Array[] = [];
  const [diagonal, beside]: [number[], number[]] = [[], []];
  const scale = Math.sqrt(gram.reduce((sum, value) => sum + value * value, 0));
  let next: Float64Array = Float64Array.from({ length: size }, (_, index) => randomNormal(0x1a2c05, index));
  scaleTo(next, 1 / lengthOf(next));
  while (basis.length < most && scale > 0) {
    basis.push(next);
    const product = times(gram, size, next);
    diagonal.push(dot(product, next));
    // Twice: one pass leaves what rounding put back.
    for (let pass = 0; pass < 2; pass++) {
      for (const vector of basis) subtractMultiple(product, vector, dot(product, vector));
    }
    const length = lengthOf(product);
    if (length <= 1e-14 * scale) break;
    beside.push(length);
    scaleTo(product, 1 / length);
    next = product;
  }
  const steps = basis.length;
  const reduced = new Float64Array(steps * steps);
  for (let step = 0; step < steps; step++) {
    reduced[step * steps + step] = diagonal[step]!;
    // The lower triangle is the one that is read.
    if (step + 1 < steps) reduced[(step + 1) * steps + step] = beside[step]!;
  }
  const small = symmetricEigen(reduced, steps);
  const found = Math.min(count, steps);
  const vectors = new Float64Array(found * size);
  for (let index = 0; index < found; index++) {
    const vector = vectors.subarray(index * size, (index + 1) * size);
    for (const [step, direction] of basis.entries()) {
      subtractMultiple(vector, direction, -small.vectors[index * steps + step]!);
    }
  }
  return { values: small.values.slice(0, found), vectors };
}

function times(matrix: Float64Array, size: number, v: Float64Array): Float64Array {
  const product = new Float64Array(size);
  for (let row = 0, at = 0; row < size; row++) {
    let sum = 0;
    for (let column = 0; column < size; column++, at++) sum += matrix[at]! * v[column]!;
    product[row] = sum;
  }
  return product;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let index = 0; index < a.length; index++) sum += a[index]! * b[index]!;
  return sum;
}

const lengthOf = (v: Float64Array): number => Math.sqrt(dot(v, v));

function scaleTo(v: Float64Array, factor: number): void {
  for (let index = 0; index < v.length; index++) v[index]! *= factor;
}

function subtractMultiple(v: Float64Array, direction: Float64Array, factor: number): void {
  for (let index = 0; index < v.length; index++) v[index]! -= factor * direction[index]!;
}
