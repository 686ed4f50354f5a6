/** Welch's test: whether the means of two samples differ, whose spreads may. */
import { studentTTail } from '../../ops/studentTTail.ts';
import { unitFactorOf } from '../../ops/unitFactor.ts';

/** What the test finds. */
export interface Welch {
  /** (mean₂ − mean₁)/√(s₁²/n₁ + s₂²/n₂); ±Infinity where both samples are constant and differ, 0 where they do not. */
  readonly t: number;
  readonly pValue: number;
}

/**
 * The two-sided test of a second sample against a first one; null where one of them has fewer than two numbers.
 *
 * @param rounding How far each number may be off: numbers that differ by no more are equal.
 */
export function welch(first: readonly number[], second: readonly number[], rounding = 0): Welch | null {
  if (first.length < 2 || second.length < 2) return null;
  // Near 1, so that neither large nor small numbers leave the range of their squares.
  const unit = unitFactorOf([...first, ...second]);
  const [one, two] = [first, second].map((sample) => momentsOf(sample, unit, rounding)) as [Moments, Moments];
  const difference = two.mean - one.mean;
  const [a, b] = [one.variance / first.length, two.variance / second.length];
  if (a + b === 0) {
    const isSame = Math.abs(difference) <= rounding * unit;
    return isSame ? { t: 0, pValue: 1 } : { t: Math.sign(difference) * Infinity, pValue: 0 };
  }
  const t = difference / Math.sqrt(a + b);
  const [shareA, shareB] = [a / (a + b), b / (a + b)];
  const degrees = 1 / (shareA ** 2 / (first.length - 1) + shareB ** 2 / (second.length - 1));
  return { t, pValue: Math.min(1, 2 * studentTTail(Math.abs(t), degrees)) };
}

interface Moments {
  readonly mean: number;
  readonly variance: number;
}

function momentsOf(sample: readonly number[], unit: number, rounding: number): Moments {
  const values = sample.map((value) => value * unit);
  const start = values[0]!;
  // From the first number on: the mean of equal ones may be off by a rounding, and their variance is exactly 0.
  const mean = start + values.reduce((sum, value) => sum + (value - start), 0) / values.length;
  if (values.every((value) => Math.abs(value - start) <= rounding * unit)) return { mean, variance: 0 };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, variance: squares / (values.length - 1) };
}
