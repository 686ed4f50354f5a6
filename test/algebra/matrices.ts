/** Matrices that the tests of the algebra draw, and what they check of a decomposition. */
import { readFileSync } from 'node:fs';
import { hostRoom } from '../../src/algebra/hostLoops.ts';
import { laneRoom } from '../../src/algebra/lanes.ts';
import type { MakeRoom } from '../../src/algebra/loops.ts';
import { randomNormal } from '../../src/random.ts';

/** Both kinds of loops, whatever the size of a matrix. */
export const rooms: readonly (readonly [name: string, room: MakeRoom])[] = [
  ['in TypeScript', () => hostRoom],
  ['in WebAssembly', (doubles) => laneRoom(doubles)!],
];

/** A matrix with reference values, by mpmath: see the script of the same name. */
export interface Case {
  readonly name: string;
  readonly matrix: readonly (readonly number[])[];
  readonly values: readonly number[];
}

export const reference = JSON.parse(readFileSync(new URL('../fixtures/algebra.json', import.meta.url), 'utf8')) as {
  readonly symmetric: readonly Case[];
  readonly general: readonly Case[];
};

/** Standard normal numbers. */
export function drawn(seed: number, count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, index) => randomNormal(seed, index));
}

/** A matrix of numbers as one array. */
export const flat = (matrix: readonly (readonly number[])[]): Float64Array => Float64Array.from(matrix.flat());

/** The largest difference of two lists of numbers. */
export function farthest(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  let most = found.length === expected.length ? 0 : Infinity;
  for (let index = 0; index < found.length; index++) {
    const difference = Math.abs(found[index]! - expected[index]!);
    most = difference <= most ? most : difference;
  }
  return most;
}

/** How far rows of `width` numbers are from being orthonormal. */
export function fromOrthonormal(rows: Float64Array, width: number): number {
  const count = rows.length / width;
  let most = 0;
  for (let a = 0; a < count; a++) {
    for (let b = 0; b <= a; b++) {
      let sum = a === b ? -1 : 0;
      for (let column = 0; column < width; column++) sum += rows[a * width + column]! * rows[b * width + column]!;
      most = Math.abs(sum) <= most ? most : Math.abs(sum);
    }
  }
  return most;
}

/** Σ value_k·left_k·right_kᵀ. */
export function assembled(
  values: Float64Array,
  left: Float64Array,
  right: Float64Array,
  rows: number,
  columns: number,
): Float64Array {
  const sum = new Float64Array(rows * columns);
  values.forEach((value, k) => {
    for (let row = 0; row < rows; row++) {
      const scaled = value * left[k * rows + row]!;
      for (let column = 0; column < columns; column++) {
        sum[row * columns + column]! += scaled * right[k * columns + column]!;
      }
    }
  });
  return sum;
}
