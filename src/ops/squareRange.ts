import type { Backend } from '../backend.ts';
import { holdsDoubles } from './holdsDoubles.ts';

/** Within which sums of squares keep their digits, and what brings numbers there whose squares leave it. */
export interface SquareRange {
  /** A sum below it may have lost terms. */
  readonly lowest: number;
  /** A sum above it may have overflowed. */
  readonly highest: number;
  /** A power of two: times it the numbers of a sum that is too low have one within, down to the smallest of the format. */
  readonly up: number;
  /** The same for the numbers of a sum that is too high. */
  readonly down: number;
}

// Numbers go from 2^−149 up to 2^128, and from 2^−1074 up to 2^1024; a normal square from 2^−126, and from 2^−1022.
const single: SquareRange = { lowest: 2 ** -80, highest: 2 ** 100, up: 2 ** 100, down: 2 ** -80 };
const double: SquareRange = { lowest: 2 ** -900, highest: 2 ** 900, up: 2 ** 600, down: 2 ** -600 };

/** The range for sums of up to some 2^25 squares on a backend. */
export function squareRange<T>(backend: Backend<T>): SquareRange {
  return holdsDoubles(backend) ? double : single;
}
