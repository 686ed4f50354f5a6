/** Reductions as the contract has them, where kernels of tfjs (4.22) differ from it and from one another. */
import * as tf from '@tensorflow/tfjs-core';
import type { ReduceOptions } from '../backend.ts';
import { normaliseAxes, planReduction } from '../layout.ts';
import { sumInPieces } from './longSums.ts';

/** The sum over axes, or all: wasm's kernel adds one number after another. */
export function total(x: tf.Tensor, axis: ReduceOptions['axis'], keepDims: boolean): tf.Tensor {
  const axes = normaliseAxes('tfjsBackend.sum', axis, x.rank);
  if (x.size === 0) return ofNothing(x, axes, keepDims, 0);
  return tf.getBackend() === 'wasm' ? sumInPieces(x, axes, keepDims) : tf.sum(x, [...axes], keepDims);
}

/** The largest element over axes, or all. */
export function largest(x: tf.Tensor, axis: ReduceOptions['axis'], keepDims: boolean): tf.Tensor {
  const axes = normaliseAxes('tfjsBackend.max', axis, x.rank);
  return x.size === 0 ? ofNothing(x, axes, keepDims, -Infinity) : tf.max(x, [...axes], keepDims);
}

/** Over no elements tfjs gives NaN on cpu, what was in memory on wasm, and an error on webgpu. */
function ofNothing(x: tf.Tensor, axes: readonly number[], keepDims: boolean, value: number): tf.Tensor {
  return tf.fill([...planReduction(x.shape, axes, keepDims).shape], value);
}

/**
 * Position of the largest element along the last axis: of equal ones, webgpu's kernel takes any, and tensorflow's passes
 * over a NaN in the first place too.
 */
export function positionOfLargest(x: tf.Tensor): tf.Tensor {
  const onTensorflow = tf.getBackend() === 'tensorflow';
  if (!onTensorflow && tf.getBackend() !== 'webgpu') return tf.argMax(x, -1);
  const classes = x.shape.at(-1) ?? 1;
  const rows = tf.reshape<tf.Rank.R2>(x, [x.size / classes, classes]);
  // A NaN is larger than nothing, but in the first place nothing is larger than it.
  const beginsWithNaN = tf.isNaN(tf.reshape(tf.slice(rows, [0, 0], [rows.shape[0], 1]), [rows.shape[0]]));
  const first = onTensorflow ? tf.argMax(rows, -1) : firstOfLargest(rows);
  return tf.reshape(tf.where(beginsWithNaN, tf.zerosLike(first), first), x.shape.slice(0, -1));
}

/** Position of the first of the largest elements of each row that are no NaN. */
function firstOfLargest(rows: tf.Tensor2D): tf.Tensor {
  const classes = rows.shape[1];
  const numbers = tf.where(tf.isNaN(rows), -Infinity, rows);
  const isLargest = tf.equal(numbers, tf.max(numbers, -1, true));
  return tf.min(tf.where(isLargest, tf.range(0, classes), classes), -1);
}
