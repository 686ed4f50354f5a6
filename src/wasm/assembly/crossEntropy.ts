import { powerOfTwo } from './exponential';
import { BLOCK, NATURAL_LOG_OF_TWO, rowMaximum, rowWeight, skipRow } from './softmaxRow';
import { laneSum, loadTail, storeTail } from './vector';

let exponentialSum: f64 = 0;
let scaledSum: f64 = 0;

/**
 * Cross-entropy with hard labels over rows. With c = weight[r]·scale, target y = (1 − ε)·onehot(label) + ε/classes:
 * value[r] = −c·Σ y·log q, gradient[r] = c·(q − y); returns Σ value. A label outside [0, classes) gives NaN.
 *
 * `values`, `gradient` and `weights` may be null (0); `scratch` holds one row. Rows of weight 0 are not read.
 */
export function crossEntropy(
  student: usize,
  labels: usize,
  rows: usize,
  classes: usize,
  smoothing: f64,
  weights: usize,
  scale: f64,
  values: usize,
  gradient: usize,
  scratch: usize,
): f64 {
  const rowBytes = classes << 2;
  const k = <f32>(1 / NATURAL_LOG_OF_TWO);
  let total: f64 = 0;
  for (let row: usize = 0; row < rows; row++) {
    const weight = rowWeight(weights, row) * scale;
    if (weight == 0) {
      skipRow(values, gradient, row, rowBytes);
      continue;
    }
    const s = student + row * rowBytes;
    const g = gradient == 0 ? scratch : gradient + row * rowBytes;
    const label = load<f32>(labels + (row << 2));
    const inRange = label >= 0 && label < <f32>classes;
    const target = inRange ? <usize>label << 2 : 0;
    const maximum = rowMaximum(s, classes);
    accumulateRow(s, g, classes, k, maximum);
    // log q of the label, in float64 from the logits themselves.
    const logLabel = <f64>load<f32>(s + target) - <f64>maximum - Math.log(exponentialSum);
    let loss = inRange ? -logLabel : NaN;
    if (smoothing > 0) {
      const uniform = Math.log(exponentialSum) - (NATURAL_LOG_OF_TWO * scaledSum) / <f64>classes;
      loss = (1 - smoothing) * loss + smoothing * uniform;
    }
    const value = weight * loss;
    if (values != 0) store<f32>(values + (row << 2), <f32>value);
    total += value;
    if (gradient != 0) {
      const everywhere = inRange ? (weight * smoothing) / <f64>classes : NaN;
      scaleRow(g, classes, <f32>(weight / exponentialSum), <f32>everywhere);
      store<f32>(g + target, <f32>(<f64>load<f32>(g + target) - weight * (1 - smoothing)));
    }
  }
  return total;
}

/** The row's exponentials, their sum, and the sum of the scaled logits y (which label smoothing needs). */
function accumulateRow(x: usize, exponentials: usize, count: usize, scale: f32, maximum: f32): void {
  const k = f32x4.splat(scale);
  const shift = f32x4.splat(maximum);
  const zero = f32x4.splat(0);
  exponentialSum = 0;
  scaledSum = 0;
  const bytes = count << 2;
  let offset: usize = 0;
  while (offset < bytes) {
    const blockEnd = min(offset + (BLOCK << 2), bytes);
    let sum = zero;
    let scaled = zero;
    for (; offset + 32 <= blockEnd; offset += 32) {
      const y0 = f32x4.mul(f32x4.sub(v128.load(x + offset), shift), k);
      const y1 = f32x4.mul(f32x4.sub(v128.load(x + offset, 16), shift), k);
      const e0 = powerOfTwo(y0);
      const e1 = powerOfTwo(y1);
      v128.store(exponentials + offset, e0);
      v128.store(exponentials + offset, e1, 16);
      sum = f32x4.add(sum, f32x4.add(e0, e1));
      scaled = f32x4.add(scaled, f32x4.add(y0, y1));
    }
    for (; offset + 16 <= blockEnd; offset += 16) {
      const y = f32x4.mul(f32x4.sub(v128.load(x + offset), shift), k);
      const e = powerOfTwo(y);
      v128.store(exponentials + offset, e);
      sum = f32x4.add(sum, e);
      scaled = f32x4.add(scaled, y);
    }
    if (offset < blockEnd) {
      // Lanes past the end repeat the maximum: y = 0 there, and the first sum counts them as 1 each.
      const left = (blockEnd - offset) >> 2;
      const y = f32x4.mul(f32x4.sub(loadTail(x + offset, left, shift), shift), k);
      const e = powerOfTwo(y);
      storeTail(exponentials + offset, left, e);
      sum = f32x4.add(sum, e);
      scaled = f32x4.add(scaled, y);
      exponentialSum -= <f64>(4 - left);
      offset = blockEnd;
    }
    exponentialSum += laneSum(sum);
    scaledSum += laneSum(scaled);
  }
}

/** row = a·row − b. */
function scaleRow(row: usize, count: usize, a: f32, b: f32): void {
  const factor = f32x4.splat(a);
  const shift = f32x4.splat(b);
  const end = row + (count << 2);
  for (; row + 16 <= end; row += 16) v128.store(row, f32x4.sub(f32x4.mul(v128.load(row), factor), shift));
  for (; row < end; row += 4) store<f32>(row, load<f32>(row) * a - b);
}
