import type { Backend } from '../backend.ts';

/** 1 where an element is −Infinity, else 0: 0 for NaN too. */
export function isMinusInfinity<T>(backend: Backend<T>, x: T): T {
  return backend.greater(backend.scalar(lowest), x);
}

/** The largest float32 with its sign changed: on every backend only −Infinity lies below it. */
const lowest = -3.4028234663852886e38;
