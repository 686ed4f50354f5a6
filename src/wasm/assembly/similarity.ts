import { BLOCK } from './rows';
import { highDoubles, laneSum, loadTail, lowDoubles, multiplyAdd, storeTail } from './vector';

// Rows of a Gram matrix, a block of them at a time: brought to length 1, and multiplied with those of another model. The
// whole n × n matrix is never there.

/**
 * Normalises `rows` rows of a Gram matrix of `count` columns, in place; the first of them is row `start` of the matrix.
 *
 * With `means` (float64 [count], may be null) row i becomes K_ij − means_i − means_j with zero diagonal first. Rows whose
 * squared length is not above `least` become 0 and count 0 in `counted`, the others 1.
 */
export function normaliseRows(
  block: usize,
  start: usize,
  rows: usize,
  count: usize,
  means: usize,
  least: f64,
  counted: usize,
): void {
  const bytes = count << 2;
  for (let index: usize = 0; index < rows; index++, block += bytes) {
    const row = start + index;
    if (means != 0) {
      subtractMeans(block, count, load<f64>(means + (row << 3)), means);
      store<f32>(block + (row << 2), 0);
    }
    const square = dotProduct(block, block, count);
    const counts = square > least;
    store<f32>(counted + (row << 2), counts ? 1 : 0);
    scaleRun(block, count, counts ? <f32>(1 / Math.sqrt(square)) : 0);
  }
}

function subtractMeans(row: usize, count: usize, own: f64, means: usize): void {
  const shift = f64x2.splat(own);
  const end = row + (count << 2);
  for (; row + 16 <= end; row += 16, means += 32) {
    const values = v128.load(row);
    const first = f32x4.demote_f64x2_zero(f64x2.sub(f64x2.sub(lowDoubles(values), shift), v128.load(means)));
    const second = f32x4.demote_f64x2_zero(f64x2.sub(f64x2.sub(highDoubles(values), shift), v128.load(means, 16)));
    v128.store(row, v128.shuffle<i64>(first, second, 0, 2));
  }
  for (; row < end; row += 4, means += 8) store<f32>(row, <f32>(<f64>load<f32>(row) - own - load<f64>(means)));
}

function scaleRun(row: usize, count: usize, scale: f32): void {
  if (scale == 0) {
    memory.fill(row, 0, count << 2);
    return;
  }
  const factor = f32x4.splat(scale);
  const end = row + (count << 2);
  for (; row < end; row += 16) {
    const left = (end - row) >> 2;
    if (left >= 4) v128.store(row, f32x4.mul(v128.load(row), factor));
    else storeTail(row, left, f32x4.mul(loadTail(row, left, factor), factor));
  }
}

/** Σ a·b over `count` elements, in float64 between short blocks. */
export function dotProduct(a: usize, b: usize, count: usize): f64 {
  const zero = f32x4.splat(0);
  const end = a + (count << 2);
  let total: f64 = 0;
  while (a < end) {
    const blockEnd = min(a + (BLOCK << 2), end);
    let s0 = zero;
    let s1 = zero;
    let s2 = zero;
    let s3 = zero;
    for (; a + 64 <= blockEnd; a += 64, b += 64) {
      s0 = multiplyAdd(v128.load(a), v128.load(b), s0);
      s1 = multiplyAdd(v128.load(a, 16), v128.load(b, 16), s1);
      s2 = multiplyAdd(v128.load(a, 32), v128.load(b, 32), s2);
      s3 = multiplyAdd(v128.load(a, 48), v128.load(b, 48), s3);
    }
    for (; a < blockEnd; a += 16, b += 16) {
      const left = (blockEnd - a) >> 2;
      if (left >= 4) s0 = multiplyAdd(v128.load(a), v128.load(b), s0);
      else {
        s1 = multiplyAdd(loadTail(a, left, zero), loadTail(b, left, zero), s1);
        a = blockEnd;
        break;
      }
    }
    total += laneSum(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
  }
  return total;
}
