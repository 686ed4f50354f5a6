import { constant, multiplyAdd } from './vector';

// log(1 + f) = f − f²/2 + f³·P(f) on [√½ − 1, √2 − 1]: P has degree 7 (minimax for the relative error of the logarithm,
// 6e-9 before rounding), from f⁷ down.
const LOGARITHM = memory.data<f32>(
  [
    -7.636439055204391e-2, 1.2762217223644257e-1, -1.3159610331058502e-1, 1.4201579988002777e-1, -1.66234090924263e-1,
    2.000124156475067e-1, -2.500081956386566e-1, 3.333333134651184e-1,
    // 8: −1/2; 9, 10: ln 2 in two parts, the first with 9 significant bits, so that (exponent)·(first part) is exact.
    -0.5, 0.693359375, -2.1219444e-4,
    // 11: the smallest normal number; 12: 2²³; 13: 23, the exponent to take back for a denormal.
    1.1754943508222875e-38, 8388608, 23, Infinity, -Infinity, NaN,
    // 17: √2 − 1.
    0.4142135623730951,
  ],
  16,
);
// As integers: the bits of √½, and the mantissa mask.
const BITS = memory.data<i32>([0x3f3504f3, 0x007fffff], 16);

/** log(1 + f) + exponent·ln 2 for 1 + f in [√½, √2]. */
@inline
function assemble(f: v128, exponent: v128): v128 {
  const square = f32x4.mul(f, f);
  let p = multiplyAdd(constant(LOGARITHM, 0), f, constant(LOGARITHM, 1));
  p = multiplyAdd(p, f, constant(LOGARITHM, 2));
  p = multiplyAdd(p, f, constant(LOGARITHM, 3));
  p = multiplyAdd(p, f, constant(LOGARITHM, 4));
  p = multiplyAdd(p, f, constant(LOGARITHM, 5));
  p = multiplyAdd(p, f, constant(LOGARITHM, 6));
  p = multiplyAdd(p, f, constant(LOGARITHM, 7));
  // From the smallest term to the largest: the last addition decides the error.
  let low = f32x4.mul(f32x4.mul(p, square), f);
  low = multiplyAdd(exponent, constant(LOGARITHM, 10), low);
  low = multiplyAdd(square, constant(LOGARITHM, 8), low);
  return multiplyAdd(exponent, constant(LOGARITHM, 9), f32x4.add(f, low));
}

/** log(x·2^−offset) for positive normal x, finite; anything else gives an unspecified value. */
@inline
function ofNormal(x: v128, offset: v128): v128 {
  const rootOfHalf = constant(BITS, 0);
  // Subtracting the bits of √½ moves the cut between exponents there, so the mantissa lies in [√½, √2).
  const shifted = i32x4.sub(x, rootOfHalf);
  const exponent = f32x4.sub(f32x4.convert_i32x4_s(i32x4.shr_s(shifted, 23)), offset);
  const mantissa = i32x4.add(v128.and(shifted, constant(BITS, 1)), rootOfHalf);
  return assemble(f32x4.sub(mantissa, f32x4.splat(1)), exponent);
}

/** log(1 + e) for e in [0, 1], within 2 units in the last place however small e is: 1 + e is never rounded. */
@inline
export function logarithmOfOnePlus(e: v128): v128 {
  const one = f32x4.splat(1);
  const large = f32x4.gt(e, constant(LOGARITHM, 17));
  const f = v128.bitselect(f32x4.mul(f32x4.sub(e, one), f32x4.splat(0.5)), e, large);
  return assemble(f, v128.and(large, one));
}

/**
 * log x within 2 units in the last place for every float32: log 0 = −Infinity, log of a negative number is NaN, denormals
 * are scaled by 2²³ first, Infinity and NaN map to themselves.
 */
@inline
export function logarithm(x: v128): v128 {
  const denormal = f32x4.lt(x, constant(LOGARITHM, 11));
  const normal = v128.bitselect(f32x4.mul(x, constant(LOGARITHM, 12)), x, denormal);
  const result = ofNormal(normal, v128.and(denormal, constant(LOGARITHM, 13)));
  const zero = f32x4.splat(0);
  // x + x is Infinity and NaN for those two arguments; they are the only ones not below Infinity.
  const finite = v128.bitselect(result, f32x4.add(x, x), f32x4.lt(x, constant(LOGARITHM, 14)));
  const defined = v128.bitselect(constant(LOGARITHM, 16), finite, f32x4.lt(x, zero));
  return v128.bitselect(constant(LOGARITHM, 15), defined, f32x4.eq(x, zero));
}
