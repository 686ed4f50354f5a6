import { rangeError } from '../../check.ts';
import type { TensorLike } from '../../tensor.ts';
import { squareMatrix } from './squareMatrix.ts';

/**
 * Dissimilarities from similarities: (1 − s)/max(1 − s), in [0, 1], with a zero diagonal.
 *
 * Rounding that leaves a similarity above 1 counts as 1; where all similarities are 1, all dissimilarities are 0.
 *
 * @param similarities A symmetric matrix [n, n] of similarities of at most 1, such as `similarityMatrix` returns.
 * @returns A matrix for `multidimensionalScaling`.
 * @throws RangeError for a similarity that is not finite or above 1, TypeError for a matrix that is not square.
 * @example
 * const { coordinates } = multidimensionalScaling(dissimilarity(value));
 * @see Abnar, Dehghani and Zuidema, "Transferring inductive biases through knowledge distillation", 2020, appendix B.
 */
export function dissimilarity(similarities: TensorLike): readonly (readonly number[])[] {
  const { data, size } = squareMatrix('dissimilarity', 'similarities', similarities);
  let largest = 0;
  for (const value of data) {
    if (value > 1 + 1e-5) throw rangeError('dissimilarity', 'similarities', 'at most 1', value);
    largest = Math.max(largest, 1 - value);
  }
  const scale = largest > 0 ? largest : 1;
  return Array.from({ length: size }, (_, row) =>
    Array.from({ length: size }, (_, column) =>
      row === column ? 0 : Math.max(0, 1 - data[row * size + column]!) / scale,
    ),
  );
}
