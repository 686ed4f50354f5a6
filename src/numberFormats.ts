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

/** What the typed arrays of this realm inherit from: `DataView` does not, nor do those of another realm. */
const AnyTypedArray = /* @__PURE__ */ Object.getPrototypeOf(Uint8Array) as abstract new () => ArrayBufferView;

/** `'Float32Array'` … for a typed array of any realm, whatever class extends it; undefined for anything else. */
export function typedArrayName(value: unknown): string | undefined {
  const named = Object.getOwnPropertyDescriptor(AnyTypedArray.prototype, Symbol.toStringTag)!.get!;
  return named.call(value) as string | undefined;
}

/** Whether a value is a typed array of this realm, of any element type. */
export function isOwnTypedArray(value: unknown): value is ArrayBufferView {
  return value instanceof AnyTypedArray;
}

/**
 * A typed array of another realm (a frame, `node:vm`, a test runner's) as one of this realm over the same memory: what asks
 * `instanceof Float64Array` would take it for something else. Anything else as it is.
 */
export function inThisRealm(value: unknown): unknown {
  const name = isOwnTypedArray(value) ? undefined : typedArrayName(value);
  if (name === undefined) return value;
  const { buffer, byteOffset, length } = value as Uint8Array;
  const Own = (globalThis as unknown as Record<string, new (...from: unknown[]) => ArrayBufferView>)[name];
  if (Own === undefined) return value;
  return length === 0 ? new Own(0) : new Own(buffer, byteOffset, length);
}

/** What 16-bit integers are said to be the bits of, by the names of ONNX, safetensors and NumPy; undefined where they are integers. */
export function halfFormat(type: unknown): 'float16' | 'bfloat16' | undefined {
  const name = typeof type === 'string' ? type.toLowerCase().replace(/^[<=|]/, '') : undefined;
  if (name === 'float16' || name === 'f16' || name === 'f2' || name === 'half') return 'float16';
  return name === 'bfloat16' || name === 'bf16' ? 'bfloat16' : undefined;
}

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
