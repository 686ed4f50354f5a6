/** Bytes of a kind and byte order to the typed array of a host tensor. */
import type { TypedArray } from '../tensor.ts';
import type { TensorKind } from './kinds.ts';

/** Makes the error for an element that has no exact value here, by its index. */
export type RefuseElement = (index: number, expected: string, got: string) => RangeError;

/**
 * Brings elements to numbers. The buffer is the caller's to give away: where nothing need be widened it becomes the
 * result's, without a copy.
 */
export function decode(
  kind: TensorKind,
  bytes: Uint8Array<ArrayBuffer>,
  elementSize: number,
  bigEndian: boolean,
  refuse: RefuseElement,
): TypedArray {
  const hostIsBigEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 0;
  if (bigEndian !== hostIsBigEndian) swapBytes(bytes, elementSize);
  const { buffer } = bytes;
  switch (kind) {
    case 'bool':
      return checkedBooleans(bytes, refuse);
    case 'int8':
      return new Int8Array(buffer);
    case 'uint8':
      return bytes;
    case 'int16':
      return new Int16Array(buffer);
    case 'uint16':
      return new Uint16Array(buffer);
    case 'int32':
      return new Int32Array(buffer);
    case 'uint32':
      return new Uint32Array(buffer);
    case 'int64':
    case 'uint64':
      return exactIntegers(new Uint32Array(buffer), kind === 'int64', hostIsBigEndian, refuse);
    case 'float16':
      return widenHalves(new Uint16Array(buffer));
    case 'bfloat16':
      return widenBrainFloats(new Uint16Array(buffer));
    case 'float32':
      return new Float32Array(buffer);
    case 'float64':
      return new Float64Array(buffer);
  }
}

const swapWord = (word: number): number =>
  (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);

function swapBytes({ buffer }: Uint8Array<ArrayBuffer>, elementSize: number): void {
  if (elementSize === 2) {
    const halves = new Uint16Array(buffer);
    for (let index = 0; index < halves.length; index++) {
      const half = halves[index]!;
      halves[index] = (half << 8) | (half >>> 8);
    }
  } else if (elementSize === 4) {
    const words = new Uint32Array(buffer);
    for (let index = 0; index < words.length; index++) words[index] = swapWord(words[index]!);
  } else if (elementSize === 8) {
    const words = new Uint32Array(buffer);
    for (let index = 0; index < words.length; index += 2) {
      const first = words[index]!;
      words[index] = swapWord(words[index + 1]!);
      words[index + 1] = swapWord(first);
    }
  }
}

function checkedBooleans(bytes: Uint8Array, refuse: RefuseElement): Uint8Array {
  for (let index = 0; index < bytes.length; index++) {
    if (bytes[index]! > 1) throw refuse(index, '0 or 1', String(bytes[index]));
  }
  return bytes;
}

/** Float64 holds every integer up to 2^53; beyond, neighbours would become one. */
function exactIntegers(words: Uint32Array, signed: boolean, highFirst: boolean, refuse: RefuseElement): Float64Array {
  const integers = new Float64Array(words.length / 2);
  for (let index = 0; index < integers.length; index++) {
    const low = words[2 * index + (highFirst ? 1 : 0)]!;
    const unsignedHigh = words[2 * index + (highFirst ? 0 : 1)]!;
    const high = signed ? unsignedHigh | 0 : unsignedHigh;
    const value = high * 2 ** 32 + low;
    if (!Number.isSafeInteger(value) && (low !== 0 || Math.abs(high) !== 2 ** 21)) {
      throw refuse(index, 'an integer within ±2^53', String(BigInt(high) * 2n ** 32n + BigInt(low)));
    }
    integers[index] = value;
  }
  return integers;
}

function widenHalves(halves: Uint16Array): Float32Array {
  const numbers = new Float32Array(halves.length);
  const words = new Uint32Array(numbers.buffer);
  for (let index = 0; index < halves.length; index++) {
    const half = halves[index]!;
    const magnitude = half & 0x7fff;
    // The exponent's bias goes from 15 to 127; 31, of infinities and NaN, becomes 255; 0 is a multiple of 2^-24.
    if (magnitude < 0x400) numbers[index] = magnitude * 2 ** -24;
    else words[index] = (magnitude << 13) + (magnitude < 0x7c00 ? 112 << 23 : 224 << 23);
    words[index]! |= (half & 0x8000) << 16;
  }
  return numbers;
}

function widenBrainFloats(halves: Uint16Array): Float32Array {
  const words = new Uint32Array(halves.length);
  for (let index = 0; index < halves.length; index++) words[index] = halves[index]! << 16;
  return new Float32Array(words.buffer);
}
