/**
 * Sums over long axes on tfjs backends that add one float32 after another: tfjs's wasm backend everywhere, its cpu backend
 * in matrix products. 4·10⁶ numbers of 0.1 come to 384 525 there, and a count stops at 2²⁴. Sums of short pieces, then the
 * sum of those, are right to 10⁻⁵ at any length, and no slower.
 */
import * as tf from '@tensorflow/tfjs-core';
import { planReduction } from '../layout.ts';

/** Numbers of a piece. */
const piece = 256;
/** Numbers that are added one after another without much harm. */
export const short = 1024;

/** The sum over axes (none negative, sorted), where tfjs's own would be naive. */
export function sumInPieces(x: tf.Tensor, axes: readonly number[], keepDims: boolean): tf.Tensor {
  const { outer, reduced, inner, shape, permutation } = planReduction(x.shape, axes, keepDims);
  if (reduced <= short) return tf.sum(x, [...axes], keepDims);
  const moved = permutation ? tf.transpose(x, [...permutation]) : x;
  let sums = tf.reshape<tf.Rank.R3>(moved, [outer, reduced, inner]);
  while (sums.shape[1] > short) {
    const pieces = Math.ceil(sums.shape[1] / piece);
    sums = tf.sum(tf.reshape(padded(sums, 1, pieces * piece), [outer, pieces, piece, inner]), 2);
  }
  return tf.reshape(tf.sum(sums, 1), [...shape]);
}

/**
 * The products of stacks [matrices, rows, inner] and [matrices, inner, columns] whose inner axis is cut into pieces;
 * undefined where it is short. `multiply` takes such stacks, with more and smaller matrices.
 */
export function productInPieces(
  a: tf.Tensor3D,
  b: tf.Tensor3D,
  multiply: (a: tf.Tensor3D, b: tf.Tensor3D) => tf.Tensor,
): tf.Tensor | undefined {
  const [matrices, rows, inner] = a.shape;
  const columns = b.shape[2];
  // The products of all pieces together are no larger than the factors.
  const width = Math.max(short, Math.ceil((rows * columns) / Math.max(1, rows + columns)));
  if (inner <= 4 * width) return undefined;
  const pieces = Math.ceil(inner / width);
  const cut = tf.reshape<tf.Rank.R4>(padded(a, 2, pieces * width), [matrices, rows, pieces, width]);
  const left = tf.reshape<tf.Rank.R3>(tf.transpose(cut, [0, 2, 1, 3]), [matrices * pieces, rows, width]);
  const right = tf.reshape<tf.Rank.R3>(padded(b, 1, pieces * width), [matrices * pieces, width, columns]);
  return sumInPieces(tf.reshape(multiply(left, right), [matrices, pieces, rows, columns]), [1], false);
}

/** Zeros after an axis, up to an extent. */
function padded(x: tf.Tensor, axis: number, extent: number): tf.Tensor {
  const missing = extent - x.shape[axis]!;
  return missing === 0
    ? x
    : tf.pad(
        x,
        x.shape.map((_, at) => [0, at === axis ? missing : 0]),
      );
}
