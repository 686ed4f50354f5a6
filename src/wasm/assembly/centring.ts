import { highDoubles, lowDoubles } from './vector';

// Column means taken out of samples, in float64: what CKA and representational similarity begin with. The first sample is
// subtracted before the mean is formed, so that a constant feature becomes exactly 0.

/**
 * Centres samples [rows, columns].
 *
 * @param offset Column means relative to the first sample, float64 [columns].
 * @param squares Squared lengths of the centred samples, float64 [rows].
 * @returns How many elements are NaN or infinite.
 */
export function centre(
  x: usize,
  rows: usize,
  columns: usize,
  centred: usize,
  offset: usize,
  squares: usize,
): f64 {
  memory.fill(offset, 0, columns << 3);
  const rowBytes = columns << 2;
  let invalid: i32 = 0;
  let row = x;
  for (let index: usize = 0; index < rows; index++, row += rowBytes) {
    let column: usize = 0;
    for (; column + 4 <= columns; column += 4) {
      const values = v128.load(row + (column << 2));
      const first = v128.load(x + (column << 2));
      invalid += popcnt(i32x4.bitmask(f32x4.ne(f32x4.sub(values, values), f32x4.splat(0))));
      const into = offset + (column << 3);
      v128.store(into, f64x2.add(v128.load(into), f64x2.sub(lowDoubles(values), lowDoubles(first))));
      v128.store(into, f64x2.add(v128.load(into, 16), f64x2.sub(highDoubles(values), highDoubles(first))), 16);
    }
    for (; column < columns; column++) {
      const value = load<f32>(row + (column << 2));
      invalid += i32(value - value != 0);
      const into = offset + (column << 3);
      store<f64>(into, load<f64>(into) + (<f64>value - <f64>load<f32>(x + (column << 2))));
    }
  }
  const share: f64 = 1 / <f64>rows;
  for (let column: usize = 0; column < columns; column++) {
    store<f64>(offset + (column << 3), load<f64>(offset + (column << 3)) * share);
  }
  for (let index: usize = 0; index < rows; index++) {
    const from = x + index * rowBytes;
    store<f64>(squares + (index << 3), centreRow(from, x, offset, columns, centred + index * rowBytes));
  }
  return <f64>invalid;
}

/** One row less the first one and its offset; returns the sum of squares. */
function centreRow(row: usize, first: usize, offset: usize, columns: usize, into: usize): f64 {
  let total = f64x2.splat(0);
  let column: usize = 0;
  for (; column + 4 <= columns; column += 4) {
    const at = column << 2;
    const means = offset + (column << 3);
    const values = v128.load(row + at);
    const base = v128.load(first + at);
    const left = f32x4.demote_f64x2_zero(f64x2.sub(f64x2.sub(lowDoubles(values), lowDoubles(base)), v128.load(means)));
    const right = f32x4.demote_f64x2_zero(f64x2.sub(f64x2.sub(highDoubles(values), highDoubles(base)), v128.load(means, 16)));
    v128.store(into + at, v128.shuffle<i64>(left, right, 0, 2));
    // The squares are those of the numbers as they are kept.
    const leftWide = f64x2.promote_low_f32x4(left);
    const rightWide = f64x2.promote_low_f32x4(right);
    total = f64x2.add(total, f64x2.add(f64x2.mul(leftWide, leftWide), f64x2.mul(rightWide, rightWide)));
  }
  let sum = f64x2.extract_lane(total, 0) + f64x2.extract_lane(total, 1);
  for (; column < columns; column++) {
    const at = column << 2;
    const base = <f64>load<f32>(first + at);
    const value = <f32>(<f64>load<f32>(row + at) - base - load<f64>(offset + (column << 3)));
    store<f32>(into + at, value);
    sum += <f64>value * <f64>value;
  }
  return sum;
}

/** out[column] = Σ weight[row]·x[row][column], all but x in float64. */
export function weightedColumns(x: usize, weights: usize, rows: usize, columns: usize, out: usize): void {
  memory.fill(out, 0, columns << 3);
  for (let index: usize = 0; index < rows; index++, weights += 8) {
    const weight = load<f64>(weights);
    const factor = f64x2.splat(weight);
    let column: usize = 0;
    for (; column + 4 <= columns; column += 4, x += 16) {
      const values = v128.load(x);
      const into = out + (column << 3);
      v128.store(into, f64x2.add(v128.load(into), f64x2.mul(factor, lowDoubles(values))));
      v128.store(into, f64x2.add(v128.load(into, 16), f64x2.mul(factor, highDoubles(values))), 16);
    }
    for (; column < columns; column++, x += 4) {
      const into = out + (column << 3);
      store<f64>(into, load<f64>(into) + weight * <f64>load<f32>(x));
    }
  }
}
