/** The order of the elements along the last axis, by the backend or on the host: the same order either way. */
import type { Backend } from '../backend.ts';
import type { HostTensor } from '../tensor.ts';

/** Positions along the last axis in falling order, [..., n], as `Backend.argSort` states them; int32. */
export function argSortOnHost({ data, shape }: HostTensor): HostTensor {
  const count = shape.at(-1) ?? 1;
  const order = new Int32Array(data.length);
  const keys = Float64Array.from(data, (value) => (Number.isNaN(value) ? Infinity : value));
  for (let start = 0; start < order.length; start += count) {
    const row = order.subarray(start, start + count);
    for (let index = 0; index < count; index++) row[index] = index;
    // ∞ − ∞ is NaN, which is as little as a difference of 0: the positions decide.
    row.sort((a, b) => keys[start + b]! - keys[start + a]! || a - b);
  }
  return { data: order, shape };
}

/**
 * Positions along the last axis in falling order, [..., n]: of equal elements the first comes first; −0 equals 0, NaN equals
 * Infinity. Where the backend has no order of its own and values cannot be read without waiting, every pair is compared: n²
 * numbers a row.
 */
export function argSort<T>(backend: Backend<T>, x: T): T {
  if (backend.argSort) return backend.argSort(x);
  if (backend.readSync) return backend.fromHost(argSortOnHost(backend.readSync(x)));
  return backend.scope(() => orderByRank(backend, x));
}

/** How many elements come before each one is its place. */
function orderByRank<T>(backend: Backend<T>, x: T): T {
  const shape = backend.shapeOf(x);
  const count = shape.at(-1)!;
  const leading = shape.slice(0, -1);
  const keys = withoutNaN(backend, x);
  const own = backend.reshape(keys, [...leading, count, 1]);
  const other = backend.reshape(keys, [...leading, 1, count]);
  const numbers = { data: Float32Array.from({ length: count }, (_, index) => index), shape: [count, 1] };
  const column = backend.fromHost(numbers);
  const earlier = backend.greater(column, backend.reshape(column, [1, count]));
  const before = backend.where(
    backend.greater(other, own),
    backend.scalar(1),
    backend.where(backend.greater(own, other), backend.scalar(0), earlier),
  );
  const places = backend.oneHot(backend.sum(before, { axis: -1 }), count);
  return backend.sum(backend.multiply(places, column), { axis: -2 });
}

/** NaN alone is neither at least −Infinity nor greater than it. */
function withoutNaN<T>(backend: Backend<T>, x: T): T {
  const zero = backend.scalar(0);
  const isNumber = backend.maximum(backend.greater(x, backend.scalar(-1)), backend.greater(zero, x));
  return backend.where(isNumber, x, backend.scalar(Infinity));
}
