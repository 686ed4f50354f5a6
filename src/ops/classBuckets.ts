/**
 * A prediction over fewer classes: some classes of each row as they are, and the others left out or taken together as one,
 * the tail. Logits stay logits: the tail's is the logarithm of the sum over the classes it holds, so a softmax over the
 * buckets gives the classes' own probabilities and that of the tail, never by 1 − Σ.
 */
import type { Backend } from '../backend.ts';
import { isMinusInfinity } from './isMinusInfinity.ts';
import { scale } from './scale.ts';
import { takeAlong } from './takeAlong.ts';

/**
 * The logits of each row's buckets, [rows, buckets], by the class of each, `indices`: −Infinity for a negative one, an empty
 * bucket, and NaN for one beyond the classes.
 */
export function bucketLogits<T>(backend: Backend<T>, logits: T, indices: T): T {
  return backend.scope(() => {
    const last = backend.scalar(backend.shapeOf(logits)[1]! - 1);
    const empty = backend.greater(backend.scalar(0), indices);
    const taken = backend.where(empty, backend.scalar(-Infinity), takeAlong(backend, logits, indices));
    return backend.where(backend.greater(indices, last), backend.scalar(Number.NaN), taken);
  });
}

/** The tail's logit of each row, [rows, 1]: of all `outside` logits, which are −Infinity for classes that have a bucket. */
export function tailLogits<T>(backend: Backend<T>, outside: T, temperature: number): T {
  return backend.scope(() => {
    const { largest, total } = tailWeights(backend, outside, temperature);
    return backend.add(largest, scale(backend, backend.log(total), temperature));
  });
}

/** The gradient in the outside logits from that in the tail's: each class has its share, classes with a bucket none. */
export function tailGradient<T>(backend: Backend<T>, outside: T, gradient: T, temperature: number): T {
  return backend.scope(() => {
    const { weights, total } = tailWeights(backend, outside, temperature);
    const shares = backend.divide(weights, backend.where(total, total, backend.scalar(1)));
    return backend.multiply(shares, gradient);
  });
}

/**
 * Softened weights of the outside classes beside the largest of them, and their sum, [rows, 1]. The largest comes off before T
 * divides: a tail of one class has that class's logit to the last digit, at any T, and shares add up to 1 however large logits are.
 */
function tailWeights<T>(backend: Backend<T>, outside: T, temperature: number) {
  const row = { axis: -1, keepDims: true };
  const most = backend.max(outside, row);
  // −Infinity less itself is NaN.
  const largest = backend.where(isMinusInfinity(backend, most), backend.scalar(0), most);
  const weights = backend.exp(scale(backend, backend.subtract(outside, largest), 1 / temperature));
  return { largest, weights, total: backend.sum(weights, row) };
}

/** [rows, n] with one more column at the end, [rows, 1]. */
export function appendColumn<T>(backend: Backend<T>, x: T, column: T): T {
  return backend.scope(() => {
    const [rows = 1, width = 1] = backend.shapeOf(x);
    const wider = takeAlong(backend, x, columnNumbers(backend, rows, 0, width + 1));
    return backend.where(lastOf(backend, width + 1), column, wider);
  });
}

/** The last column of [rows, n], [rows, 1]. */
export function lastColumn<T>(backend: Backend<T>, x: T): T {
  const width = backend.shapeOf(x)[1]!;
  return backend.scope(() =>
    backend.sum(backend.where(lastOf(backend, width), x, backend.scalar(0)), { axis: -1, keepDims: true }),
  );
}

/** [1, n], 1 in its last place and 0 before. */
function lastOf<T>(backend: Backend<T>, count: number): T {
  const data = Float32Array.from({ length: count }, (_, at) => Number(at === count - 1));
  return backend.fromHost({ data, shape: [1, count] });
}

/** The whole numbers from `first` on, [rows, count], the same in every row. */
export function columnNumbers<T>(backend: Backend<T>, rows: number, first: number, count: number): T {
  return repeatedRow(
    backend,
    rows,
    Float32Array.from({ length: count }, (_, at) => first + at),
  );
}

/** One row of numbers as every row, [rows, count]. */
export function repeatedRow<T>(backend: Backend<T>, rows: number, numbers: Float32Array): T {
  return backend.scope(() => {
    const row = backend.fromHost({ data: numbers, shape: [1, numbers.length] });
    return backend.add(row, backend.fromHost({ data: new Float32Array(rows), shape: [rows, 1] }));
  });
}
