import { exponential } from './exponential';
import { logarithmOfOnePlus } from './logarithm';
import { multiplyAdd } from './vector';

// What a contrastive pair is made of: its score, and the terms of x = score/T − log Z − log c in log form, which takes no
// exponential of a score and cannot overflow.

/** How many pairs are worked on at a time. */
export const CHUNK: usize = 32;

/** Bytes of scratch that the kernels need: a chunk's pointers, its scores, and its losses. */
export function contrastScratchBytes(): usize {
  return CHUNK * 12;
}

/** e^−|x|. */
@inline
export function decay(x: v128): v128 {
  return exponential(f32x4.neg(f32x4.abs(x)));
}

/** x of four scores. */
@inline
export function excess(scores: v128, scale: f32, threshold: f32): v128 {
  return f32x4.sub(f32x4.mul(scores, f32x4.splat(scale)), f32x4.splat(threshold));
}

/** log(1 + e^x), given e = e^−|x|. */
@inline
export function softplusOf(x: v128, e: v128): v128 {
  return f32x4.add(f32x4.max(x, f32x4.splat(0)), logarithmOfOnePlus(e));
}

/** σ(x) = 1/(1 + e) for x ≥ 0, e/(1 + e) for x < 0, given e = e^−|x|. */
@inline
export function sigmoidOf(x: v128, e: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.div(v128.bitselect(e, one, f32x4.lt(x, f32x4.splat(0))), f32x4.add(one, e));
}

/** Dot products of one vector with four, whose addresses are at `pointers`. */
export function scoreFour(anchor: usize, pointers: usize, dimension: usize, scores: usize): void {
  const row0 = load<usize>(pointers);
  const row1 = load<usize>(pointers, 4);
  const row2 = load<usize>(pointers, 8);
  const row3 = load<usize>(pointers, 12);
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  const bytes = (dimension & ~3) << 2;
  for (let offset: usize = 0; offset < bytes; offset += 16) {
    const v = v128.load(anchor + offset);
    s0 = multiplyAdd(v, v128.load(row0 + offset), s0);
    s1 = multiplyAdd(v, v128.load(row1 + offset), s1);
    s2 = multiplyAdd(v, v128.load(row2 + offset), s2);
    s3 = multiplyAdd(v, v128.load(row3 + offset), s3);
  }
  // Transposes the four sums and adds across.
  const low01 = v128.shuffle<i32>(s0, s1, 0, 4, 1, 5);
  const high01 = v128.shuffle<i32>(s0, s1, 2, 6, 3, 7);
  const low23 = v128.shuffle<i32>(s2, s3, 0, 4, 1, 5);
  const high23 = v128.shuffle<i32>(s2, s3, 2, 6, 3, 7);
  const pairs01 = f32x4.add(low01, high01);
  const pairs23 = f32x4.add(low23, high23);
  let sums = f32x4.add(v128.shuffle<i64>(pairs01, pairs23, 0, 2), v128.shuffle<i64>(pairs01, pairs23, 1, 3));
  for (let offset = bytes; offset < dimension << 2; offset += 4) {
    let rest = v128.load32_zero(row0 + offset);
    rest = v128.load32_lane(row1 + offset, rest, 1);
    rest = v128.load32_lane(row2 + offset, rest, 2);
    rest = v128.load32_lane(row3 + offset, rest, 3);
    sums = multiplyAdd(v128.load32_splat(anchor + offset), rest, sums);
  }
  v128.store(scores, sums);
}
