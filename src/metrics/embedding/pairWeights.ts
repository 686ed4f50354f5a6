/**
 * Pairs of points that count differently, or not at all: the quadratic form Σ w·|x_i − x_j|² of a weighted stress, and its
 * inverse, with which a majorising step moves points to their minimum in one go.
 */
import { product, strided } from '../../algebra/product.ts';
import { roomFor } from '../../algebra/room.ts';
import { symmetricEigen } from '../../algebra/symmetricEigen.ts';
import { rangeError } from '../../check.ts';

/** Weights of the pairs (0, 1), (0, 2), …, (1, 2), …, with the forms over n, so that equal weights of 1 change nothing. */
export interface PairWeights {
  readonly weights: Float64Array;
  /** Writes V x/n, axis by axis: how far each point is from the weighted others. */
  weigh(x: Float64Array, weighed: Float64Array): void;
  /** Writes (V/n)⁺ x. */
  solve(x: Float64Array, solved: Float64Array): void;
}

/** The forms of weights above or equal to 0. */
export function pairWeights(where: string, weights: Float64Array, size: number): PairWeights {
  const form = new Float64Array(size * size);
  let pair = 0;
  for (let i = 0; i < size; i++) {
    for (let j = i + 1; j < size; j++, pair++) {
      const share = weights[pair]! / size;
      form[i * size + j] = form[j * size + i] = -share;
      form[i * size + i]! += share;
      form[j * size + j]! += share;
    }
  }
  const inverse = pseudoInverse(where, form, size);
  const apply = (matrix: Float64Array) => (x: Float64Array, out: Float64Array) => {
    for (let axis = 0; axis < x.length; axis += size) {
      for (let row = 0; row < size; row++) {
        let sum = 0;
        for (let column = 0, at = row * size; column < size; column++, at++) sum += matrix[at]! * x[axis + column]!;
        out[axis + row] = sum;
      }
    }
  };
  return { weights, weigh: apply(form), solve: apply(inverse) };
}

/** Of a form whose null space is the direction in which all points move together, and no other. */
function pseudoInverse(where: string, form: Float64Array, size: number): Float64Array {
  const { values, vectors } = symmetricEigen(form, size);
  const least = 1e-12 * values[0]!;
  const kept = values.filter((value) => value > least).length;
  if (kept < size - 1) {
    const hint = 'Of points that no chain of pairs connects, nothing says where they lie.';
    throw rangeError(
      where,
      'pairs that count',
      'enough to connect all points',
      `${size - kept} groups of points`,
      hint,
    );
  }
  const scaled = vectors.slice(0, kept * size);
  for (let at = 0; at < scaled.length; at++) scaled[at]! /= values[Math.floor(at / size)]!;
  return product(strided(vectors, size, true), strided(scaled, size), size, kept, size, false, roomFor);
}

/**
 * Dissimilarities with those of pairs that do not count replaced by the length of the shortest way over pairs that do: for a
 * classical start alone, which takes all pairs.
 */
export function shortestWays(data: Float64Array, weights: Float64Array, size: number): Float64Array {
  const ways = new Float64Array(size * size);
  let pair = 0;
  let isComplete = true;
  for (let i = 0; i < size; i++) {
    for (let j = i + 1; j < size; j++, pair++) {
      const known = weights[pair]! > 0;
      isComplete &&= known;
      ways[i * size + j] = ways[j * size + i] = known ? data[i * size + j]! : Infinity;
    }
  }
  if (isComplete) return ways;
  const direct = ways.slice();
  for (let over = 0; over < size; over++) {
    for (let i = 0; i < size; i++) {
      const first = ways[i * size + over]!;
      for (let j = 0; j < size; j++) {
        const length = first + ways[over * size + j]!;
        if (length < ways[i * size + j]!) ways[i * size + j] = length;
      }
    }
  }
  // A pair that is known keeps its dissimilarity, even where a detour is shorter.
  return ways.map((way, at) => (direct[at]! < Infinity ? direct[at]! : way));
}
