import type { Backend } from '../backend.ts';
import { holdsDoubles } from './holdsDoubles.ts';

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
  const held = holdsDoubles(backend) ? backend.readSync?.(samples).data : undefined;
  if (held instanceof Float64Array) return centredOnHost(backend, held, rows, features);
  const first = backend.gather(samples, backend.fromHost({ data: Int32Array.of(0), shape: [1] }));
  const shifted = backend.subtract(samples, first);
  const offset = backend.divide(backend.sum(shifted, { axis: 0, keepDims: true }), backend.scalar(rows));
  return {
    centred: backend.subtract(shifted, offset),
    shift: backend.reshape(first, [features]),
    offset: backend.reshape(offset, [features]),
  };
}

/** The same steps on doubles in host memory, in two walks and one new matrix. */
function centredOnHost<T>(
  backend: Backend<T>,
  samples: Float64Array,
  rows: number,
  features: number,
): CentredSamples<T> {
  const shift = samples.slice(0, features);
  const offset = new Float64Array(features);
  for (let row = 0, at = 0; row < rows; row++) {
    for (let feature = 0; feature < features; feature++) offset[feature]! += samples[at++]! - shift[feature]!;
  }
  for (let feature = 0; feature < features; feature++) offset[feature]! /= rows;
  const centred = new Float64Array(samples.length);
  for (let row = 0, at = 0; row < rows; row++) {
    for (let feature = 0; feature < features; feature++, at++) {
      centred[at] = samples[at]! - shift[feature]! - offset[feature]!;
    }
  }
  return {
    centred: backend.fromHost({ data: centred, shape: [rows, features] }),
    shift: backend.fromHost({ data: shift, shape: [features] }),
    offset: backend.fromHost({ data: offset, shape: [features] }),
  };
}
