/** What small programs of numbers are made of: their kind, tensors of given numbers, a softmax's logarithm. */
import type { Backend, HostTensor } from 'dark-knowledge';

/** A program of some tensors. */
export interface NumberProgram {
  readonly title: string;
  readonly inputs: readonly HostTensor[];
  compute<T>(backend: Backend<T>, inputs: readonly T[]): readonly T[];
}

/** Options of sums and maxima of rows. */
export const along = { axis: -1, keepDims: true };

/** A tensor of the number at each place. */
export function tensor(shape: readonly number[], numberAt: (at: number) => number): HostTensor {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return { shape, data: Float32Array.from({ length: size }, (_, at) => numberAt(at)) };
}

/** Numbers between −2 and 2. */
export const wave = (shape: readonly number[], phase = 0): HostTensor =>
  tensor(shape, (at) => 2 * Math.sin(at * 1.7 + phase));
/** 0, 1, 0, 1, … */
export const everyOther = (shape: readonly number[]): HostTensor => tensor(shape, (at) => at % 2);

/** The backend's own, or its composite. */
export function logSoftmax<T>(b: Backend<T>, x: T): T {
  if (b.logSoftmax) return b.logSoftmax(x);
  const shifted = b.subtract(x, b.max(x, along));
  return b.subtract(shifted, b.log(b.sum(b.exp(shifted), along)));
}
