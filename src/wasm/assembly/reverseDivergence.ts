import { accumulatePair, firstSum, secondSum, termSum } from './softmaxPair';
import { NATURAL_LOG_OF_TWO, rowMaximum, rowWeight, skipRow } from './softmaxRow';
import { loadTail, storeTail } from './vector';

/**
 * Reverse KL over rows. With c = weight[r]·scale: value[r] = c·factor·KL(q‖p), and
 * gradient[r] = c·factor/T·q·((log q − log p) − KL); returns Σ value. Nulls and `scratch` as for `forwardDivergence`.
 */
export function reverseDivergence(
  teacher: usize,
  student: usize,
  rows: usize,
  classes: usize,
  temperature: f64,
  factor: f64,
  weights: usize,
  scale: f64,
  values: usize,
  gradient: usize,
  scratch: usize,
): f64 {
  const rowBytes = classes << 2;
  const k = <f32>(1 / (temperature * NATURAL_LOG_OF_TWO));
  let total: f64 = 0;
  for (let row: usize = 0; row < rows; row++) {
    const weight = rowWeight(weights, row) * scale;
    if (weight == 0) {
      skipRow(values, gradient, row, rowBytes);
      continue;
    }
    const t = teacher + row * rowBytes;
    const s = student + row * rowBytes;
    const g = gradient == 0 ? scratch + rowBytes : gradient + row * rowBytes;
    const teacherMaximum = rowMaximum(t, classes);
    const studentMaximum = rowMaximum(s, classes);
    accumulatePair(s, t, classes, k, studentMaximum, teacherMaximum, g, scratch, true);
    const normalizer = Math.log(secondSum) - Math.log(firstSum);
    const divergence = (NATURAL_LOG_OF_TWO * termSum) / firstSum + normalizer;
    const value = weight * factor * divergence;
    if (values != 0) store<f32>(values + (row << 2), <f32>value);
    total += value;
    if (gradient != 0) {
      // In (log q − log p) − KL the normalizers cancel: it is ln 2·(d − Σ q·d) with d = y_s − y_t, and d is exact enough
      // for the difference to vanish where q is certain, however large the logits.
      const rowScale = <f32>((NATURAL_LOG_OF_TWO * weight * factor) / temperature / firstSum);
      const mean = <f32>(termSum / firstSum);
      differentiateRow(s, t, g, classes, k, studentMaximum, teacherMaximum, rowScale, mean);
    }
  }
  return total;
}

/** gradient = scale·gradient·(y_s − y_t − mean), 0 where the exponential in `gradient` is 0. */
function differentiateRow(
  student: usize,
  teacher: usize,
  gradient: usize,
  count: usize,
  k: f32,
  studentMaximum: f32,
  teacherMaximum: f32,
  scale: f32,
  mean: f32,
): void {
  const factor = f32x4.splat(k);
  const studentShift = f32x4.splat(studentMaximum);
  const teacherShift = f32x4.splat(teacherMaximum);
  const rowScale = f32x4.splat(scale);
  const rowMean = f32x4.splat(mean);
  const zero = f32x4.splat(0);
  const bytes = count << 2;
  for (let offset: usize = 0; offset < bytes; offset += 16) {
    const left = (bytes - offset) >> 2;
    const s = left >= 4 ? v128.load(student + offset) : loadTail(student + offset, left, zero);
    const t = left >= 4 ? v128.load(teacher + offset) : loadTail(teacher + offset, left, zero);
    const e = left >= 4 ? v128.load(gradient + offset) : loadTail(gradient + offset, left, zero);
    const ys = f32x4.mul(f32x4.sub(s, studentShift), factor);
    const yt = f32x4.mul(f32x4.sub(t, teacherShift), factor);
    const centred = f32x4.sub(f32x4.sub(ys, yt), rowMean);
    const result = v128.andnot(f32x4.mul(f32x4.mul(e, rowScale), centred), f32x4.eq(e, zero));
    if (left >= 4) v128.store(gradient + offset, result);
    else storeTail(gradient + offset, left, result);
  }
}
