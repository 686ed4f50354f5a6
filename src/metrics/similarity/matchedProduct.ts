/** Products of two square matrices of samples, of which one's samples are in another order: nothing is copied. */
import { rangeError } from '../../check.ts';
import type { Extents } from './pairSimilarity.ts';

/** Two matrices of so many samples take a quarter of a gigabyte. */
const mostSamples = 4096;

/** Refuses more samples than matrices of them are kept for. */
export function checkMatrixSamples({ samples }: Extents): void {
  if (samples <= mostSamples) return;
  const hint = 'Take a random part of the samples.';
  throw rangeError('nullCalibration', 'number of samples', `at most ${mostSamples}`, samples, hint);
}

/** Σ aᵢⱼ·b₍ₚᵢ₎₍ₚⱼ₎ over all i and j, for row-major matrices [n, n]. */
export function matchedProduct(a: Float64Array, b: Float64Array, order: Int32Array): number {
  const size = order.length;
  let total = 0;
  for (let row = 0; row < size; row++) {
    const [own, other] = [row * size, order[row]! * size];
    let sum = 0;
    for (let column = 0; column < size; column++) sum += a[own + column]! * b[other + order[column]!]!;
    total += sum;
  }
  return total;
}

/** The same for symmetric matrices, from one half of each. */
export function matchedSymmetricProduct(a: Float64Array, b: Float64Array, order: Int32Array): number {
  const size = order.length;
  let [total, diagonal] = [0, 0];
  for (let row = 0; row < size; row++) {
    const [own, other] = [row * size, order[row]! * size];
    let sum = 0;
    for (let column = 0; column < row; column++) sum += a[own + column]! * b[other + order[column]!]!;
    total += sum;
    diagonal += a[own + row]! * b[other + order[row]!]!;
  }
  return 2 * total + diagonal;
}
