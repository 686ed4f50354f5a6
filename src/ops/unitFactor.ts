/** Powers of two that bring numbers near 1, so that squares and fourth powers neither overflow nor vanish. */
import type { Backend } from '../backend.ts';
import { holdsDoubles } from './holdsDoubles.ts';

/** The exponents of float32, in which devices compute whose numbers cannot be read at once. */
const lowest = -150;
const highest = 127;

/**
 * What multiplies numbers up to 2^(exponent + 1) in size. The inverse of a power near the end of either range is no normal
 * number of it, or none at all.
 */
function factorOf(exponent: number): number {
  if (exponent >= 127) return 2 ** -Math.max(126, exponent - 1);
  if (exponent < -127 && exponent >= -150) return 2 ** 127;
  return 2 ** Math.min(1023, -exponent);
}

/** Numbers of a size at which they can be squared, and what they have been multiplied with to get there. */
export interface Tempered<T> {
  readonly numbers: T;
  /** A power of two, []; left out for 1. */
  readonly factor?: T;
}

/**
 * Of a largest number between these no fourth power leaves float32, nor the sum of many; nor does that of a difference of two,
 * which is 0 or at least 2⁻²⁴ of it.
 */
const least = 1 / 16;
const most = 32_768;

function isOrdinary(largest: number | undefined): boolean {
  return largest !== undefined && largest >= least && largest <= most;
}

/**
 * A tensor as it is, where its largest number is of ordinary size and can be read: then nobody multiplies. Any other is
 * multiplied by its `unitFactor`.
 */
export function tempered<T>(backend: Backend<T>, x: T): Tempered<T> {
  const largest = backend.max(backend.abs(x));
  if (isOrdinary(backend.readSync?.(largest).data[0])) return { numbers: x };
  const factor = factorOfLargest(backend, largest);
  return { numbers: backend.multiply(x, factor), factor };
}

/** The same where numbers that are NaN or infinite are counted too. */
export function temperedAndCounted<T>(
  backend: Backend<T>,
  x: T,
): Required<Tempered<T>> & Pick<UnitFactor<T>, 'invalid'> {
  if (isOrdinary(largestSize(backend, x))) return { numbers: x, factor: backend.scalar(1), invalid: backend.scalar(0) };
  const { factor, invalid } = unitFactor(backend, x);
  return { numbers: backend.multiply(x, factor), factor, invalid };
}

/** The largest number in size, NaN if there is one; undefined where numbers cannot be read. */
function largestSize<T>(backend: Backend<T>, x: T): number | undefined {
  const held = doublesOf(backend, x);
  if (held === undefined) return backend.readSync?.(backend.max(backend.abs(x))).data[0];
  const { largest, invalid } = lookedThrough(held);
  return invalid === 0 ? largest : Number.NaN;
}

/** A tensor's doubles where they lie in host memory: a look at others may cost a copy, so a number tells which they are. */
function doublesOf<T>(backend: Backend<T>, x: T): Float64Array | undefined {
  const held = holdsDoubles(backend) ? backend.readSync?.(x).data : undefined;
  return held instanceof Float64Array ? held : undefined;
}

function lookedThrough(numbers: Float64Array): { readonly largest: number; readonly invalid: number } {
  let [largest, invalid] = [0, 0];
  for (let index = 0; index < numbers.length; index++) {
    const size = Math.abs(numbers[index]!);
    if (size > largest) largest = size;
    if (!(size < Infinity)) invalid++;
  }
  return { largest, invalid };
}

/** A factor and whether it may be used. */
export interface UnitFactor<T> {
  /** A power of two, []: the largest number times it is about 1. 0 where all numbers are 0. */
  readonly factor: T;
  /** How many of the numbers are NaN or infinite, []. */
  readonly invalid: T;
}

/**
 * The power of two that brings a tensor's largest number into (1, 2] (to 4, or to what is left of it, at the ends of the
 * range). Multiplying by it changes no digit.
 */
export function unitFactor<T>(backend: Backend<T>, x: T): UnitFactor<T> {
  const held = doublesOf(backend, x);
  if (held !== undefined) return unitFactorOnHost(backend, held);
  const sizes = backend.abs(x);
  const largest = backend.max(sizes);
  // A NaN or an infinity among the numbers would be the largest.
  if (Number.isFinite(backend.readSync?.(largest).data[0])) {
    return { factor: factorOfLargest(backend, largest), invalid: backend.scalar(0) };
  }
  // A sum of zeros, which no number of terms can round.
  const invalid = backend.sum(backend.subtract(backend.scalar(1), backend.greater(backend.scalar(Infinity), sizes)));
  // Both in one pass over the numbers.
  backend.settle?.([largest, invalid]);
  return { factor: factorOfLargest(backend, largest), invalid };
}

/** The factor of numbers of which the largest is this one, []. */
function factorOfLargest<T>(backend: Backend<T>, largest: T): T {
  const read = backend.readSync?.(largest).data[0];
  // Of numbers that are none any factor will do.
  if (read !== undefined) return backend.scalar(read > 0 && read < Infinity ? factorOf(exponentBelow(read)) : 0);
  const count = highest - lowest + 1;
  const powers = Float64Array.from({ length: count }, (_, index) => 2 ** (lowest + index));
  const factors = Float64Array.from({ length: count + 1 }, (_, below) =>
    below === 0 ? 0 : factorOf(lowest + below - 1),
  );
  // In float32 the smallest of the powers are 0 and the largest infinite: the number of those below is the same.
  const below = backend.sum(backend.greater(largest, backend.fromHost({ data: powers, shape: [count] })));
  return backend.gather(backend.fromHost({ data: factors, shape: [count + 1] }), below);
}

function unitFactorOnHost<T>(backend: Backend<T>, numbers: Float64Array): UnitFactor<T> {
  const { largest, invalid } = lookedThrough(numbers);
  // Faults are refused when they are read; until then any factor will do.
  const factor = largest === 0 || largest === Infinity ? 0 : factorOf(exponentBelow(largest));
  return { factor: backend.scalar(factor), invalid: backend.scalar(invalid) };
}

/** The largest e with 2^e below a number, which a logarithm may miss by its rounding. */
function exponentBelow(number: number): number {
  const near = Math.max(-1074, Math.floor(Math.log2(number)) - 1);
  return 2 ** (near + 2) < number ? near + 2 : 2 ** (near + 1) < number ? near + 1 : near;
}

/** The factor for plain numbers; 1 where all are 0. */
export function unitFactorOf(numbers: ArrayLike<number>): number {
  let largest = 0;
  for (let index = 0; index < numbers.length; index++) largest = Math.max(largest, Math.abs(numbers[index]!));
  if (!(largest > 0 && largest < Infinity)) return 1;
  return factorOf(Math.ceil(Math.log2(largest)) - 1);
}
