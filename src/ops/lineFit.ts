/** The least-squares line of y on x with its confidence interval, from the first two moments. */
import { correlationOf, isConstantButForRounding, type PairMoments } from './pairMoments.ts';
import { studentTCritical } from './studentTCritical.ts';

/** A line y = intercept + slope·x, and how well it is known. */
export interface LineFit {
  /** Of the slope: the root of the residual variance, over count − 2 degrees of freedom, over Σ(x − x̄)². */
  readonly standardError: number | null;
  /** Of the slope, by Student's t; null with two points, which leave no degree of freedom. */
  readonly interval: { readonly low: number; readonly high: number; readonly level: number } | null;
  readonly slope: number;
  readonly intercept: number;
  /** Pearson's; null where y is constant, to rounding. */
  readonly correlation: number | null;
}

/** The line through points of which at least two differ in x. */
export function fitLine(moments: PairMoments, level: number): LineFit {
  const { count, meanX, meanY, xx, xy, yy, factorX, factorY } = moments;
  // Of numbers that are all 0 every unit is as good.
  const [unitX, unitY] = [1 / (factorX || 1), 1 / (factorY || 1)];
  const relative = xy / xx;
  const slope = (relative * unitY) / unitX;
  const intercept = (meanY - relative * meanX) * unitY;
  const correlation = isConstantButForRounding(count, meanY, yy) ? null : correlationOf(moments);
  if (count < 3) return { slope, intercept, correlation, standardError: null, interval: null };
  // Of points on a line, and of a constant, the difference would be rounding.
  const exact = correlation === null || Math.abs(correlation) === 1;
  const residual = exact ? 0 : Math.max(0, yy - relative * xy);
  const standardError = (Math.sqrt(residual / (count - 2) / xx) * unitY) / unitX;
  const reach = studentTCritical(level, count - 2) * standardError;
  return { slope, intercept, correlation, standardError, interval: { low: slope - reach, high: slope + reach, level } };
}
