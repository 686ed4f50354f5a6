import type { Backend } from '../backend.ts';

/** Whether a backend computes in float64: its tensors lie in host memory, and a number there tells. */
export function holdsDoubles<T>(backend: Backend<T>): boolean {
  return backend.readSync?.(backend.scalar(1)).data instanceof Float64Array;
}
