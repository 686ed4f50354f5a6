/**
 * WGSL arithmetic that every kernel shares. WGSL lets a compiler assume that there is no NaN and no Infinity, forbids
 * infinite constants, and asks little of exp and log (a conforming driver was 63 units in the last place off in exp and
 * 3500 in log near 1). So NaN is found by its bits, Infinity is made at run time, and exp and log are computed here.
 */

/**
 * Bit tests and special values: `isNan`, `isZero`, `infinity`, `notANumber`; and comparisons, without a branch: a software
 * driver took half a minute over a program with twenty of them that had one.
 */
export const specialValues: string = `
fn isNan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }
fn isZero(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) == 0u; }
fn fromBits(bits: u32) -> f32 { var atRunTime = bits; return bitcast<f32>(atRunTime); }
fn infinity() -> f32 { return fromBits(0x7f800000u); }
fn notANumber() -> f32 { return fromBits(0x7fc00000u); }
fn larger(a: f32, b: f32) -> f32 { return select(select(a, b, (b > a) | isNan(b)), a, isNan(a)); }
fn exceeds(a: f32, b: f32) -> bool { return (a > b) & !isNan(a) & !isNan(b); }
`;

/**
 * `exponential`: x = n·ln 2 + r with |r| ≤ ln 2/2 (ln 2 in two parts, so that n·ln 2 is exact), the Taylor series of exp r to r⁷ (remainder below 6e-9), then a
 * multiplication by 2ⁿ in two halves, so that results below 2⁻¹²⁶ are rounded and not cut off.
 */
export const exponential: string = `
fn exponential(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  if (x > 88.8) { return infinity(); }
  if (x < -104.0) { return 0.0; }
  let n = round(x * 1.4426950408889634);
  let r = fma(n, -1.42860682e-6, fma(n, -0.693145751953125, x));
  var series = fma(r, 1.0 / 5040.0, 1.0 / 720.0);
  series = fma(r, series, 1.0 / 120.0);
  series = fma(r, series, 1.0 / 24.0);
  series = fma(r, series, 1.0 / 6.0);
  series = fma(r, series, 0.5);
  series = fma(r * r, series, r);
  let whole = i32(n);
  let half = whole >> 1u;
  let first = bitcast<f32>(u32(half + 127) << 23u);
  let second = bitcast<f32>(u32(whole - half + 127) << 23u);
  return (1.0 + series) * first * second;
}
`;

/**
 * `fallingExponential`: e^x for x ≤ 0, as softmax needs it, at half the cost: no overflow to guard against, and results
 * below 2⁻¹²⁶ are 0. The series is the minimax one for (eʳ − 1 − r)/r² (relative error of eʳ below 4e-9).
 */
export const fallingExponential: string = `
fn fallingExponential(x: f32) -> f32 {
  let n = round(max(x, -88.0) * 1.4426950408889634);
  let r = fma(n, -1.42860682e-6, fma(n, -0.693145751953125, x));
  var series = fma(r, 0.00138146, 0.00836871);
  series = fma(r, series, 0.04166839);
  series = fma(r, series, 0.16666521);
  series = fma(r, series, 0.49999993);
  series = fma(r * r, series, r);
  let power = bitcast<f32>(u32(i32(n) + 127) << 23u);
  return select((1.0 + series) * power, 0.0, x < -87.3);
}
`;

/**
 * `powerOfTwo`: 2^x for x ≤ 0, exactly 0 below 2^−126.5; the whole part goes into the exponent, the rest into the minimax
 * polynomial of 2^f on |f| ≤ ½ (relative error below 9e-8).
 */
export const powerOfTwo: string = `
fn powerOfTwo(x: f32) -> f32 {
  let n = round(max(x, -127.0));
  let f = x - n;
  var series = fma(f, 1.326941535808146e-3, 9.671296924352646e-3);
  series = fma(f, series, 5.55071122944355e-2);
  series = fma(f, series, 2.4022246897220612e-1);
  series = fma(f, series, 6.931470036506653e-1);
  series = fma(f, series, 1.0);
  return select(series * bitcast<f32>(u32(i32(n) + 127) << 23u), 0.0, x < -126.5);
}
`;

/**
 * `logarithm`: x = m·2ᵏ with m in [√½, √2), and log m = 2·artanh(s) with s = (m − 1)/(m + 1), whose series to s¹¹ leaves
 * less than 5e-11. Written as f − s·(f − …) because 2s = f − s·f keeps the digits of f = m − 1.
 */
export const logarithm: string = `
fn logarithm(x: f32) -> f32 {
  var bits = bitcast<u32>(x);
  if (isNan(x) || bits == 0x7f800000u) { return x; }
  if ((bits & 0x7fffffffu) == 0u) { return -infinity(); }
  if ((bits >> 31u) == 1u) { return notANumber(); }
  var k = 0;
  if (bits < 0x00800000u) {
    let shift = countLeadingZeros(bits) - 8u;
    bits = bits << shift;
    k = 1 - i32(shift);
    bits = (bits & 0x007fffffu) | 0x00800000u;
  }
  k += i32(bits >> 23u) - 127;
  var mantissa = (bits & 0x007fffffu) | 0x3f800000u;
  if (mantissa > 0x3fb504f3u) {
    mantissa -= 0x00800000u;
    k += 1;
  }
  let f = bitcast<f32>(mantissa) - 1.0;
  let s = f / (2.0 + f);
  let w = s * s;
  var series = fma(w, 2.0 / 11.0, 2.0 / 9.0);
  series = fma(w, series, 2.0 / 7.0);
  series = fma(w, series, 2.0 / 5.0);
  series = fma(w, series, 2.0 / 3.0);
  let rest = s * (f - w * series);
  let n = f32(k);
  return fma(n, 0.693145751953125, f - (rest - n * 1.42860682e-6));
}
`;
