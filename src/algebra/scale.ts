/** What every decomposition does first: refuse numbers that are none, and bring the others near 1. */
import { checkAllFinite } from '../check.ts';
import type { Room } from './loops.ts';

/** A copy of a matrix near 1, and what brings it back. */
export interface ScaledMatrix {
  readonly work: Float64Array;
  /** A power of two. */
  readonly scale: number;
}

/** Copies a matrix into a room, divided by a power of two near its largest number, so that squares neither overflow nor vanish. */
export function scaledCopy(where: string, { array }: Room, matrix: Float64Array): ScaledMatrix {
  let largest = 0;
  checkAllFinite(where, 'matrix', matrix);
  for (const value of matrix) largest = Math.max(largest, Math.abs(value));
  // Beyond ±1000 the inverse of a power would not be a number.
  const exponent = largest === 0 ? 0 : Math.min(1000, Math.max(-1000, Math.floor(Math.log2(largest))));
  const scale = 2 ** exponent;
  const work = array(matrix.length);
  for (let index = 0; index < matrix.length; index++) work[index] = matrix[index]! / scale;
  return { work, scale };
}
