import { laneMaximum, loadTail } from './vector';

// What the softmax losses share. A row's logits x become y = (x − max)·k with k = 1/(T·ln 2), so that e^(x/T) is
// proportional to 2^y and y ≤ 0. Differences of log-probabilities are ln 2·(y₁ − y₂) minus a constant per row; they are
// formed from the logits, never from log p − log q, which would round twice at the size of log p.

export const NATURAL_LOG_OF_TWO: f64 = 0.6931471805599453;

/** Partial sums are moved to float64 after this many elements, which keeps float32's error at that of a short sum. */
export const BLOCK: usize = 512;

/** The largest of `count` floats; NaNs are passed over (they surface in the exponentials), −Infinity if nothing is left. */
export function rowMaximum(x: usize, count: usize): f32 {
  const lowest = f32x4.splat(-Infinity);
  let a = lowest;
  let b = lowest;
  let c = lowest;
  let d = lowest;
  const end = x + (count << 2);
  for (; x + 64 <= end; x += 64) {
    a = f32x4.pmax(a, v128.load(x));
    b = f32x4.pmax(b, v128.load(x, 16));
    c = f32x4.pmax(c, v128.load(x, 32));
    d = f32x4.pmax(d, v128.load(x, 48));
  }
  for (; x + 16 <= end; x += 16) a = f32x4.pmax(a, v128.load(x));
  if (x < end) b = f32x4.pmax(b, loadTail(x, (end - x) >> 2, lowest));
  return laneMaximum(f32x4.pmax(f32x4.pmax(a, b), f32x4.pmax(c, d)));
}

/** 1 where `weights` is null, otherwise the row's weight. */
@inline
export function rowWeight(weights: usize, row: usize): f64 {
  return weights == 0 ? 1 : <f64>load<f32>(weights + (row << 2));
}

/** Writes the value of a row that does not count, and its zero gradient. What the row holds is never read. */
@inline
export function skipRow(values: usize, gradient: usize, row: usize, rowBytes: usize): void {
  if (values != 0) store<f32>(values + (row << 2), 0);
  if (gradient != 0) memory.fill(gradient + row * rowBytes, 0, rowBytes);
}
