import { powerOfTwo } from './exponential';
import { BLOCK, NATURAL_LOG_OF_TWO, rowMaximum } from './softmaxRow';
import { laneSum, loadTail, storeTail } from './vector';

/** out = x − max − log Σ exp(x − max) for each row; a row of −Infinity alone gives NaN. */
export function logSoftmax(x: usize, out: usize, rows: usize, classes: usize): void {
  const bytes = classes << 2;
  const k = f32x4.splat(<f32>(1 / NATURAL_LOG_OF_TWO));
  const lowest = f32x4.splat(-Infinity);
  for (let row: usize = 0; row < rows; row++, x += bytes, out += bytes) {
    const shift = f32x4.splat(rowMaximum(x, classes));
    let total: f64 = 0;
    let offset: usize = 0;
    while (offset < bytes) {
      const blockEnd = min(offset + (BLOCK << 2), bytes);
      let sum = f32x4.splat(0);
      for (; offset + 32 <= blockEnd; offset += 32) {
        const first = powerOfTwo(f32x4.mul(f32x4.sub(v128.load(x + offset), shift), k));
        const second = powerOfTwo(f32x4.mul(f32x4.sub(v128.load(x + offset, 16), shift), k));
        sum = f32x4.add(sum, f32x4.add(first, second));
      }
      for (; offset < blockEnd; offset += 16) {
        const left = (blockEnd - offset) >> 2;
        const logits = left >= 4 ? v128.load(x + offset) : loadTail(x + offset, left, lowest);
        sum = f32x4.add(sum, powerOfTwo(f32x4.mul(f32x4.sub(logits, shift), k)));
      }
      total += laneSum(sum);
    }
    const normalizer = f32x4.splat(<f32>Math.log(total));
    offset = 0;
    for (; offset + 16 <= bytes; offset += 16) {
      v128.store(out + offset, f32x4.sub(f32x4.sub(v128.load(x + offset), shift), normalizer));
    }
    if (offset < bytes) {
      const left = (bytes - offset) >> 2;
      const shifted = f32x4.sub(loadTail(x + offset, left, lowest), shift);
      storeTail(out + offset, left, f32x4.sub(shifted, normalizer));
    }
  }
}
