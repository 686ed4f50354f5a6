import { CHUNK, decay, excess, scoreFour, sigmoidOf, softplusOf } from './contrastTerms';
import { rowWeight } from './rows';
import { laneSum, multiplyAdd } from './vector';

// Contrastive terms of anchors against rows of a bank that are named by index: few pairs. The rows are read where they
// lie; 32 at a time are scored and, while they are still in the first-level cache, added to the gradient with their
// weights. No tensor of gathered rows, and none of scores, is made. For many pairs see `contrastSorted.ts`.

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
  for (let at: usize = 0; at < rows << 2; at += 16) scoreFour(anchor, scratch + at, dimension, scores + at);
  const loss = finishScores(scores, rows, scale, threshold, slope, positive);
  addRows(gradient, scratch, scores, rows, dimension);
  return loss;
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
    const e = decay(x);
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
