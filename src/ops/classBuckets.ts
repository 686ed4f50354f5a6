/**
 * A prediction over fewer classes: some classes of each row as they are, and the others left out or taken together as one,
 * the tail. Logits stay logits: the tail's is the logarithm of the sum over the classes it holds, so a softmax over the
 * buckets gives the classes' own probabilities and that of the tail, never by 1 − Σ.
 */
import type { Backend } from '../backend.ts';
import { isMinusInfinity } from './isMinusInfinity.ts';
import { logSumExp } from './logSumExp.ts';
import { scale } from './scale.ts';
import { takeAlong } from './takeAlong.ts';

/** Which classes have a bucket of their own. */
export interface ClassBuckets<T> {
  /** The class of each bucket, [rows, buckets]; one outside the classes is an empty bucket. */
  readonly indices: T;
  /** Not 0 for each class that has one, [rows, classes] or [1, classes]. */
  readonly inside: T;
}

/** The logits of all classes that have no bucket of their own as one, [rows, 1], at a temperature; −Infinity for none. */
export function tailLogits<T>(backend: Backend<T>, logits: T, inside: T, temperature: number): T {
  return backend.scope(() => {
    const outside = backend.where(inside, backend.scalar(-Infinity), scale(backend, logits, 1 / temperature));
    return scale(backend, logSumExp(backend, outside, true), temperature);
  });
}

/** The logits of each row's buckets, [rows, buckets]; −Infinity for an empty one. */
export function bucketLogits<T>(backend: Backend<T>, logits: T, indices: T): T {
  const empty = backend.greater(backend.scalar(0), indices);
  return backend.where(empty, backend.scalar(-Infinity), takeAlong(backend, logits, indices));
}

/**
 * The gradient in the logits of all classes, [rows, classes], from that in the tail's: each class has its share of the tail.
 * 0 for classes that have a bucket of their own.
 */
export function tailGradient<T>(
  backend: Backend<T>,
  logits: T,
  inside: T,
  tail: T,
  gradient: T,
  temperature: number,
): T {
  return backend.scope(() => {
    const shares = backend.exp(scale(backend, backend.subtract(logits, tail), 1 / temperature));
    const none = backend.maximum(inside, isMinusInfinity(backend, logits));
    return backend.where(none, backend.scalar(0), backend.multiply(shares, gradient));
  });
}

/** [rows, n] with one more column, [rows, 1]. */
export function appendColumn<T>(backend: Backend<T>, x: T, column: T): T {
  return backend.scope(() => {
    const [rows = 1, width = 1] = backend.shapeOf(x);
    const wider = takeAlong(backend, x, columnNumbers(backend, rows, 0, width + 1));
    const last = {
      data: Float32Array.from({ length: width + 1 }, (_, at) => Number(at === width)),
      shape: [1, width + 1],
    };
    return backend.where(backend.fromHost(last), column, wider);
  });
}

/** The whole numbers from `first` on, [rows, count], the same in every row. */
export function columnNumbers<T>(backend: Backend<T>, rows: number, first: number, count: number): T {
  const numbers = Float32Array.from({ length: count }, (_, at) => first + at);
  return repeatedRow(backend, rows, numbers);
}

/** One row of numbers as every row, [rows, count]. */
export function repeatedRow<T>(backend: Backend<T>, rows: number, numbers: Float32Array): T {
  return backend.scope(() => {
    const row = backend.fromHost({ data: numbers, shape: [1, numbers.length] });
    return backend.add(row, backend.fromHost({ data: new Float32Array(rows), shape: [rows, 1] }));
  });
}
