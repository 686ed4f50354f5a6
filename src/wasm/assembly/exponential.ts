import { constant, multiplyAdd } from './vector';

// e^r on |r| ≤ ln 2 / 2 as a polynomial of degree 6 (minimax for the relative error, 3e-9 before rounding), from r⁶ down.
const EXPONENTIAL = memory.data<f32>(
  [
    1.382073387503624e-3, 8.368677459657192e-3, 4.166826605796814e-2, 1.666652113199234e-1, 4.999999403953552e-1, 1, 1,
    // 7: 1.5·2²³ + 127. Adding it leaves round(y) + 127 in the low bits, which is the exponent field of 2^round(y).
    12583039,
    // 8: 1 / ln 2; 9, 10: −ln 2 in two parts. The first has 9 significant bits, so n·(first part) is exact for |n| < 2¹⁵.
    1.4426950408889634, -0.693359375, 2.12194440e-4,
    // 11, 12: outside this interval the result is 0 or Infinity whatever the argument.
    -104, 89,
  ],
  16,
);

/**
 * e^x within 2 units in the last place for every float32: Infinity above 88.7228, denormals from −87.3 to −103.9, then
 * 0; NaN stays NaN. The power of two is applied in two halves, so that the only rounding in the denormal range is the
 * last multiplication's.
 */
@inline
export function exponential(x: v128): v128 {
  // pmax and pmin return their first argument when it is NaN.
  const clamped = f32x4.pmin(f32x4.pmax(x, constant(EXPONENTIAL, 11)), constant(EXPONENTIAL, 12));
  const shifted = multiplyAdd(clamped, constant(EXPONENTIAL, 8), constant(EXPONENTIAL, 7));
  const exponent = f32x4.sub(shifted, constant(EXPONENTIAL, 7));
  const high = multiplyAdd(exponent, constant(EXPONENTIAL, 9), clamped);
  const r = multiplyAdd(exponent, constant(EXPONENTIAL, 10), high);
  let p = multiplyAdd(constant(EXPONENTIAL, 0), r, constant(EXPONENTIAL, 1));
  p = multiplyAdd(p, r, constant(EXPONENTIAL, 2));
  p = multiplyAdd(p, r, constant(EXPONENTIAL, 3));
  p = multiplyAdd(p, r, constant(EXPONENTIAL, 4));
  p = multiplyAdd(p, r, constant(EXPONENTIAL, 5));
  p = multiplyAdd(p, r, constant(EXPONENTIAL, 6));
  const power = i32x4.sub(shifted, constant(EXPONENTIAL, 7));
  const firstHalf = i32x4.shr_s(power, 1);
  const secondHalf = i32x4.sub(power, firstHalf);
  const one = constant(EXPONENTIAL, 6);
  const scaled = f32x4.mul(p, i32x4.add(one, i32x4.shl(firstHalf, 23)));
  return f32x4.mul(scaled, i32x4.add(one, i32x4.shl(secondHalf, 23)));
}

// 2^f on |f| ≤ 1/2, degree 5 (9e-8), from f⁵ down; 6: 1.5·2²³ + 127 as above; 7: the clamp.
const POWER = memory.data<f32>(
  [
    1.326941535808146e-3, 9.671296924352646e-3, 5.55071122944355e-2, 2.4022246897220612e-1, 6.931470036506653e-1, 1,
    12583039, -127,
  ],
  16,
);

/**
 * 2^y for y ≤ 0, the case of a softmax: relative error 2e-7, below 2^−126.5 (and at −Infinity) exactly 0, NaN stays NaN.
 * The base is 2 because the caller folds 1/(T·ln 2) into the scaling it does anyway; the reduction y − round(y) is then
 * exact, and the error is that of the scaled logit itself.
 */
@inline
export function powerOfTwo(y: v128): v128 {
  const clamped = f32x4.pmax(y, constant(POWER, 7));
  const shifted = f32x4.add(clamped, constant(POWER, 6));
  const f = f32x4.sub(clamped, f32x4.sub(shifted, constant(POWER, 6)));
  let p = multiplyAdd(constant(POWER, 0), f, constant(POWER, 1));
  p = multiplyAdd(p, f, constant(POWER, 2));
  p = multiplyAdd(p, f, constant(POWER, 3));
  p = multiplyAdd(p, f, constant(POWER, 4));
  p = multiplyAdd(p, f, constant(POWER, 5));
  // At the clamp the exponent field is 0: the factor is +0, and so is the product.
  return f32x4.mul(p, i32x4.shl(shifted, 23));
}
