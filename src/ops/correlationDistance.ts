/** 1 − Pearson's correlation, in the form that keeps its digits near 0: half the squared distance of two directions. */
import type { Backend } from '../backend.ts';
import { byPrecision } from './byPrecision.ts';
import { scale } from './scale.ts';
import { inverseLengths } from './unitRows.ts';

/** The distances along an axis, and what their gradient needs. A constant side has no direction: distance 1, gradient 0. */
export interface CorrelationDistance<T> {
  /** 1 − r, with the axis kept at extent 1. */
  readonly distance: T;
  /** The first side centred and brought to length 1, or 0 where it is constant. */
  readonly directions: T;
  /** `directions` less those of the second side. */
  readonly apart: T;
  /** One over the length that the first side had, or 0, with the axis kept at extent 1. */
  readonly inverse: T;
}

/** Elements along the axis that count, of any shape that broadcasts to the tensors', and their number. */
export interface CountedElements<T> {
  /** 0 for an element that does not count. */
  readonly mask: T;
  /** At least 1. */
  readonly count: T;
}

/** What is there already. */
export interface CorrelationSettings<T> {
  readonly counted?: CountedElements<T> | undefined;
  /** Both sides' means along the axis, which else take a walk over all elements. */
  readonly means?: readonly [T, T] | undefined;
}

/** What softmax and sigmoid may be off, of the mean, in float32 and in float64, for logits of ordinary size. */
const roundingOf = { single: 2 ** -18, double: 2 ** -46 };
/** The largest inverse of a length: sides that are shorter are constant. */
const mostOf = { single: 2 ** 120, double: 2 ** 1000 };

/**
 * 1 − r between two tensors of probabilities along an axis. A side that is constant but for the rounding of its softmax is
 * constant: what is left of it would have a direction, but one of noise.
 */
export function correlationDistance<T>(
  backend: Backend<T>,
  first: T,
  second: T,
  axis: number,
  { counted, means }: CorrelationSettings<T> = {},
): CorrelationDistance<T> {
  const [meanOfFirst, meanOfSecond] = means ?? [first, second].map((x) => meanAlong(backend, x, axis, counted));
  const a = directionsOf(backend, first, axis, meanOfFirst!, counted);
  const b = directionsOf(backend, second, axis, meanOfSecond!, counted);
  const apart = backend.subtract(a.directions, b.directions);
  const squares = backend.sum(backend.multiply(apart, apart), { axis, keepDims: true });
  const both = backend.multiply(a.inverse, b.inverse);
  // Squares are at most 4: a NaN on one side shows, even beside a constant one.
  const known = backend.greater(backend.scalar(5), squares);
  const undirected = backend.where(known, backend.scalar(1), squares);
  const distance = backend.where(both, scale(backend, squares, 0.5), undirected);
  return { distance, directions: a.directions, apart, inverse: a.inverse };
}

/** The gradient of the distances in the first side: ((â − b̂) − (1 − r)·â)/‖a‖. */
export function correlationDistanceGradient<T>(
  backend: Backend<T>,
  { distance, directions, apart, inverse }: CorrelationDistance<T>,
): T {
  return backend.multiply(backend.subtract(apart, backend.multiply(distance, directions)), inverse);
}

/** The mean along an axis, which is kept at extent 1; of the elements that count. */
export function meanAlong<T>(backend: Backend<T>, x: T, axis: number, counted?: CountedElements<T>): T {
  const sum = backend.sum(onlyCounted(backend, x, counted), { axis, keepDims: true });
  return backend.divide(sum, countAlong(backend, x, axis, counted));
}

function countAlong<T>(backend: Backend<T>, x: T, axis: number, counted: CountedElements<T> | undefined): T {
  return counted?.count ?? backend.scalar(backend.shapeOf(x).at(axis)!);
}

function onlyCounted<T>(backend: Backend<T>, x: T, counted: CountedElements<T> | undefined): T {
  return counted === undefined ? x : backend.where(counted.mask, x, backend.scalar(0));
}

function directionsOf<T>(
  backend: Backend<T>,
  x: T,
  axis: number,
  mean: T,
  counted: CountedElements<T> | undefined,
): Pick<CorrelationDistance<T>, 'directions' | 'inverse'> {
  const kept = { axis, keepDims: true };
  const zero = backend.scalar(0);
  const centred = backend.subtract(x, mean);
  // In shares of the mean: squares of probabilities of 1e-25 would underflow in float32, and what is constant shows.
  const perMean = inverseLengths(backend, mean);
  const shares = onlyCounted(backend, backend.multiply(centred, perMean), counted);
  // What the sum was rounded by: little beside the mean, not beside a spread of a thousandth of it.
  const offset = meanAlong(backend, shares, axis, counted);
  const largest = (values: T): T => {
    const counting = counted === undefined ? values : backend.where(counted.mask, values, backend.scalar(-Infinity));
    return backend.max(counting, kept);
  };
  const spread = backend.maximum(
    backend.subtract(largest(shares), offset),
    backend.add(largest(backend.subtract(zero, shares)), offset),
  );
  const squares = backend.subtract(
    backend.sum(backend.multiply(shares, shares), kept),
    backend.multiply(countAlong(backend, x, axis, counted), backend.multiply(offset, offset)),
  );
  const noise = byPrecision(backend, roundingOf);
  // In this order a NaN stays, here and below.
  const length = backend.sqrt(backend.where(backend.greater(noise, spread), zero, backend.maximum(squares, zero)));
  const perLength = backend.where(length, backend.divide(backend.scalar(1), length), zero);
  const product = backend.multiply(perMean, perLength);
  const inverse = backend.where(backend.greater(product, byPrecision(backend, mostOf)), zero, product);
  const away = backend.multiply(offset, perLength);
  return {
    directions: onlyCounted(backend, backend.subtract(backend.multiply(centred, inverse), away), counted),
    inverse,
  };
}
