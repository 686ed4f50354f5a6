import { exponential } from './exponential';
import { logarithmOfOnePlus } from './logarithm';
import { rowWeight } from './softmaxRow';
import { laneSum, multiplyAdd } from './vector';

// Contrastive terms of anchors against rows of a bank that are named by index. The rows are read where they lie: 32 at a
// time are scored, and while they are still in the first-level cache, added to the gradient with their weights. No tensor
// of gathered rows, and none of scores, is made.

const CHUNK: usize = 32;

/** Bytes of scratch that `contrast` needs: a chunk's row pointers, and its scores. */
export function contrastScratchBytes(): usize {
  return CHUNK << 3;
}

/**
 * Losses of anchors [anchors, dimension] and their gradients in the anchors. With x = v·w·scale − threshold, an anchor's
 * loss is softplus(−x) for its positive plus Σ softplus(x) over its negatives; with c = weight·factor it is added to
 * `losses` (float64) as c·loss, and the gradient is c·scale·(Σ σ(x)·w − σ(−x₀)·w₀).
 *
 * `positives` [anchors] and `negatives` [anchors, count] are row numbers in float32, checked by the host. `weights` may be
 * null; an anchor of weight 0 is not read, and its gradient is 0.
 */
export function contrast(
  anchors: usize,
  bank: usize,
  positives: usize,
  negatives: usize,
  anchorCount: usize,
  count: usize,
  dimension: usize,
  scale: f32,
  threshold: f32,
  weights: usize,
  factor: f64,
  losses: usize,
  gradients: usize,
  scratch: usize,
): void {
  const rowBytes = dimension << 2;
  for (let anchor: usize = 0; anchor < anchorCount; anchor++) {
    const weight = rowWeight(weights, anchor) * factor;
    const gradient = gradients + anchor * rowBytes;
    memory.fill(gradient, 0, rowBytes);
    if (weight == 0) continue;
    const from = anchors + anchor * rowBytes;
    const slope = <f32>weight * scale;
    let loss = chunk(from, bank, positives + (anchor << 2), 1, dimension, scale, threshold, slope, gradient, scratch, true);
    let pointer = negatives + ((anchor * count) << 2);
    for (let done: usize = 0; done < count; done += CHUNK) {
      const rows = min(CHUNK, count - done);
      loss += chunk(from, bank, pointer, rows, dimension, scale, threshold, slope, gradient, scratch, false);
      pointer += CHUNK << 2;
    }
    store<f64>(losses + (anchor << 3), load<f64>(losses + (anchor << 3)) + weight * loss);
  }
}

/** The summed loss of one anchor against up to 32 rows; adds their part of the gradient. */
function chunk(
  anchor: usize,
  bank: usize,
  indices: usize,
  rows: usize,
  dimension: usize,
  scale: f32,
  threshold: f32,
  slope: f32,
  gradient: usize,
  scratch: usize,
  positive: bool,
): f64 {
  const scores = scratch + (CHUNK << 2);
  for (let row: usize = 0; row < CHUNK; row++) {
    // A short chunk repeats its last row: its score is computed and then left out.
    const index = <usize>load<f32>(indices + (min(row, rows - 1) << 2));
    store<usize>(scratch + (row << 2), bank + ((index * dimension) << 2));
    if (row >= rows && (row & 3) == 3) break;
  }
  for (let row: usize = 0; row < rows; row += 4) scoreFour(anchor, scratch + (row << 2), dimension, scores + (row << 2));
  const loss = finishScores(scores, rows, scale, threshold, slope, positive);
  addRows(gradient, scratch, scores, rows, dimension);
  return loss;
}

/** Dot products of the anchor with four rows. */
function scoreFour(anchor: usize, pointers: usize, dimension: usize, scores: usize): void {
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
    const rest = f32x4(load<f32>(row0 + offset), load<f32>(row1 + offset), load<f32>(row2 + offset), load<f32>(row3 + offset));
    sums = multiplyAdd(v128.load32_splat(anchor + offset), rest, sums);
  }
  v128.store(scores, sums);
}

/** Scores to the factors of their rows in the gradient; returns the summed loss. */
function finishScores(scores: usize, rows: usize, scale: f32, threshold: f32, slope: f32, positive: bool): f64 {
  const one = f32x4.splat(1);
  const zero = f32x4.splat(0);
  // softplus(−x) and −σ(−x) for a positive.
  const sign = f32x4.splat(positive ? -1 : 1);
  const factor = f32x4.mul(f32x4.splat(slope), sign);
  let total: f64 = 0;
  for (let row: usize = 0; row < rows; row += 4) {
    const at = scores + (row << 2);
    const x = f32x4.mul(sign, f32x4.sub(f32x4.mul(v128.load(at), f32x4.splat(scale)), f32x4.splat(threshold)));
    const e = exponential(f32x4.neg(f32x4.abs(x)));
    const used = i32x4.lt_u(i32x4.add(i32x4.splat(<i32>row), i32x4(0, 1, 2, 3)), i32x4.splat(<i32>rows));
    const softplus = f32x4.add(f32x4.max(x, zero), logarithmOfOnePlus(e));
    total += laneSum(v128.and(softplus, used));
    // σ(x) = 1/(1 + e) for x ≥ 0, e/(1 + e) for x < 0.
    const sigmoid = f32x4.div(v128.bitselect(e, one, f32x4.lt(x, zero)), f32x4.add(one, e));
    v128.store(at, f32x4.mul(sigmoid, factor));
  }
  return total;
}

/** gradient += Σ factor·row. */
function addRows(gradient: usize, pointers: usize, factors: usize, rows: usize, dimension: usize): void {
  const bytes = dimension << 2;
  let offset: usize = 0;
  for (; offset + 64 <= bytes; offset += 64) {
    let g0 = v128.load(gradient + offset);
    let g1 = v128.load(gradient + offset, 16);
    let g2 = v128.load(gradient + offset, 32);
    let g3 = v128.load(gradient + offset, 48);
    for (let row: usize = 0; row < rows; row++) {
      const from = load<usize>(pointers + (row << 2)) + offset;
      const factor = v128.load32_splat(factors + (row << 2));
      g0 = multiplyAdd(factor, v128.load(from), g0);
      g1 = multiplyAdd(factor, v128.load(from, 16), g1);
      g2 = multiplyAdd(factor, v128.load(from, 32), g2);
      g3 = multiplyAdd(factor, v128.load(from, 48), g3);
    }
    v128.store(gradient + offset, g0);
    v128.store(gradient + offset, g1, 16);
    v128.store(gradient + offset, g2, 32);
    v128.store(gradient + offset, g3, 48);
  }
  for (; offset < bytes; offset += 4) {
    let g = load<f32>(gradient + offset);
    for (let row: usize = 0; row < rows; row++) {
      g += load<f32>(factors + (row << 2)) * load<f32>(load<usize>(pointers + (row << 2)) + offset);
    }
    store<f32>(gradient + offset, g);
  }
}
