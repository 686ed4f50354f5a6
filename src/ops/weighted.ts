import type { Backend } from '../backend.ts';

/** weights·values, and 0 where the weight is, whatever the value is there. A weight that is NaN stays NaN. */
export function weighted<T>(backend: Backend<T>, weights: T, values: T): T {
  return backend.where(weights, backend.multiply(weights, values), backend.scalar(0));
}
