/** How precise a backend's numbers are, where they lie in host memory: a number there tells. */
import type { Backend } from '../backend.ts';

type Precision = 'single' | 'double' | 'unknown';

/** What was found: a look at a number may cost a copy, and formulas ask in every step. */
const known = new WeakMap<object, Precision>();

function precisionOf<T>(backend: Backend<T>): Precision {
  let found = known.get(backend);
  if (found === undefined) {
    const held = backend.readSync?.(backend.scalar(1)).data;
    found = held instanceof Float64Array ? 'double' : held instanceof Float32Array ? 'single' : 'unknown';
    known.set(backend, found);
  }
  return found;
}

/** Whether a backend computes in float64. */
export function holdsDoubles<T>(backend: Backend<T>): boolean {
  return precisionOf(backend) === 'double';
}

/** Whether it computes in float32, as far as can be told: a series need not be longer than that asks for. */
export function holdsSingles<T>(backend: Backend<T>): boolean {
  return precisionOf(backend) === 'single';
}
