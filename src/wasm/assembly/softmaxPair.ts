import { powerOfTwo } from './exponential';
import { BLOCK } from './softmaxRow';
import { laneSum, loadTail, storeTail } from './vector';

// The pass that every two-sided softmax loss makes over a row: both sides' exponentials, kept for the passes after it,
// and the sums that decide the value. `first` is the distribution that the expectation is taken over.

/** Σ e₁. */
export let firstSum: f64 = 0;
/** Σ e₂. */
export let secondSum: f64 = 0;
/** Σ e₁·(y₁ − y₂), or Σ e₁·(−y₂) where the entropy is left out. */
export let termSum: f64 = 0;

/** Fills the three sums and the two rows of exponentials. */
export function accumulatePair(
  first: usize,
  second: usize,
  count: usize,
  scale: f32,
  firstMaximum: f32,
  secondMaximum: f32,
  firstExponentials: usize,
  secondExponentials: usize,
  withEntropy: bool,
): void {
  const entropyMask = i32x4.splat(withEntropy ? -1 : 0);
  const k = f32x4.splat(scale);
  const firstShift = f32x4.splat(firstMaximum);
  const secondShift = f32x4.splat(secondMaximum);
  const zero = f32x4.splat(0);
  firstSum = 0;
  secondSum = 0;
  termSum = 0;
  const bytes = count << 2;
  let offset: usize = 0;
  while (offset < bytes) {
    const blockEnd = min(offset + (BLOCK << 2), bytes);
    let sum1 = zero;
    let sum2 = zero;
    let terms = zero;
    for (; offset + 32 <= blockEnd; offset += 32) {
      const y1 = f32x4.mul(f32x4.sub(v128.load(first + offset), firstShift), k);
      const y2 = f32x4.mul(f32x4.sub(v128.load(second + offset), secondShift), k);
      const y3 = f32x4.mul(f32x4.sub(v128.load(first + offset, 16), firstShift), k);
      const y4 = f32x4.mul(f32x4.sub(v128.load(second + offset, 16), secondShift), k);
      const e1 = powerOfTwo(y1);
      const e3 = powerOfTwo(y3);
      const e2 = powerOfTwo(y2);
      const e4 = powerOfTwo(y4);
      v128.store(firstExponentials + offset, e1);
      v128.store(firstExponentials + offset, e3, 16);
      v128.store(secondExponentials + offset, e2);
      v128.store(secondExponentials + offset, e4, 16);
      sum1 = f32x4.add(sum1, f32x4.add(e1, e3));
      sum2 = f32x4.add(sum2, f32x4.add(e2, e4));
      terms = f32x4.add(terms, f32x4.add(term(e1, y1, y2, entropyMask), term(e3, y3, y4, entropyMask)));
    }
    for (; offset < blockEnd; offset += 16) {
      const left = (blockEnd - offset) >> 2;
      const lowest = f32x4.splat(-Infinity);
      const x1 = left >= 4 ? v128.load(first + offset) : loadTail(first + offset, left, lowest);
      const x2 = left >= 4 ? v128.load(second + offset) : loadTail(second + offset, left, lowest);
      const y1 = f32x4.mul(f32x4.sub(x1, firstShift), k);
      const y2 = f32x4.mul(f32x4.sub(x2, secondShift), k);
      const e1 = powerOfTwo(y1);
      const e2 = powerOfTwo(y2);
      if (left >= 4) {
        v128.store(firstExponentials + offset, e1);
        v128.store(secondExponentials + offset, e2);
      } else {
        storeTail(firstExponentials + offset, left, e1);
        storeTail(secondExponentials + offset, left, e2);
      }
      sum1 = f32x4.add(sum1, e1);
      sum2 = f32x4.add(sum2, e2);
      terms = f32x4.add(terms, term(e1, y1, y2, entropyMask));
    }
    firstSum += laneSum(sum1);
    secondSum += laneSum(sum2);
    termSum += laneSum(terms);
  }
}

/** 0 where the probability is 0: there 0·(±Infinity) and 0·NaN stand for a limit that is 0. */
@inline
function term(exponential: v128, y1: v128, y2: v128, entropyMask: v128): v128 {
  const difference = f32x4.sub(v128.and(y1, entropyMask), y2);
  const absent = f32x4.eq(exponential, f32x4.splat(0));
  return v128.andnot(f32x4.mul(exponential, difference), absent);
}
