import { logarithmOfNormal } from './logarithm';
import { accumulatePair, firstSum, secondSum } from './softmaxPair';
import { BLOCK, NATURAL_LOG_OF_TWO, rowMaximum, rowWeight, skipRow } from './softmaxRow';
import { laneSum, loadTail, multiplyAdd, storeTail } from './vector';

// Generalised Jensen–Shannon divergence: β·KL(p‖m) + (1 − β)·KL(q‖m) with m = β·p + (1 − β)·q.
//
// The mixture is formed from probabilities and still never gives log 0: of log p − log m and log q − log m the one of
// the larger probability is the logarithm of max(p, q)/m, a number between 1 and 1/min(β, 1 − β), and the other follows
// from log q − log p, which comes from the logits. Where p and q both underflow to 0, both terms are 0.

let valueSum: f64 = 0;
let gradientSum: f64 = 0;

/**
 * With c = weight[r]·scale: value[r] = c·factor·JSD, gradient[r] = c·factor·(1 − β)/T·q·((log q − log m) − KL(q‖m));
 * returns Σ value. Nulls and `scratch` as for `forwardDivergence`.
 */
export function jensenShannon(
  teacher: usize,
  student: usize,
  rows: usize,
  classes: usize,
  beta: f64,
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
    accumulatePair(t, s, classes, k, teacherMaximum, studentMaximum, scratch, g, true);
    mixRow(t, s, scratch, g, classes, k, teacherMaximum, studentMaximum, beta);
    const value = weight * factor * valueSum;
    if (values != 0) store<f32>(values + (row << 2), <f32>value);
    total += value;
    if (gradient != 0) {
      differentiateRow(g, scratch, classes, <f32>((weight * factor * (1 - beta)) / temperature), <f32>gradientSum);
    }
  }
  return total;
}

/** Exponentials to q (in `student…`) and log q − log m (in `teacher…`); sums the value and KL(q‖m). */
function mixRow(
  teacher: usize,
  student: usize,
  teacherExponentials: usize,
  studentExponentials: usize,
  count: usize,
  k: f32,
  teacherMaximum: f32,
  studentMaximum: f32,
  beta: f64,
): void {
  const factor = f32x4.splat(k);
  const teacherShift = f32x4.splat(teacherMaximum);
  const studentShift = f32x4.splat(studentMaximum);
  const normalizer = f32x4.splat(<f32>(Math.log(secondSum) - Math.log(firstSum)));
  const teacherScale = f32x4.splat(<f32>(1 / firstSum));
  const studentScale = f32x4.splat(<f32>(1 / secondSum));
  const logOfTwo = f32x4.splat(<f32>NATURAL_LOG_OF_TWO);
  const teacherPart = f32x4.splat(<f32>beta);
  const studentPart = f32x4.splat(<f32>(1 - beta));
  const zero = f32x4.splat(0);
  valueSum = 0;
  gradientSum = 0;
  let teacherTotal: f64 = 0;
  const bytes = count << 2;
  let offset: usize = 0;
  while (offset < bytes) {
    const blockEnd = min(offset + (BLOCK << 2), bytes);
    let teacherTerms = zero;
    let studentTerms = zero;
    for (; offset < blockEnd; offset += 16) {
      const left = (blockEnd - offset) >> 2;
      const whole = left >= 4;
      const t = whole ? v128.load(teacher + offset) : loadTail(teacher + offset, left, zero);
      const s = whole ? v128.load(student + offset) : loadTail(student + offset, left, zero);
      const et = whole ? v128.load(teacherExponentials + offset) : loadTail(teacherExponentials + offset, left, zero);
      const es = whole ? v128.load(studentExponentials + offset) : loadTail(studentExponentials + offset, left, zero);
      const p = f32x4.mul(et, teacherScale);
      const q = f32x4.mul(es, studentScale);
      const mixture = multiplyAdd(p, teacherPart, f32x4.mul(q, studentPart));
      const larger = logarithmOfNormal(f32x4.div(f32x4.pmax(p, q), mixture));
      const yt = f32x4.mul(f32x4.sub(t, teacherShift), factor);
      const ys = f32x4.mul(f32x4.sub(s, studentShift), factor);
      // log p − log q
      const ratio = multiplyAdd(f32x4.sub(yt, ys), logOfTwo, normalizer);
      const teacherLog = f32x4.add(larger, f32x4.pmin(ratio, zero));
      const studentLog = v128.andnot(f32x4.sub(larger, f32x4.pmax(ratio, zero)), f32x4.eq(q, zero));
      teacherTerms = f32x4.add(teacherTerms, v128.andnot(f32x4.mul(p, teacherLog), f32x4.eq(p, zero)));
      studentTerms = f32x4.add(studentTerms, f32x4.mul(q, studentLog));
      if (whole) {
        v128.store(teacherExponentials + offset, studentLog);
        v128.store(studentExponentials + offset, q);
      } else {
        storeTail(teacherExponentials + offset, left, studentLog);
        storeTail(studentExponentials + offset, left, q);
      }
    }
    teacherTotal += laneSum(teacherTerms);
    gradientSum += laneSum(studentTerms);
  }
  valueSum = beta * teacherTotal + (1 - beta) * gradientSum;
}

/** gradient = scale·gradient·(logs − shift). */
function differentiateRow(gradient: usize, logs: usize, count: usize, scale: f32, shift: f32): void {
  const rowScale = f32x4.splat(scale);
  const rowShift = f32x4.splat(shift);
  const end = gradient + (count << 2);
  for (; gradient + 16 <= end; gradient += 16, logs += 16) {
    const centred = f32x4.sub(v128.load(logs), rowShift);
    v128.store(gradient, f32x4.mul(f32x4.mul(v128.load(gradient), rowScale), centred));
  }
  for (; gradient < end; gradient += 4, logs += 4) {
    store<f32>(gradient, load<f32>(gradient) * scale * (load<f32>(logs) - shift));
  }
}
