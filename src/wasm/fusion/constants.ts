/** Constants that generated code loads: a load is one operation, where engines rebuild a literal vector at every use. */

const floats = {
  // e^r on |r| ≤ ln 2/2, from r⁶ down; 1.5·2²³ + 127, whose addition leaves round(y) + 127 in the low bits; 1/ln 2; ln 2 in
  // two parts, the first of them short; beyond the next two the result is 0 or Infinity; within the last one it is normal.
  exponential: [
    1.382073387503624e-3,
    8.368677459657192e-3,
    4.166826605796814e-2,
    1.666652113199234e-1,
    4.999999403953552e-1,
    1,
    1,
    12583039,
    Math.LOG2E,
    0.693359375,
    -2.1219444e-4,
    -104,
    89,
    87,
  ],
  // e^r on the same interval, shorter (9e-8), from r⁵ down; as above; the least argument of a normal result.
  falling: [
    0.008290273137390614,
    0.04189816117286682,
    0.1666763871908188,
    0.4999914765357971,
    0.9999997019767761,
    1,
    12583039,
    Math.LOG2E,
    0.693359375,
    -2.1219444e-4,
    -87.68312,
  ],
  // 2^f on |f| ≤ ½ (9e-8), from f⁵ down; as above; the least exponent.
  power: [
    1.326941535808146e-3, 9.671296924352646e-3, 5.55071122944355e-2, 2.4022246897220612e-1, 6.931470036506653e-1, 1,
    12583039, -127,
  ],
  // log(1 + f) = f − f²/2 + f³·P(f) on [√½ − 1, √2 − 1], from f⁷ down; −½; ln 2 in two parts; the smallest normal number, 2²³,
  // and 23, the exponent to take back for a denormal one; Infinity, −Infinity, NaN.
  logarithm: [
    -7.636439055204391e-2,
    1.2762217223644257e-1,
    -1.3159610331058502e-1,
    1.4201579988002777e-1,
    -1.66234090924263e-1,
    2.000124156475067e-1,
    -2.500081956386566e-1,
    3.333333134651184e-1,
    -0.5,
    0.693359375,
    -2.1219444e-4,
    1.1754943508222875e-38,
    8388608,
    23,
    Infinity,
    -Infinity,
    NaN,
  ],
} as const;
/** The bits of √½, of the mantissa, and of 1. */
const bits = [0x3f3504f3, 0x007fffff, 0x3f800000] as const;
// log m = 2s·(1 + s²/3 + s⁴/5 + …), s = (m − 1)/(m + 1), on [√½, √2]: 3e-14; twice of each term, from s¹⁴ down. √½; the bits of
// the mantissa; 1.5·2⁵², whose addition makes a whole number of the bits; 1; ln 2; what float32 rounds to 0, and less.
const wide = [
  2 / 15,
  2 / 13,
  2 / 11,
  2 / 9,
  2 / 7,
  2 / 5,
  2 / 3,
  2,
  Math.SQRT1_2,
  2.225073858507201e-308,
  6755399441055744,
  1,
  Math.LN2,
  2 ** -150,
  -(2 ** -150),
  Infinity,
  -Infinity,
  NaN,
] as const;

/** Parts of the constants. */
export type Table = 'exponential' | 'falling' | 'power' | 'logarithm' | 'bits' | 'wide';

const starts: Record<Table, number> = { wide: 0, exponential: 0, falling: 0, power: 0, logarithm: 0, bits: 0 };
let length = wide.length * 8;
for (const name of ['exponential', 'falling', 'power', 'logarithm', 'bits'] as const) {
  starts[name] = length;
  length += (name === 'bits' ? bits : floats[name]).length * 4;
}

/** Bytes of the constants in memory. */
export const tableBytes: number = length;

/** Writes the constants at a pointer that 8 divides. */
export function writeTable(buffer: ArrayBufferLike, pointer: number): void {
  new Float64Array(buffer, pointer, wide.length).set(wide);
  for (const name of ['exponential', 'falling', 'power', 'logarithm'] as const) {
    new Float32Array(buffer, pointer + starts[name], floats[name].length).set(floats[name]);
  }
  new Int32Array(buffer, pointer + starts.bits, bits.length).set(bits);
}

/** Where in memory a constant is. */
export function placeOf(table: number, from: Table, index: number): number {
  return table + starts[from] + index * (from === 'wide' ? 8 : 4);
}
