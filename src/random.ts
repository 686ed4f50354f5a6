/**
 * A counter-based generator: the draw at (seed, index) is a hash of both, so it does not depend on what was drawn before,
 * on the order, or on the device. Same seed, same draws, on every backend.
 *
 * The hash is the 32-bit finaliser with the constants of Wellons' "lowbias32", applied to index and key in turn; it uses
 * only 32-bit multiplications, shifts and exclusive-ors, which WGSL and WebAssembly have.
 */
import { checkRoom, checkWhole } from './check.ts';

function mix(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** A 32-bit whole number, uniform over [0, 2³²), for a seed and a position (each taken modulo 2³²). */
export function randomBits(seed: number, index: number): number {
  return mix(mix(index + 0x9e3779b9) ^ mix(seed ^ 0x85ebca6b));
}

/** A real number, uniform over [0, 1), with 32 random bits. */
export function randomUniform(seed: number, index: number): number {
  return randomBits(seed, index) / 4294967296;
}

/**
 * A whole number, uniform over [0, bound), for bounds up to 2³²: the high word of bits × bound (Lemire), so no division and
 * no modulo; the bias is below bound/2³².
 */
export function randomBelow(seed: number, index: number, bound: number): number {
  const bits = randomBits(seed, index);
  // Up to 2²¹ the product fits the 53 bits of a double. Beyond, rounding could reach the next whole number, where a device
  // that multiplies whole numbers does not: the halves' products and their sum are exact.
  if (bound <= 2097152) return Math.floor((bits / 4294967296) * bound);
  return Math.floor(((bits >>> 16) * bound + Math.floor(((bits & 0xffff) * bound) / 65536)) / 65536);
}

/** A standard normal number by Box and Muller; uses the positions 2·index and 2·index + 1. */
export function randomNormal(seed: number, index: number): number {
  // 1 − u lies in (0, 1], so that the logarithm is finite.
  const radius = Math.sqrt(-2 * Math.log(1 - randomUniform(seed, 2 * index)));
  return radius * Math.cos(2 * Math.PI * randomUniform(seed, 2 * index + 1));
}

/** A seed for a named or numbered part of the work, so that two parts do not share draws. */
export function deriveSeed(seed: number, part: number): number {
  return randomBits(seed, part ^ 0x5bd1e995);
}

/** A permutation of 0 … length − 1 by Fisher and Yates. */
export function randomPermutation(seed: number, length: number): Int32Array {
  checkWhole('randomPermutation', 'length', length, 0);
  checkRoom('randomPermutation', 'length', length, length);
  const order = Int32Array.from({ length }, (_, index) => index);
  for (let last = length - 1; last > 0; last--) {
    const chosen = randomBelow(seed, last, last + 1);
    const moved = order[last]!;
    order[last] = order[chosen]!;
    order[chosen] = moved;
  }
  return order;
}
