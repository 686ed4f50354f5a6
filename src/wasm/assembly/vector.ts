// Small pieces that every kernel uses: four float32 lanes at a time, sums that end in float64.
//
// Constants come from tables in linear memory (`load32_splat`), not from literals: engines rebuild a literal vector at
// every use (two moves and two inserts), which cost 40 % of the exponential's time on V8; a load is one operation.

/**
 * a·b + c: rounded twice, or once where the engine has fused multiply-add. `fused.ts` of the room finds these additions in
 * the compiled module where c is a local or a constant of a table, as it is in most loops.
 */
@inline
export function multiplyAdd(a: v128, b: v128, c: v128): v128 {
  return f32x4.add(f32x4.mul(a, b), c);
}

/** The constant at `index` of a float32 table, in every lane. */
@inline
export function constant(table: usize, index: usize): v128 {
  return v128.load32_splat(table + (index << 2));
}

/** The first two lanes in float64. */
@inline
export function lowDoubles(values: v128): v128 {
  return f64x2.promote_low_f32x4(values);
}

/** The last two lanes in float64. */
@inline
export function highDoubles(values: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<i64>(values, values, 1, 0));
}

/** The sum of the four lanes, in float64. */
@inline
export function laneSum(values: v128): f64 {
  const pairs = f64x2.add(lowDoubles(values), highDoubles(values));
  return f64x2.extract_lane(pairs, 0) + f64x2.extract_lane(pairs, 1);
}

/** The largest of the four lanes; a NaN lane may be passed over. */
@inline
export function laneMaximum(values: v128): f32 {
  const pairs = f32x4.pmax(values, v128.shuffle<i64>(values, values, 1, 0));
  const single = f32x4.pmax(pairs, v128.shuffle<i32>(pairs, pairs, 1, 0, 3, 2));
  return f32x4.extract_lane(single, 0);
}

/** Loads 1 to 3 floats at `pointer`; the other lanes come from `fill`, so a tail needs no padding in memory. */
@inline
export function loadTail(pointer: usize, count: usize, fill: v128): v128 {
  if (count == 1) return v128.load32_lane(pointer, fill, 0);
  const two = v128.load64_lane(pointer, fill, 0);
  return count == 2 ? two : v128.load32_lane(pointer + 8, two, 2);
}

/** Stores the first 1 to 3 lanes. */
@inline
export function storeTail(pointer: usize, count: usize, values: v128): void {
  if (count == 1) {
    v128.store32_lane(pointer, values, 0);
  } else {
    v128.store64_lane(pointer, values, 0);
    if (count == 3) v128.store32_lane(pointer + 8, values, 2);
  }
}
