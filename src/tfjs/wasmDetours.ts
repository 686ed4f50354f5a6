/**
 * Ways round tfjs's wasm backend (4.22). Slow kernels, in figures for 2000×1000 elements on one core: a comparison, a
 * maximum or a choice that broadcasts a column takes 250–450 ms where 15–50 ms serve equal shapes and 7 ms an addition
 * that broadcasts; a product with a transposed argument, or of several matrices at once, is a plain loop of 1–2 Gflop/s
 * where copies and plain products reach 14–16. And wrong kernels: see `larger` and `product`.
 */
import * as tf from '@tensorflow/tfjs-core';
import { isSameShape, sizeOf } from '../tensor.ts';
import { productInPieces, short } from './longSums.ts';

/** Multiplications in a product below which the plain loop is the faster one. */
const smallProduct = 32 ** 3;

function onWasm(): boolean {
  return tf.getBackend() === 'wasm';
}

/** On wasm, tensors of one shape; elsewhere the tensors as they are, for the kernel to broadcast. */
export function spread(tensors: readonly tf.Tensor[]): readonly tf.Tensor[] {
  if (!onWasm() || tensors.every(({ shape }) => isSameShape(shape, tensors[0]!.shape))) return tensors;
  const shape = tensors.map((tensor) => tensor.shape).reduce(tf.backend_util.assertAndGetBroadcastShape);
  return tensors.map((tensor) => (isSameShape(tensor.shape, shape) ? tensor : tf.add(tensor, tf.fill(shape, 0))));
}

/** The larger of both, NaN where either is: wasm's kernel drops a NaN on the right. */
export function larger(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  const [left, right] = spread([a, b]) as [tf.Tensor, tf.Tensor];
  const most = tf.maximum(left, right);
  return onWasm() ? tf.where(tf.isNaN(right), right, most) : most;
}

/**
 * The product of the last two axes, either side transposed before.
 *
 * wasm's kernel packs its right side once for each buffer and looks it up by that buffer alone: a second product with
 * another view of it (a reshape, a no-op transpose) silently multiplies by the first one. Hence a buffer of its own, which
 * also takes the packed copy with it when it is freed.
 */
export function product(a: tf.Tensor, b: tf.Tensor, transposeA: boolean, transposeB: boolean): tf.Tensor {
  const inner = a.shape.at(transposeA ? -2 : -1)!;
  const isLong = inner > short && tf.getBackend() === 'cpu';
  if (!onWasm() && !isLong) return tf.matMul(a, b, transposeA, transposeB);
  const left = transposeA ? tf.transpose(a, lastTwoSwapped(a.rank)) : a;
  const right = transposeB ? tf.transpose(b, lastTwoSwapped(b.rank)) : b;
  const [rows = 1, columns = 1] = [left.shape.at(-2), right.shape.at(-1)];
  const batch = left.shape.slice(0, -2);
  const matrices = sizeOf(batch);
  const lefts = tf.reshape<tf.Rank.R3>(left, [matrices, rows, inner]);
  const rights = tf.reshape<tf.Rank.R3>(right, [matrices, inner, columns]);
  const products = productInPieces(lefts, rights, stacked) ?? stacked(lefts, rights, right.dataId === b.dataId);
  return tf.reshape(products, [...batch, rows, columns]);
}

/** Products of stacks of matrices; `isShown`: the buffer of the right side is seen elsewhere too. */
function stacked(lefts: tf.Tensor3D, rights: tf.Tensor3D, isShown = true): tf.Tensor {
  const [matrices, rows, inner] = lefts.shape;
  const columns = rights.shape[2];
  if (matrices === 1) return tf.matMul(lefts, onWasm() && isShown ? tf.add(rights, 0) : rights);
  if (!onWasm() || rows * inner * columns < smallProduct) return tf.matMul(lefts, rights);
  const right = matricesOf(rights);
  return tf.stack(matricesOf(lefts).map((left, matrix) => tf.matMul(left, right[matrix]!)));
}

/** The matrices of a stack, each with a buffer of its own. Not by tf.slice, which copies the whole stack for each of them. */
function matricesOf(stack: tf.Tensor3D): tf.Tensor2D[] {
  const [matrices, rows, columns] = stack.shape;
  const size = rows * columns;
  const numbers = stack.dataSync<'float32'>();
  return Array.from({ length: matrices }, (_, matrix) =>
    tf.tensor2d(numbers.subarray(matrix * size, (matrix + 1) * size), [rows, columns]),
  );
}

/** The permutation that swaps the last two axes. */
export function lastTwoSwapped(rank: number): number[] {
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  return rank < 2 ? axes : [...axes.slice(0, -2), rank - 1, rank - 2];
}
