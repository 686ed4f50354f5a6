/** Bits of a float64's mantissa. */
export const mantissaBits = 52;

/** Cuts a value's mantissa to so many bits, towards 0; infinities stay. */
export function truncation(bits: number): (value: number) => number {
  const number = new Float64Array(1);
  const words = new Uint32Array(number.buffer);
  const [low, high] = littleEndian ? [0, 1] : [1, 0];
  const lowMask = bits > 20 ? (-1 << (mantissaBits - bits)) >>> 0 : 0;
  const highMask = bits >= 20 ? 0xffffffff : (-1 << (20 - bits)) >>> 0;
  return (value) => {
    number[0] = value;
    words[low] = words[low]! & lowMask;
    words[high] = words[high]! & highMask;
    return number[0];
  };
}

/** Whether the lower word of a number comes first in memory. */
export const littleEndian: boolean = /* @__PURE__ */ isLittleEndian();

function isLittleEndian(): boolean {
  return new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
}
