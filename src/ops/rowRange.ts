import type { Backend } from '../backend.ts';

/** The row numbers start … start + count − 1, [count]. */
export function rowRange<T>(backend: Backend<T>, start: number, count: number): T {
  return backend.fromHost({ data: Int32Array.from({ length: count }, (_, index) => start + index), shape: [count] });
}
