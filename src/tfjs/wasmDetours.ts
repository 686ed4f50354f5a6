/**
 * Ways round slow kernels of tfjs's wasm backend (4.22; 2000×1000 elements on one core): a comparison, a maximum or a
 * choice that broadcasts a column takes 250–450 ms where 15–50 ms serve equal shapes and 7 ms an addition that broadcasts;
 * a product with a transposed argument is a plain loop, a tenth as fast as a transposed copy and the product; a sum over
 * leading axes takes 30 times as long as a product with ones.
 */
import * as tf from '@tensorflow/tfjs-core';

function onWasm(): boolean {
  return tf.getBackend() === 'wasm';
}

/** On wasm, tensors of one shape; elsewhere the tensors as they are, for the kernel to broadcast. */
export function spread(tensors: readonly tf.Tensor[]): readonly tf.Tensor[] {
  if (!onWasm() || tensors.every(({ shape }) => sameShape(shape, tensors[0]!.shape))) return tensors;
  const shape = tensors.map((tensor) => tensor.shape).reduce(tf.backend_util.assertAndGetBroadcastShape);
  return tensors.map((tensor) => (sameShape(tensor.shape, shape) ? tensor : tf.add(tensor, tf.fill(shape, 0))));
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis]);
}

/** The product of the last two axes, either side transposed before. */
export function product(a: tf.Tensor, b: tf.Tensor, transposeA: boolean, transposeB: boolean): tf.Tensor {
  if (!onWasm()) return tf.matMul(a, b, transposeA, transposeB);
  return tf.matMul(
    transposeA ? tf.transpose(a, lastTwoSwapped(a.rank)) : a,
    transposeB ? tf.transpose(b, lastTwoSwapped(b.rank)) : b,
  );
}

/** The permutation that swaps the last two axes. */
export function lastTwoSwapped(rank: number): number[] {
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  return rank < 2 ? axes : [...axes.slice(0, -2), rank - 1, rank - 2];
}

/** The sum over axes, all when left out. */
export function total(x: tf.Tensor, axes: number[] | undefined, keepDims: boolean): tf.Tensor {
  const leading = axes?.length ?? x.rank;
  const sumsColumns = onWasm() && leading > 0 && leading < x.rank && axes?.every((axis, index) => axis === index);
  if (!sumsColumns || x.size === 0) return tf.sum(x, axes, keepDims);
  const kept = x.shape.slice(leading);
  const columns = kept.reduce((size, extent) => size * extent, 1);
  const rows = x.size / columns;
  const sums = tf.matMul(tf.fill([1, rows], 1), tf.reshape(x, [rows, columns]));
  return tf.reshape(sums, keepDims ? [...x.shape.slice(0, leading).fill(1), ...kept] : kept);
}
