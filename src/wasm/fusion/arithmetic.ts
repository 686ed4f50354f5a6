/** Exponentials and logarithms on vectors, as code: those of `assembly/`, and a logarithm in float64 for numbers of rows. */
import { addLocal, type Code, type Locals } from './assembler.ts';

// Constants that the code loads: a load is one operation, where engines rebuild a literal vector at every use.
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

type Table = keyof typeof floats | 'bits' | 'wide';

const starts = { wide: 0, exponential: 0, falling: 0, power: 0, logarithm: 0, bits: 0 };
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

/** Where the constants are, and whether the engine multiplies and adds in one. */
export interface ArithmeticOptions {
  readonly table: number;
  readonly relaxed: boolean;
}

/** Appends functions of vectors to code: each takes a local, and leaves its result on the stack. */
export interface Arithmetic {
  /** e^x for every float32, within 2 units in the last place. */
  exponential(code: Code, x: number): Code;
  /** e^x for x ≤ 0: relative error 2e-7 however small the result, and exactly 0 below 2^−126.5. */
  fallingExponential(code: Code, x: number): Code;
  /** 2^x for x ≤ 0: relative error 2e-7 beside what rounding x makes, and exactly 0 below 2^−126.5. */
  power(code: Code, x: number): Code;
  /** The natural logarithm for every float32, within 2 units in the last place. */
  logarithm(code: Code, x: number): Code;
  /** The natural logarithm of two float64; of what float32 rounds to 0 it is that of 0. */
  wideLogarithm(code: Code, x: number): Code;
  /** Ones where a mask is set. */
  ones(code: Code): Code;
}

/** Makes them, over one function's locals. */
export function makeArithmetic(locals: Locals, { table, relaxed }: ArithmeticOptions): Arithmetic {
  const fresh = (): number => addLocal(locals, 'v128');
  const constant = (code: Code, from: Table, index: number): Code =>
    from === 'wide'
      ? code.int(0).memory('v128.load64_splat', table + index * 8)
      : code.int(0).memory('v128.load32_splat', table + starts[from] + index * 4);

  /** Σ c·x^k, the constants from the highest power down. */
  function widePolynomial(code: Code, last: number, x: number): void {
    constant(code, 'wide', 0);
    for (let index = 1; index <= last; index++) constant(code.get(x).op('f64x2.mul'), 'wide', index).op('f64x2.add');
  }

  /** a·b + c, of which `then` leaves the last one; a and b are on the stack. */
  function timesPlus(code: Code, then: () => Code): void {
    if (relaxed) then().op('f32x4.relaxed_madd');
    else {
      code.op('f32x4.mul');
      then().op('f32x4.add');
    }
  }

  /** The same in float32, two terms at a time: operations that wait for one another are fewer. */
  function polynomial(code: Code, from: Exclude<Table, 'wide' | 'bits'>, last: number, x: number): void {
    const square = fresh();
    code.get(x).get(x).op('f32x4.mul').set(square);
    const pair = (at: number): Code => {
      constant(code, from, at).get(x);
      timesPlus(code, () => constant(code, from, at + 1));
      return code;
    };
    const odd = last % 2 === 0 ? 1 : 2;
    if (odd === 1) constant(code, from, 0);
    else pair(0);
    for (let at = odd; at < last; at += 2) {
      code.get(square);
      timesPlus(code, () => pair(at));
    }
  }

  return {
    ones: (code) => constant(code, 'bits', 2).op('v128.and'),

    fallingExponential(code, x) {
      const [clamped, shifted, exponent, r] = [fresh(), fresh(), fresh(), fresh()];
      // pmax returns its first argument when it is NaN.
      constant(code.get(x), 'falling', 10).op('f32x4.pmax').tee(clamped);
      constant(code, 'falling', 7).op('f32x4.mul');
      constant(code, 'falling', 6).op('f32x4.add').tee(shifted);
      constant(code, 'falling', 6).op('f32x4.sub').set(exponent);
      code.get(clamped).get(exponent);
      constant(code, 'falling', 8).op('f32x4.mul', 'f32x4.sub').get(exponent);
      constant(code, 'falling', 9).op('f32x4.mul', 'f32x4.sub').set(r);
      polynomial(code, 'falling', 5, r);
      // At the clamp the exponent's bits are 0, and so is the product.
      return code.get(shifted).int(23).op('i32x4.shl', 'f32x4.mul');
    },

    power(code, x) {
      const [clamped, shifted, f] = [fresh(), fresh(), fresh()];
      constant(code.get(x), 'power', 7).op('f32x4.pmax').tee(clamped);
      constant(code, 'power', 6).op('f32x4.add').set(shifted);
      code.get(clamped).get(shifted);
      constant(code, 'power', 6).op('f32x4.sub', 'f32x4.sub').set(f);
      polynomial(code, 'power', 5, f);
      return code.get(shifted).int(23).op('i32x4.shl', 'f32x4.mul');
    },

    exponential(code, x) {
      const [shifted, exponent, r, p, result] = [fresh(), fresh(), fresh(), fresh(), fresh()];
      const power = (of: number): void => {
        constant(code.get(of), 'exponential', 8).op('f32x4.mul');
        constant(code, 'exponential', 7).op('f32x4.add').tee(shifted);
        constant(code, 'exponential', 7).op('f32x4.sub').set(exponent);
        code.get(of).get(exponent);
        constant(code, 'exponential', 9).op('f32x4.mul', 'f32x4.sub').get(exponent);
        constant(code, 'exponential', 10).op('f32x4.mul', 'f32x4.sub').set(r);
        polynomial(code, 'exponential', 6, r);
        code.set(p);
      };
      power(x);
      code.get(p).get(shifted).int(23).op('i32x4.shl', 'f32x4.mul').set(result);
      // Results that are no normal numbers, at least one of them. NaN is itself already.
      constant(code.get(x).op('f32x4.abs'), 'exponential', 13).op('f32x4.gt', 'v128.any_true', 'if');
      const [clamped, whole, half] = [fresh(), fresh(), fresh()];
      constant(code.get(x), 'exponential', 11).op('f32x4.pmax');
      constant(code, 'exponential', 12).op('f32x4.pmin').set(clamped);
      power(clamped);
      // The power of two in two halves, so that only the last product rounds where the result is denormal.
      constant(code.get(shifted), 'exponential', 7).op('i32x4.sub').tee(whole).int(1).op('i32x4.shr_s').set(half);
      constant(code.get(p), 'bits', 2).get(half).int(23).op('i32x4.shl', 'i32x4.add', 'f32x4.mul');
      constant(code, 'bits', 2).get(whole).get(half).op('i32x4.sub').int(23).op('i32x4.shl', 'i32x4.add');
      return code.op('f32x4.mul').set(result).op('end').get(result);
    },

    logarithm(code, x) {
      const [shifted, exponent, f, square, low, result] = [fresh(), fresh(), fresh(), fresh(), fresh(), fresh()];
      /** Of a normal number on the stack; `lift` changes its exponent. */
      const ofNormal = (lift: () => void): void => {
        // Less the bits of √½: the exponent steps there, and the mantissa lies in [√½, √2).
        constant(code, 'bits', 0).op('i32x4.sub').tee(shifted).int(23).op('i32x4.shr_s', 'f32x4.convert_i32x4_s');
        lift();
        code.set(exponent);
        constant(code.get(shifted), 'bits', 1).op('v128.and');
        constant(code, 'bits', 0).op('i32x4.add');
        constant(code, 'bits', 2).op('f32x4.sub').tee(f).get(f).op('f32x4.mul').set(square);
        polynomial(code, 'logarithm', 7, f);
        // From the smallest term to the largest: the last addition decides the error.
        code.get(square).op('f32x4.mul').get(f).op('f32x4.mul').set(low);
        constant(code.get(exponent), 'logarithm', 10).op('f32x4.mul').get(low).op('f32x4.add').set(low);
        constant(code.get(square), 'logarithm', 8).op('f32x4.mul').get(low).op('f32x4.add').get(f).op('f32x4.add');
        constant(code.get(exponent), 'logarithm', 9).op('f32x4.mul', 'f32x4.add').set(result);
      };
      code.get(x);
      ofNormal(() => undefined);
      // At least one that is no normal number, or not greater than 0.
      constant(code.get(x), 'logarithm', 11).op('f32x4.ge');
      constant(code.get(x), 'logarithm', 14).op('f32x4.lt', 'v128.and', 'v128.not', 'v128.any_true', 'if');
      const denormal = fresh();
      constant(code.get(x), 'logarithm', 11).op('f32x4.lt').set(denormal);
      constant(code.get(x), 'logarithm', 12).op('f32x4.mul').get(x).get(denormal).op('v128.bitselect');
      ofNormal(() => constant(code.get(denormal), 'logarithm', 13).op('v128.and', 'f32x4.sub'));
      // Infinity and NaN to themselves, negative numbers to NaN, 0 to −Infinity.
      code.get(result).get(x).get(x).op('f32x4.add');
      constant(code.get(x), 'logarithm', 14).op('f32x4.lt', 'v128.bitselect').set(result);
      constant(code, 'logarithm', 16).get(result).get(x).ints(0, 0, 0, 0).op('f32x4.lt', 'v128.bitselect').set(result);
      constant(code, 'logarithm', 15).get(result).get(x).ints(0, 0, 0, 0).op('f32x4.eq', 'v128.bitselect').set(result);
      return code.op('end').get(result);
    },

    wideLogarithm(code, x) {
      const [shifted, mantissa, s, square, result] = [fresh(), fresh(), fresh(), fresh(), fresh()];
      constant(code.get(x), 'wide', 8).op('i64x2.sub').tee(shifted);
      constant(code, 'wide', 9).op('v128.and');
      constant(code, 'wide', 8).op('i64x2.add').tee(mantissa);
      constant(code, 'wide', 11).op('f64x2.sub');
      constant(code.get(mantissa), 'wide', 11).op('f64x2.add', 'f64x2.div').tee(s).get(s).op('f64x2.mul').set(square);
      widePolynomial(code, 7, square);
      code.get(s).op('f64x2.mul');
      constant(code.get(shifted).int(52).op('i64x2.shr_s'), 'wide', 10).op('i64x2.add');
      constant(code, 'wide', 10).op('f64x2.sub');
      constant(code, 'wide', 12).op('f64x2.mul', 'f64x2.add').set(result);
      code.get(result).get(x).get(x).op('f64x2.add');
      constant(code.get(x), 'wide', 15).op('f64x2.lt', 'v128.bitselect').set(result);
      constant(code, 'wide', 17).get(result);
      constant(code.get(x), 'wide', 14).op('f64x2.lt', 'v128.bitselect').set(result);
      constant(code, 'wide', 16).get(result);
      return constant(code.get(x).op('f64x2.abs'), 'wide', 13).op('f64x2.le', 'v128.bitselect');
    },
  };
}
