/** Numbers as files and runtimes store them that JavaScript's arithmetic does not hold: 16-bit floats, 64-bit integers. */
import { rangeError } from './check.ts';

/** The typed arrays a host tensor may hold. */
export type TypedArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array;

/** IEEE half-precision bits as float32, exactly. */
export function fromFloat16Bits(bits: Uint16Array): Float32Array {
  return Float32Array.from(bits, (half) => {
    const sign = half >> 15 === 0 ? 1 : -1;
    const exponent = (half >> 10) & 0x1f;
    const fraction = half & 0x3ff;
    if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : Number.NaN;
    return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  });
}

/** bfloat16 bits as float32, exactly: they are its upper half. */
export function fromBfloat16Bits(bits: Uint16Array): Float32Array {
  const words = Uint32Array.from(bits, (half) => half << 16);
  return new Float32Array(words.buffer);
}

/** 64-bit integers as numbers; refuses one beyond 2⁵³, which a number would round. */
export function fromInt64(
  where: string,
  argument: string,
  integers: BigInt64Array | BigUint64Array | readonly bigint[],
): Float64Array {
  const numbers = new Float64Array(integers.length);
  for (let index = 0; index < numbers.length; index++) {
    const value = Number(integers[index]);
    if (!Number.isSafeInteger(value)) {
      throw rangeError(where, `${argument}[${index}]`, 'a whole number below 2⁵³ in size', integers[index]);
    }
    numbers[index] = value;
  }
  return numbers;
}

/** Whether a value is the `Float16Array` of newer engines, which the language level of this library does not know. */
export function isFloat16Array(value: unknown): value is ArrayBufferView & Iterable<number> {
  return ArrayBuffer.isView(value) && Object.prototype.toString.call(value) === '[object Float16Array]';
}

/** Whether a value is an array of 64-bit integers. */
export function isInt64Array(value: unknown): value is BigInt64Array | BigUint64Array {
  return value instanceof BigInt64Array || value instanceof BigUint64Array;
}
