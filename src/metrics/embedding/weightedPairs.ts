/** The pairs of a matrix of dissimilarities, which of them are known, and what each counts. */
import { rangeError, shapeError } from '../../check.ts';
import { type TensorLike, toHostTensor } from '../../tensor.ts';
import { type SquareMatrix, squareMatrix } from './squareMatrix.ts';

const where = 'multidimensionalScaling';

/** A matrix whose pairs that do not count are 0, and the pairs' weights; undefined where all count alike. */
interface WeightedPairs {
  readonly given: SquareMatrix;
  readonly weights: Float64Array | undefined;
}

/** Reads dissimilarities, leaving out what is missing or has no weight. */
export function weightedPairs(
  dissimilarities: TensorLike,
  {
    weights,
    missing,
    method,
  }: { readonly weights?: TensorLike; readonly missing: 'throw' | 'skip'; readonly method: string },
): WeightedPairs {
  const { data, shape } = toHostTensor(dissimilarities, where, 'dissimilarities');
  const own = weights === undefined ? undefined : squareMatrix(where, 'weights', weights);
  if (own !== undefined && own.data.length !== data.length) {
    throw shapeError(where, 'weights', 'as the dissimilarities', [own.size, own.size]);
  }
  const size = shape[0] ?? 0;
  // The same pair from its two sides: an answer from one of them is an answer.
  const mirror = (at: number) => (at % size) * size + Math.floor(at / size);
  const isSquare = shape.length === 2 && shape[1] === size;
  const isLeftOut = (at: number): boolean =>
    own?.data[at] === 0 || (missing === 'skip' && Number.isNaN(data[at]!) && Number.isNaN(data[mirror(at)]!));
  const filled = Float64Array.from(data, (value, at) => {
    if (!isSquare || Math.floor(at / size) === at % size) return value;
    if (isLeftOut(at)) return 0;
    return missing === 'skip' && Number.isNaN(value) ? data[mirror(at)]! : value;
  });
  const given = squareMatrix(where, 'dissimilarities', { data: filled, shape });
  const negative = own?.data.find((weight) => weight < 0);
  if (negative !== undefined) throw rangeError(where, 'weights', 'at least 0', negative);
  if (own === undefined && !(missing === 'skip' && data.some(Number.isNaN))) return { given, weights: undefined };
  if (method === 'classical') {
    throw rangeError(
      where,
      'method',
      "'smacof' with weights or missing pairs",
      method,
      'Eigenvectors take all pairs alike.',
    );
  }
  return { given, weights: upper(size, (at) => (isLeftOut(at) ? 0 : (own?.data[at] ?? 1))) };
}

function upper(size: number, numberAt: (at: number) => number): Float64Array {
  const numbers = new Float64Array((size * (size - 1)) / 2);
  let pair = 0;
  for (let row = 0; row < size; row++) {
    for (let column = row + 1; column < size; column++) numbers[pair++] = numberAt(row * size + column);
  }
  return numbers;
}

/** The entries above the diagonal, row by row; refuses what is no dissimilarity. */
export function pairsOf({ data, size }: SquareMatrix): Float64Array {
  const pairs = new Float64Array((size * (size - 1)) / 2);
  let largest = 0;
  for (const value of data) {
    if (value < 0) throw rangeError(where, 'dissimilarities', 'at least 0', value);
    largest = Math.max(largest, value);
  }
  let pair = 0;
  for (let row = 0; row < size; row++) {
    const own = data[row * size + row]!;
    if (own > 1e-5 * largest) {
      throw rangeError(
        where,
        `dissimilarities[${row}][${row}]`,
        '0',
        own,
        'dissimilarity(similarities) turns similarities into dissimilarities.',
      );
    }
    for (let column = row + 1; column < size; column++) pairs[pair++] = data[row * size + column]!;
  }
  return pairs;
}
