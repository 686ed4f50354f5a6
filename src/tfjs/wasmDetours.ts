/**
 * Ways round tfjs's wasm backend (4.22). Slow kernels, in figures for 2000×1000 elements on one core: a comparison, a
 * maximum or a choice that broadcasts a column takes 250–450 ms where 15–50 ms serve equal shapes and 7 ms an addition
 * that broadcasts; a product with a transposed argument, or of several matrices at once, is a plain loop of 1–2 Gflop/s
 * where copies and plain products reach 14–16. And one wrong kernel, see `product`.
 */
import * as tf from '@tensorflow/tfjs-core';

/** Multiplications in a product below which the plain loop is the faster one. */
const smallProduct = 32 ** 3;

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

/**
 * The product of the last two axes, either side transposed before.
 *
 * wasm's kernel packs its right side once for each buffer and looks it up by that buffer alone: a second product with
 * another view of it (a reshape, a no-op transpose) silently multiplies by the first one. Hence a buffer of its own, which
 * also takes the packed copy with it when it is freed.
 */
export function product(a: tf.Tensor, b: tf.Tensor, transposeA: boolean, transposeB: boolean): tf.Tensor {
  if (!onWasm()) return tf.matMul(a, b, transposeA, transposeB);
  const left = transposeA ? tf.transpose(a, lastTwoSwapped(a.rank)) : a;
  const right = transposeB ? tf.transpose(b, lastTwoSwapped(b.rank)) : b;
  const [rows = 1, inner = 1] = left.shape.slice(-2);
  const [innerOfB = 1, columns = 1] = right.shape.slice(-2);
  const batch = left.shape.slice(0, -2);
  const matrices = batch.reduce((count, extent) => count * extent, 1);
  const plain = inner !== innerOfB || !sameShape(batch, right.shape.slice(0, -2)) || matrices === 0;
  if (plain || (matrices > 1 && rows * inner * columns < smallProduct)) return tf.matMul(left, right);
  if (matrices === 1) return tf.matMul(left, right.dataId === b.dataId ? tf.add(right, 0) : right);
  const lefts = tf.reshape<tf.Rank.R3>(left, [matrices, rows, inner]);
  const rights = tf.reshape<tf.Rank.R3>(right, [matrices, inner, columns]);
  const products = Array.from({ length: matrices }, (_, matrix) =>
    tf.matMul(tf.slice(lefts, [matrix, 0, 0], [1, rows, inner]), tf.slice(rights, [matrix, 0, 0], [1, inner, columns])),
  );
  return tf.reshape(tf.concat(products, 0), [...batch, rows, columns]);
}

/** The permutation that swaps the last two axes. */
export function lastTwoSwapped(rank: number): number[] {
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  return rank < 2 ? axes : [...axes.slice(0, -2), rank - 1, rank - 2];
}
