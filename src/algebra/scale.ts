/** What every decomposition does first: refuse numbers that are none, and bring the others near 1. */
import { rangeError } from '../check.ts';

/** A copy of a matrix near 1, and what brings it back. */
export interface ScaledMatrix {
  readonly work: Float64Array;
  /** A power of two. */
  readonly scale: number;
}

/** Copies a matrix, divided by a power of two near its largest number, so that squares neither overflow nor vanish. */
export function scaledCopy(where: string, matrix: Float64Array): ScaledMatrix {
  let largest = 0;
  for (const value of matrix) {
    if (!Number.isFinite(value)) throw rangeError(where, 'matrix', 'finite everywhere', value);
    largest = Math.max(largest, Math.abs(value));
  }
  // Beyond ±1000 the inverse of a power would not be a number.
  const exponent = largest === 0 ? 0 : Math.min(1000, Math.max(-1000, Math.floor(Math.log2(largest))));
  const scale = 2 ** exponent;
  return { work: matrix.map((value) => value / scale), scale };
}
