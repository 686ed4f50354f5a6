import type { Backend } from '../backend.ts';

/**
 * The number of NaNs in a tensor, as a scalar: a metric counts them on the device and refuses its input at the end.
 * NaN alone is neither greater than −1 nor less than 0, so two comparisons find it without an `isNaN` in the contract.
 */
export function countNaN<T>(backend: Backend<T>, x: T): T {
  const zero = backend.scalar(0);
  const isNumber = backend.maximum(backend.greater(x, backend.scalar(-1)), backend.greater(zero, x));
  return backend.sum(backend.subtract(backend.scalar(1), isNumber));
}
