import type { Backend } from '../backend.ts';
import { holdsDoubles } from './holdsDoubles.ts';

/** 1 where an element is −Infinity, else 0: 0 for NaN too. */
export function isMinusInfinity<T>(backend: Backend<T>, x: T): T {
  return backend.greater(backend.scalar(holdsDoubles(backend) ? -Number.MAX_VALUE : lowestSingle), x);
}

/** The largest float32 with its sign changed: in float32 only −Infinity lies below it. */
const lowestSingle = -3.4028234663852886e38;
