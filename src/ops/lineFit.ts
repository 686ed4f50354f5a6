/** The least-squares line of y on x with its confidence interval, from the first two moments. */
import { studentTCritical } from './studentTCritical.ts';

/** Number, means, and sums of products of the differences from the means. */
export interface PairMoments {
  readonly count: number;
  readonly meanX: number;
  readonly meanY: number;
  readonly xx: number;
  readonly xy: number;
  readonly yy: number;
}

/** A line y = intercept + slope·x, and how well it is known. */
export interface LineFit {
  /** Of the slope: the root of the residual variance, over count − 2 degrees of freedom, over Σ(x − x̄)². */
  readonly standardError: number | null;
  /** Of the slope, by Student's t; null with two points, which leave no degree of freedom. */
  readonly interval: { readonly low: number; readonly high: number; readonly level: number } | null;
  readonly slope: number;
  readonly intercept: number;
  /** Pearson's; null where y is constant. */
  readonly correlation: number | null;
}

/** Moments of paired values, by two passes in float64. */
export function pairMoments(x: Float64Array, y: Float64Array): PairMoments {
  const count = x.length;
  const meanX = x.reduce((sum, value) => sum + value, 0) / count;
  const meanY = y.reduce((sum, value) => sum + value, 0) / count;
  let [xx, xy, yy] = [0, 0, 0];
  for (let index = 0; index < count; index++) {
    const dx = x[index]! - meanX;
    const dy = y[index]! - meanY;
    xx += dx * dx;
    xy += dx * dy;
    yy += dy * dy;
  }
  return { count, meanX, meanY, xx, xy, yy };
}

/** Moments of both parts from those of each (Chan, Golub and LeVeque): the means' difference adds to the products. */
export function mergePairMoments(first: PairMoments, second: PairMoments): PairMoments {
  if (first.count === 0) return second;
  if (second.count === 0) return first;
  const count = first.count + second.count;
  const dx = second.meanX - first.meanX;
  const dy = second.meanY - first.meanY;
  const share = second.count / count;
  const factor = first.count * share;
  return {
    count,
    meanX: first.meanX + dx * share,
    meanY: first.meanY + dy * share,
    xx: first.xx + second.xx + dx * dx * factor,
    xy: first.xy + second.xy + dx * dy * factor,
    yy: first.yy + second.yy + dy * dy * factor,
  };
}

/** The line through points of which at least two differ in x. */
export function fitLine({ count, meanX, meanY, xx, xy, yy }: PairMoments, level: number): LineFit {
  const slope = xy / xx;
  const intercept = meanY - slope * meanX;
  const correlation = yy > 0 ? xy / Math.sqrt(xx * yy) : null;
  if (count < 3) return { slope, intercept, correlation, standardError: null, interval: null };
  const residual = Math.max(0, yy - slope * xy);
  const standardError = Math.sqrt(residual / (count - 2) / xx);
  const reach = studentTCritical(level, count - 2) * standardError;
  return { slope, intercept, correlation, standardError, interval: { low: slope - reach, high: slope + reach, level } };
}
