import { accumulatePair, firstSum, secondSum, termSum } from './softmaxPair';
import { NATURAL_LOG_OF_TWO, rowMaximum, rowWeight, skipRow } from './softmaxRow';
import { subtractProduct } from './vector';

// Forward KL and soft cross-entropy: Σ p (log p − log q) and −Σ p log q share the gradient (q − p)/T in the logits.
//
// Each row is read twice: once for the two maxima, once for the exponentials, which are computed once per element and
// kept (the student's in the gradient row, the teacher's in `scratch`) for the last pass, gradient = a·e_s − b·e_t.

/**
 * Rows of teacher and student logits to values and the student's gradient. With c = weight[r]·scale,
 * value[r] = c·factor·KL(p‖q) (c·factor·H(p, q) for `crossEntropy`), gradient[r] = c·factor·(q − p)/T; returns Σ value.
 *
 * `values`, `gradient` and `weights` may be null (0); `scratch` holds two rows. Rows of weight 0 are not read.
 */
export function forwardDivergence(
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
  crossEntropy: bool,
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
    // Without a gradient the student's exponentials have no use; they go to the second row of the scratch.
    const g = gradient == 0 ? scratch + rowBytes : gradient + row * rowBytes;
    accumulatePair(t, s, classes, k, rowMaximum(t, classes), rowMaximum(s, classes), scratch, g, !crossEntropy);
    const normalizer = Math.log(secondSum) - (crossEntropy ? 0 : Math.log(firstSum));
    const value = weight * factor * ((NATURAL_LOG_OF_TWO * termSum) / firstSum + normalizer);
    if (values != 0) store<f32>(values + (row << 2), <f32>value);
    total += value;
    if (gradient != 0) {
      const rowScale = (weight * factor) / temperature;
      combineRow(g, scratch, classes, <f32>(rowScale / secondSum), <f32>(rowScale / firstSum));
    }
  }
  return total;
}

/** gradient = a·gradient − b·teacherExponentials. */
@inline
function combineRow(gradient: usize, teacherExponentials: usize, count: usize, a: f32, b: f32): void {
  const studentFactor = f32x4.splat(a);
  const teacherFactor = f32x4.splat(b);
  const end = gradient + (count << 2);
  for (; gradient + 32 <= end; gradient += 32, teacherExponentials += 32) {
    const first = f32x4.mul(v128.load(gradient), studentFactor);
    const second = f32x4.mul(v128.load(gradient, 16), studentFactor);
    v128.store(gradient, subtractProduct(v128.load(teacherExponentials), teacherFactor, first));
    v128.store(gradient, subtractProduct(v128.load(teacherExponentials, 16), teacherFactor, second), 16);
  }
  for (; gradient < end; gradient += 4, teacherExponentials += 4) {
    store<f32>(gradient, load<f32>(gradient) * a - load<f32>(teacherExponentials) * b);
  }
}
