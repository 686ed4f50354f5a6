import type { Backend } from '../backend.ts';
import { minimum } from './minimum.ts';

/** x brought into [lowest, highest], element by element; `highest` wins where the two cross. */
export function clip<T>(backend: Backend<T>, x: T, lowest: T, highest: T): T {
  return minimum(backend, backend.maximum(x, lowest), highest);
}
