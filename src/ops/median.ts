import type { Backend } from '../backend.ts';
import { sizeOf } from '../tensor.ts';
import { nthSmallest } from './nthSmallest.ts';

/** The element at `rank` (from 0, ascending) of numbers ≥ 0, by bisection: the contract has no sort. */
function bisect<T>(backend: Backend<T>, x: T, size: number, rank: number): T {
  const half = backend.scalar(0.5);
  const wanted = backend.scalar(size - rank - 0.5);
  let low = backend.scalar(0);
  let high = backend.max(x);
  // 40 halvings leave an interval far below a float32's spacing at the maximum.
  for (let step = 0; step < 40; step++) {
    const middle = backend.multiply(backend.add(low, high), half);
    const tooLow = backend.greater(backend.sum(backend.greater(x, middle)), wanted);
    low = backend.where(tooLow, middle, low);
    high = backend.where(tooLow, high, middle);
  }
  return high;
}

/**
 * The median of all elements, numbers ≥ 0, as a scalar; the mean of the two in the middle where their count is even.
 * Exact where the tensor lives in host memory, to float32 rounding of the maximum on a device.
 *
 * @param skip How many of the smallest elements are left out first.
 */
export function median<T>(backend: Backend<T>, x: T, skip = 0): T {
  const size = sizeOf(backend.shapeOf(x));
  const lower = skip + Math.floor((size - skip - 1) / 2);
  const upper = skip + Math.floor((size - skip) / 2);
  if (backend.readSync !== undefined) {
    const { data } = backend.readSync(x);
    const numbers = data instanceof Float32Array ? data.slice() : Float64Array.from(data);
    const first = nthSmallest(numbers, lower);
    let second = first;
    if (upper > lower) {
      // What stands behind it is no smaller: the next one is the least of that.
      second = numbers[upper]!;
      for (let index = upper + 1; index < size; index++) second = Math.min(second, numbers[index]!);
    }
    return backend.scalar((first + second) / 2);
  }
  const first = bisect(backend, x, size, lower);
  if (upper === lower) return first;
  // The next element is the same where enough are equal, else the least of those above.
  const isAbove = backend.greater(x, first);
  const zero = backend.scalar(0);
  const least = backend.subtract(
    zero,
    backend.max(backend.where(isAbove, backend.subtract(zero, x), backend.scalar(-Infinity))),
  );
  const isNext = backend.greater(backend.sum(isAbove), backend.scalar(size - upper - 0.5));
  const second = backend.where(isNext, least, first);
  return backend.multiply(backend.add(first, second), backend.scalar(0.5));
}
