import { BLOCK } from './rows';
import { highDoubles, laneSum, loadTail, lowDoubles, multiplyAdd } from './vector';

// Gram matrices, a block of rows at a time: what stands left of the diagonal block is known from the blocks before, so that a
// block counts for its rows and, what stands right of its own diagonal, for its columns. The whole n × n matrix is never there.

/**
 * U-centres a block of a Gram matrix, in place: K_ij − means_i − means_j, with zero diagonal.
 *
 * @param block [rows, count], from the diagonal to the matrix's last column.
 * @param means float64 [count], that of the block's first row first.
 */
export function centreBlock(block: usize, rows: usize, count: usize, means: usize): void {
  for (let row: usize = 0; row < rows; row++) {
    subtractMeans(block + ((row * count) << 2), count, load<f64>(means + (row << 3)), means);
    store<f32>(block + ((row * count + row) << 2), 0);
  }
}

/**
 * Adds Σ_j a_ij·b_ij to `sums` for each row and column that two blocks count for.
 *
 * @param a [rows, count], from the diagonal to the matrix's last column.
 * @param b As `a`.
 * @param sums float64 [count], that of the blocks' first row first.
 */
export function addProducts(a: usize, b: usize, rows: usize, count: usize, sums: usize): void {
  const bytes = count << 2;
  for (let row: usize = 0; row < rows; row++) {
    const at = sums + (row << 3);
    store<f64>(at, load<f64>(at) + dotProduct(a + row * bytes, b + row * bytes, count));
  }
  let column = rows;
  for (; column + 4 <= count; column += 4) {
    const into = sums + (column << 3);
    let first = v128.load(into);
    let second = v128.load(into, 16);
    let at = column << 2;
    for (let row: usize = 0; row < rows; row++, at += bytes) {
      const products = f32x4.mul(v128.load(a + at), v128.load(b + at));
      first = f64x2.add(first, lowDoubles(products));
      second = f64x2.add(second, highDoubles(products));
    }
    v128.store(into, first);
    v128.store(into, second, 16);
  }
  for (; column < count; column++) {
    let sum = load<f64>(sums + (column << 3));
    let at = column << 2;
    for (let row: usize = 0; row < rows; row++, at += bytes) sum += <f64>(load<f32>(a + at) * load<f32>(b + at));
    store<f64>(sums + (column << 3), sum);
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

/** Σ a·b over `count` elements, in float64 between short blocks. */
function dotProduct(a: usize, b: usize, count: usize): f64 {
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
