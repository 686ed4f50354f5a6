/** Rotations of neighbouring rows, as a sweep makes them. */
import type { Room } from './loops.ts';

/** Rotations of rows k and k + 1, to c·a + s·b and c·b − s·a, by k. */
export interface Rotations {
  readonly cosines: Float64Array;
  readonly sines: Float64Array;
}

/** Room for the rotations of a sweep over `size` rows. */
export function makeRotations({ array }: Room, size: number): Rotations {
  return { cosines: array(size), sines: array(size) };
}
