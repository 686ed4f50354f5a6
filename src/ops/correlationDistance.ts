/** 1 − Pearson's correlation, in the form that keeps its digits near 0: half the squared distance of two directions. */
import type { Backend } from '../backend.ts';
import { scale } from './scale.ts';

/** The distances along an axis, and what their gradient needs. A constant side has no direction: distance 1, gradient 0. */
export interface CorrelationDistance<T> {
  /** 1 − r, with the axis kept at extent 1. */
  readonly distance: T;
  /** The first side centred and brought to length 1, or 0 where it is constant. */
  readonly directions: T;
  /** `directions` less those of the second side. */
  readonly apart: T;
  /** The length that the first side had, with the axis kept at extent 1. */
  readonly lengths: T;
}

/** Elements along the axis that count, of any shape that broadcasts to the tensors', and their number. */
export interface CountedElements<T> {
  /** 0 for an element that does not count. */
  readonly mask: T;
  /** At least 1. */
  readonly count: T;
}

/** What softmax and sigmoid may be off, in float32 and in float64, for logits of ordinary size. */
const roundingOf = { single: 2 ** -18, double: 2 ** -46 };

/**
 * 1 − r between two tensors of probabilities along an axis. A side that is constant but for the rounding of its softmax is
 * constant: what is left of it would have a direction, but one of noise.
 */
export function correlationDistance<T>(
  backend: Backend<T>,
  first: T,
  second: T,
  axis: number,
  counted?: CountedElements<T>,
): CorrelationDistance<T> {
  const a = directionsOf(backend, first, axis, counted);
  const b = directionsOf(backend, second, axis, counted);
  const apart = backend.subtract(a.directions, b.directions);
  const squares = backend.sum(backend.multiply(apart, apart), { axis, keepDims: true });
  const both = backend.multiply(a.some, b.some);
  // Squares are at most 4: a NaN on one side shows, even beside a constant one.
  const known = backend.greater(backend.scalar(5), squares);
  const undirected = backend.where(known, backend.scalar(1), squares);
  const distance = backend.where(both, scale(backend, squares, 0.5), undirected);
  return { distance, directions: a.directions, apart, lengths: a.lengths };
}

/** The gradient of the distances in the first side: ((â − b̂) − (1 − r)·â)/‖a‖. */
export function correlationDistanceGradient<T>(
  backend: Backend<T>,
  { distance, directions, apart, lengths }: CorrelationDistance<T>,
): T {
  const tangent = backend.subtract(apart, backend.multiply(distance, directions));
  return backend.where(lengths, backend.divide(tangent, lengths), backend.scalar(0));
}

function directionsOf<T>(backend: Backend<T>, x: T, axis: number, counted: CountedElements<T> | undefined) {
  const kept = { axis, keepDims: true };
  const zero = backend.scalar(0);
  const onlyCounted = (values: T): T => (counted === undefined ? values : backend.where(counted.mask, values, zero));
  // Less its largest element first, a constant side is 0 to the last digit, where the rounding of a mean would leave noise
  // that then gets length 1.
  // An element that does not count must not set what the others are taken less of: 1e-30 less ½ has no digits left.
  const counting = counted === undefined ? x : backend.where(counted.mask, x, backend.scalar(-Infinity));
  const most = backend.max(counting, kept);
  const shifted = onlyCounted(backend.subtract(x, most));
  const count = counted?.count ?? backend.scalar(backend.shapeOf(x).at(axis)!);
  const centred = onlyCounted(backend.subtract(shifted, backend.divide(backend.sum(shifted, kept), count)));
  // Squares of probabilities of 1e-25 would underflow in float32.
  const spread = backend.max(backend.abs(centred), kept);
  // What a device computes in shows in its numbers, where they cannot be read too: float32 has no 1 + 2⁻³⁰.
  const inDoubles = backend.subtract(scale(backend, most, 1 + 2 ** -30), most);
  const noise = backend.where(
    inDoubles,
    scale(backend, most, roundingOf.double),
    scale(backend, most, roundingOf.single),
  );
  // In this order a NaN stays.
  const largest = backend.where(backend.greater(noise, spread), zero, spread);
  const scaled = backend.where(largest, backend.divide(centred, largest), zero);
  const length = backend.sqrt(backend.sum(backend.multiply(scaled, scaled), kept));
  return {
    directions: backend.where(length, backend.divide(scaled, length), zero),
    lengths: backend.multiply(length, largest),
    some: backend.where(length, backend.scalar(1), zero),
  };
}
