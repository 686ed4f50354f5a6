import type { Backend } from '../backend.ts';

/** log Σ exp x over the last axis, for finite numbers of any size. */
export function logSumExp<T>(backend: Backend<T>, x: T): T {
  const largest = backend.max(x, { axis: -1, keepDims: true });
  const total = backend.sum(backend.exp(backend.subtract(x, largest)), { axis: -1, keepDims: true });
  const result = backend.add(largest, backend.log(total));
  return backend.reshape(result, backend.shapeOf(x).slice(0, -1));
}
