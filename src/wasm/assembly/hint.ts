import { BLOCK, rowWeight } from './softmaxRow';
import { laneSum, loadTail, multiplyAdd, storeTail } from './vector';

/**
 * Squared differences of features and their gradient in one pass. With c = weight[sample]·scale the sample adds
 * c·Σd² to the result, d = student − teacher, and its gradient is 2·c·d. `weights` and `gradient` may be null; samples of
 * weight 0 are not read.
 */
export function squaredDifference(
  student: usize,
  teacher: usize,
  samples: usize,
  features: usize,
  weights: usize,
  scale: f64,
  gradient: usize,
): f64 {
  if (weights == 0) return differenceRun(student, teacher, samples * features, gradient, <f32>(2 * scale)) * scale;
  const bytes = features << 2;
  let total: f64 = 0;
  for (let sample: usize = 0; sample < samples; sample++) {
    const offset = sample * bytes;
    const weight = rowWeight(weights, sample) * scale;
    const into = gradient == 0 ? 0 : gradient + offset;
    if (weight != 0) {
      total += weight * differenceRun(student + offset, teacher + offset, features, into, <f32>(2 * weight));
    } else if (into != 0) memory.fill(into, 0, bytes);
  }
  return total;
}

/** Σd² of a run; its gradient, slope·d, goes to `gradient` unless that is null. */
function differenceRun(student: usize, teacher: usize, count: usize, gradient: usize, slope: f32): f64 {
  const factor = f32x4.splat(slope);
  const zero = f32x4.splat(0);
  const bytes = count << 2;
  let total: f64 = 0;
  let offset: usize = 0;
  while (offset < bytes) {
    const blockEnd = min(offset + (BLOCK << 2), bytes);
    let a = zero;
    let b = zero;
    for (; offset + 32 <= blockEnd; offset += 32) {
      const first = f32x4.sub(v128.load(student + offset), v128.load(teacher + offset));
      const second = f32x4.sub(v128.load(student + offset, 16), v128.load(teacher + offset, 16));
      a = multiplyAdd(first, first, a);
      b = multiplyAdd(second, second, b);
      if (gradient != 0) {
        v128.store(gradient + offset, f32x4.mul(first, factor));
        v128.store(gradient + offset, f32x4.mul(second, factor), 16);
      }
    }
    for (; offset < blockEnd; offset += 16) {
      const left = (blockEnd - offset) >> 2;
      const whole = left >= 4;
      const s = whole ? v128.load(student + offset) : loadTail(student + offset, left, zero);
      const t = whole ? v128.load(teacher + offset) : loadTail(teacher + offset, left, zero);
      const difference = f32x4.sub(s, t);
      a = multiplyAdd(difference, difference, a);
      if (gradient != 0) {
        const result = f32x4.mul(difference, factor);
        if (whole) v128.store(gradient + offset, result);
        else storeTail(gradient + offset, left, result);
      }
    }
    total += laneSum(f32x4.add(a, b));
  }
  return total;
}
