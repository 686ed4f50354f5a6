import type { Backend } from '../backend.ts';
import { holdsDoubles } from './holdsDoubles.ts';

/** 1 where an element is −Infinity, else 0: 0 for NaN too. */
export function isMinusInfinity<T>(backend: Backend<T>, x: T): T {
  return backend.greater(backend.scalar(-largestOf(backend)), x);
}

/** The largest finite number that a backend holds: −Infinity alone lies below its negative. */
export function largestOf<T>(backend: Backend<T>): number {
  return holdsDoubles(backend) ? Number.MAX_VALUE : largestSingle;
}

const largestSingle = 3.4028234663852886e38;
