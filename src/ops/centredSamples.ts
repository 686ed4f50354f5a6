import type { Backend } from '../backend.ts';

/** Samples whose column means were taken out, and those means in two parts. */
export interface CentredSamples<T> {
  /** [n, features], of column mean 0. */
  readonly centred: T;
  /** The first sample, [features]. */
  readonly shift: T;
  /** Column means relative to the first sample, [features]. */
  readonly offset: T;
}

/**
 * Takes the column means out of samples [n, features].
 *
 * The first sample is subtracted before the mean is: a feature around 1000 would lose its variance to float32 otherwise,
 * and a constant feature becomes exactly 0.
 */
export function centredSamples<T>(backend: Backend<T>, samples: T): CentredSamples<T> {
  const [rows = 1, features = 1] = backend.shapeOf(samples);
  const first = backend.gather(samples, backend.fromHost({ data: Int32Array.of(0), shape: [1] }));
  const shifted = backend.subtract(samples, first);
  const offset = backend.divide(backend.sum(shifted, { axis: 0, keepDims: true }), backend.scalar(rows));
  return {
    centred: backend.subtract(shifted, offset),
    shift: backend.reshape(first, [features]),
    offset: backend.reshape(offset, [features]),
  };
}
