import { kindError, rangeError } from '../../check.ts';
import { optional, readOptions, word } from '../../options.ts';
import type { TensorLike } from '../../tensor.ts';
import { type SquareMatrix, squareMatrix } from './squareMatrix.ts';

/** Options of `dissimilarity`. */
export interface DissimilarityOptions {
  /**
   * What a plain matrix holds; default `'similarity'`. A result of `similarityMatrix` or `ckaMatrix` says so itself.
   */
  readonly kind?: 'similarity' | 'distance';
}

/** A result that knows what its values are, as `similarityMatrix` and `ckaMatrix` return it. */
export interface KnownMatrix {
  readonly kind: 'similarity' | 'distance';
  readonly value: TensorLike;
}

/** How far a diagonal may be off: rounding of float32, and its root where a distance is one. */
const rounding = { similarity: 1e-5, distance: 5e-3 };

/**
 * Dissimilarities from similarities, (1 − s)/max(1 − s), or from distances, d/max d: in [0, 1], with a zero diagonal.
 *
 * Rounding that leaves a similarity above 1 counts as 1; where all similarities are 1, all dissimilarities are 0.
 *
 * @param matrix What `similarityMatrix` returned, or a symmetric matrix [n, n]: similarities of at most 1, or with
 *   `kind: 'distance'` distances of at least 0.
 * @returns A matrix for `multidimensionalScaling`.
 * @throws RangeError for a similarity that is not finite or above 1, a distance below 0, and for what would be turned inside
 *   out: distances as similarities, where something is less like itself than like others, or similarities as distances.
 *   TypeError for a matrix that is not square.
 * @example
 * const { coordinates } = multidimensionalScaling(dissimilarity([[1, 0.8], [0.8, 1]]));
 * const sameMap = multidimensionalScaling(dissimilarity([[0, 0.3], [0.3, 0]], { kind: 'distance' }));
 * @see Abnar, Dehghani and Zuidema, "Transferring inductive biases through knowledge distillation", 2020, appendix B.
 */
export function dissimilarity(
  matrix: TensorLike | KnownMatrix,
  options: DissimilarityOptions = {},
): readonly (readonly number[])[] {
  const where = 'dissimilarity';
  const asked = readOptions(where, options, { kind: optional(word(['similarity', 'distance'])) }).kind;
  const known = isKnown(matrix) ? matrix : undefined;
  if (known !== undefined && asked !== undefined && asked !== known.kind) {
    throw rangeError(where, 'kind', `'${known.kind}', as the result says`, asked);
  }
  const kind = known?.kind ?? asked ?? 'similarity';
  const square = squareMatrix(where, kind === 'similarity' ? 'similarities' : 'distances', matrixOf(matrix));
  return kind === 'similarity' ? fromSimilarities(square) : fromDistances(square);
}

function isKnown(matrix: TensorLike | KnownMatrix): matrix is KnownMatrix {
  const { kind, value } = (matrix ?? {}) as Partial<KnownMatrix>;
  return value !== undefined && (kind === 'similarity' || kind === 'distance');
}

function matrixOf(matrix: TensorLike | KnownMatrix): TensorLike {
  if (isKnown(matrix)) return matrix.value;
  if ((matrix as { readonly value?: unknown } | null)?.value === undefined) return matrix;
  throw kindError(
    'dissimilarity',
    'matrix',
    'a matrix, or a result with its kind',
    matrix,
    'Pass its value and { kind }.',
  );
}

function fromSimilarities({ data, size }: SquareMatrix): readonly (readonly number[])[] {
  for (const value of data) {
    if (value > 1 + rounding.similarity)
      throw rangeError('dissimilarity', 'similarities', 'at most 1', value, distances);
  }
  for (let row = 0; row < size; row++) {
    const own = data[row * size + row]!;
    const nearest = Math.max(...data.subarray(row * size, (row + 1) * size));
    if (own < nearest - rounding.similarity) {
      const expected = `at least as large at [${row}, ${row}] as in the rest of the row, ${nearest}`;
      throw rangeError('dissimilarity', 'similarities', expected, own, distances);
    }
  }
  return scaled(
    data.map((value) => Math.max(0, 1 - value)),
    size,
  );
}

const distances = "Of distances say so: { kind: 'distance' }.";

function fromDistances({ data, size }: SquareMatrix): readonly (readonly number[])[] {
  const largest = data.reduce((most, value) => Math.max(most, value), 0);
  for (const value of data) {
    if (value < 0) throw rangeError('dissimilarity', 'distances', 'at least 0', value);
  }
  for (let row = 0; row < size; row++) {
    const own = data[row * size + row]!;
    if (own > rounding.distance * largest) {
      const hint = 'Similarities are taken without { kind }.';
      throw rangeError('dissimilarity', `distances[${row}][${row}]`, '0', own, hint);
    }
  }
  return scaled(data, size);
}

/** Over the largest off the diagonal, which becomes 0. */
function scaled(data: Float64Array, size: number): readonly (readonly number[])[] {
  let largest = 0;
  data.forEach((value, index) => {
    if (index % (size + 1) !== 0) largest = Math.max(largest, value);
  });
  const scale = largest > 0 ? largest : 1;
  return Array.from({ length: size }, (_, row) =>
    Array.from({ length: size }, (_, column) => (row === column ? 0 : data[row * size + column]! / scale)),
  );
}
