import { exponential } from './exponential';
import { logarithmOfOnePlus } from './logarithm';
import { rowWeight } from './softmaxRow';
import { laneSum, multiplyAdd } from './vector';

// Contrastive terms of anchors against rows of a bank that are named by index. No tensor of gathered rows, and none of
// scores, is made. Few pairs: the rows are read where they lie, 32 at a time are scored and, while they are still in the
// first-level cache, added to the gradient with their weights. Many pairs (a bank's row is then drawn by many anchors):
// the pairs are sorted by row first, so that the bank is read once and in order, and it is the anchors and their
// gradients that stay in the cache; at 64 anchors × 16384 negatives of 50 000 rows that takes a third of the time.

const CHUNK: usize = 32;

/** Bytes of scratch that the kernels need: a chunk's pointers, its scores, and its losses. */
export function contrastScratchBytes(): usize {
  return CHUNK * 12;
}

/**
 * Losses of anchors [anchors, dimension] and their gradients in the anchors, for `count` rows of the bank each. With
 * x = v·w·scale − threshold a pair's loss is softplus(x), or softplus(−x) if the rows are positives. With
 * c = weight·factor, `losses` (float64) grows by c·loss, `gradients` by its derivative, c·scale·σ(x)·w (−σ(−x)·w).
 *
 * `indices` [anchors, count] are row numbers in float32, checked by the host. `weights` may be null; an anchor of weight 0
 * is not read.
 */
export function contrast(
  anchors: usize,
  bank: usize,
  indices: usize,
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
  positive: bool,
): void {
  const rowBytes = dimension << 2;
  for (let anchor: usize = 0; anchor < anchorCount; anchor++) {
    const weight = rowWeight(weights, anchor) * factor;
    if (weight == 0) continue;
    const from = anchors + anchor * rowBytes;
    const gradient = gradients + anchor * rowBytes;
    const slope = <f32>weight * scale;
    let loss: f64 = 0;
    let pointer = indices + ((anchor * count) << 2);
    for (let done: usize = 0; done < count; done += CHUNK) {
      const rows = min(CHUNK, count - done);
      loss += chunk(from, bank, pointer, rows, dimension, scale, threshold, slope, gradient, scratch, positive);
      pointer += CHUNK << 2;
    }
    store<f64>(losses + (anchor << 3), load<f64>(losses + (anchor << 3)) + weight * loss);
  }
}

/**
 * Sorts the pairs of anchors and rows by row: the anchors of row r become order[starts[r]] to order[starts[r + 1]], all
 * unsigned 32-bit numbers; `starts` holds `size` + 1 of them. Anchors of weight 0 are left out.
 */
export function sortPairs(
  indices: usize,
  anchorCount: usize,
  count: usize,
  weights: usize,
  size: usize,
  starts: usize,
  order: usize,
): void {
  memory.fill(starts, 0, (size + 1) << 2);
  for (let anchor: usize = 0; anchor < anchorCount; anchor++) {
    if (rowWeight(weights, anchor) == 0) continue;
    const end = indices + (((anchor + 1) * count) << 2);
    for (let at = indices + ((anchor * count) << 2); at < end; at += 4) {
      const cell = starts + (<usize>load<f32>(at) << 2);
      store<u32>(cell, load<u32>(cell) + 1);
    }
  }
  let total: u32 = 0;
  for (let row: usize = 0; row <= size; row++) {
    total += load<u32>(starts + (row << 2));
    store<u32>(starts + (row << 2), total);
  }
  // Each cell holds its row's end and is counted down to its start.
  for (let anchor = anchorCount; anchor > 0; anchor--) {
    if (rowWeight(weights, anchor - 1) == 0) continue;
    const first = indices + (((anchor - 1) * count) << 2);
    for (let at = first + (count << 2); at > first; ) {
      at -= 4;
      const cell = starts + (<usize>load<f32>(at) << 2);
      const place = load<u32>(cell) - 1;
      store<u32>(cell, place);
      store<u32>(order + (<usize>place << 2), <u32>(anchor - 1));
    }
  }
}

/** As `contrast` for negatives, on pairs that `sortPairs` sorted. */
export function contrastSorted(
  anchors: usize,
  bank: usize,
  starts: usize,
  order: usize,
  size: usize,
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
  const scores = scratch + (CHUNK << 2);
  const softplus = scores + (CHUNK << 2);
  for (let row: usize = 0; row < size; row++, bank += rowBytes, starts += 4) {
    const end = <usize>load<u32>(starts, 4);
    for (let at = <usize>load<u32>(starts); at < end; at += CHUNK) {
      const pairs = min(CHUNK, end - at);
      const list = order + (at << 2);
      for (let pair: usize = 0; pair < pairs; pair += 4) {
        for (let lane: usize = pair; lane < pair + 4; lane++) {
          const anchor = <usize>load<u32>(list + (min(lane, pairs - 1) << 2));
          store<usize>(scratch + (lane << 2), anchors + anchor * rowBytes);
        }
        scoreFour(bank, scratch + (pair << 2), dimension, scores + (pair << 2));
        const x = excess(v128.load(scores + (pair << 2)), scale, threshold);
        const e = exponential(f32x4.neg(f32x4.abs(x)));
        v128.store(softplus + (pair << 2), softplusOf(x, e));
        v128.store(scores + (pair << 2), sigmoidOf(x, e));
      }
      for (let pair: usize = 0; pair < pairs; pair++) {
        const anchor = <usize>load<u32>(list + (pair << 2));
        const weight = rowWeight(weights, anchor) * factor;
        const loss = losses + (anchor << 3);
        store<f64>(loss, load<f64>(loss) + weight * <f64>load<f32>(softplus + (pair << 2)));
        const slope = load<f32>(scores + (pair << 2)) * (<f32>weight * scale);
        addScaled(gradients + anchor * rowBytes, bank, slope, dimension);
      }
    }
  }
}

/** gradient += factor·row. */
function addScaled(gradient: usize, row: usize, factor: f32, dimension: usize): void {
  const slope = f32x4.splat(factor);
  const end = row + (dimension << 2);
  for (; row + 32 <= end; row += 32, gradient += 32) {
    v128.store(gradient, multiplyAdd(slope, v128.load(row), v128.load(gradient)));
    v128.store(gradient, multiplyAdd(slope, v128.load(row, 16), v128.load(gradient, 16)), 16);
  }
  for (; row < end; row += 4, gradient += 4) store<f32>(gradient, load<f32>(gradient) + factor * load<f32>(row));
}

// @ts-ignore: decorator
@inline
function excess(scores: v128, scale: f32, threshold: f32): v128 {
  return f32x4.sub(f32x4.mul(scores, f32x4.splat(scale)), f32x4.splat(threshold));
}

/** log(1 + e^x), given e = e^−|x|. */
// @ts-ignore: decorator
@inline
function softplusOf(x: v128, e: v128): v128 {
  return f32x4.add(f32x4.max(x, f32x4.splat(0)), logarithmOfOnePlus(e));
}

/** σ(x) = 1/(1 + e) for x ≥ 0, e/(1 + e) for x < 0, given e = e^−|x|. */
// @ts-ignore: decorator
@inline
function sigmoidOf(x: v128, e: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.div(v128.bitselect(e, one, f32x4.lt(x, f32x4.splat(0))), f32x4.add(one, e));
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
  // softplus(−x) and −σ(−x) for a positive.
  const sign = f32x4.splat(positive ? -1 : 1);
  const factor = f32x4.mul(f32x4.splat(slope), sign);
  let total: f64 = 0;
  for (let row: usize = 0; row < rows; row += 4) {
    const at = scores + (row << 2);
    const x = f32x4.mul(sign, excess(v128.load(at), scale, threshold));
    const e = exponential(f32x4.neg(f32x4.abs(x)));
    const used = i32x4.lt_u(i32x4.add(i32x4.splat(<i32>row), i32x4(0, 1, 2, 3)), i32x4.splat(<i32>rows));
    total += laneSum(v128.and(softplusOf(x, e), used));
    v128.store(at, f32x4.mul(sigmoidOf(x, e), factor));
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
