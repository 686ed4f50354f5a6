/**
 * The first two moments of paired numbers, whatever their scale: each side is divided by a power of two near its largest
 * number, which goes with the moments, so that no square overflows or vanishes.
 */
import type { Backend } from '../backend.ts';
import { unitFactor, unitFactorOf } from './unitFactor.ts';

/** Weight, means, and sums of products of the differences from the means, of x·factorX and y·factorY. */
export interface PairMoments {
  readonly count: number;
  readonly meanX: number;
  readonly meanY: number;
  readonly xx: number;
  readonly xy: number;
  readonly yy: number;
  /** A power of two, or 0 where all of x are 0. */
  readonly factorX: number;
  readonly factorY: number;
}

/** The names of the moments. */
export const momentNames = ['count', 'meanX', 'meanY', 'xx', 'xy', 'yy', 'factorX', 'factorY'] as const;

/** The moments of a batch on a device. */
export type MomentsOn<T> = Readonly<Record<keyof PairMoments, T>>;

/**
 * Moments of paired numbers [rows] on a device.
 *
 * @param weights One a row, 0 for a row that does not count; where it is, x and y are finite. Undefined for 1 throughout.
 */
export function pairMomentsOn<T>(backend: Backend<T>, x: T, y: T, weights?: T): MomentsOn<T> {
  const [rows = 0] = backend.shapeOf(x);
  const weighted = (values: T): T => (weights === undefined ? values : backend.multiply(weights, values));
  const count = weights === undefined ? backend.scalar(rows) : backend.sum(weights);
  const divisor = weights === undefined ? count : backend.where(count, count, backend.scalar(1));
  const meanOf = (values: T): T => backend.divide(backend.sum(weighted(values)), divisor);
  const side = (values: T) => {
    const { factor } = unitFactor(backend, values);
    const scaled = backend.multiply(values, factor);
    const mean = meanOf(scaled);
    const rough = backend.subtract(scaled, mean);
    // The first mean is rounded: what it leaves is taken off again.
    const rest = meanOf(rough);
    return { factor, mean: backend.add(mean, rest), differences: backend.subtract(rough, rest) };
  };
  const [first, second] = [side(x), side(y)];
  const product = (a: T, b: T): T => backend.sum(weighted(backend.multiply(a, b)));
  return {
    count,
    meanX: first.mean,
    meanY: second.mean,
    xx: product(first.differences, first.differences),
    xy: product(first.differences, second.differences),
    yy: product(second.differences, second.differences),
    factorX: first.factor,
    factorY: second.factor,
  };
}

/** Moments of paired numbers on the host, by two passes in float64. */
export function pairMomentsOf(x: Float64Array, y: Float64Array, weights?: Float64Array): PairMoments {
  const count = weights === undefined ? x.length : weights.reduce((sum, weight) => sum + weight, 0);
  const [factorX, factorY] = [unitFactorOf(x), unitFactorOf(y)];
  const weightOf = (index: number): number => weights?.[index] ?? 1;
  const meanOf = (values: Float64Array, factor: number): number =>
    values.reduce((sum, value, index) => sum + weightOf(index) * (value * factor), 0) / count;
  const [meanX, meanY] = [meanOf(x, factorX), meanOf(y, factorY)];
  let [xx, xy, yy] = [0, 0, 0];
  for (let index = 0; index < x.length; index++) {
    const dx = x[index]! * factorX - meanX;
    const dy = y[index]! * factorY - meanY;
    const weight = weightOf(index);
    xx += weight * dx * dx;
    xy += weight * dx * dy;
    yy += weight * dy * dy;
  }
  return { count, meanX, meanY, xx, xy, yy, factorX, factorY };
}

/**
 * Moments of both parts from those of each (Chan, Golub and LeVeque): the means' difference adds to the products. The larger
 * unit of the two serves both.
 */
export function mergePairMoments(first: PairMoments, second: PairMoments): PairMoments {
  if (first.count === 0) return second;
  if (second.count === 0) return first;
  const [x, y] = [unitOfBoth(first.factorX, second.factorX), unitOfBoth(first.factorY, second.factorY)];
  const [one, two] = [inUnits(first, x.first, y.first), inUnits(second, x.second, y.second)];
  const count = one.count + two.count;
  const dx = two.meanX - one.meanX;
  const dy = two.meanY - one.meanY;
  const share = two.count / count;
  const weight = one.count * share;
  return {
    count,
    meanX: one.meanX + dx * share,
    meanY: one.meanY + dy * share,
    xx: one.xx + two.xx + dx * dx * weight,
    xy: one.xy + two.xy + dx * dy * weight,
    yy: one.yy + two.yy + dy * dy * weight,
    factorX: x.factor,
    factorY: y.factor,
  };
}

/** The smaller of two factors, and what each part's numbers are multiplied by to have it. Those of factor 0 are all 0. */
function unitOfBoth(first: number, second: number) {
  const factor = first === 0 || second === 0 ? Math.max(first, second) : Math.min(first, second);
  const shareOf = (own: number): number => (own === 0 ? 1 : factor / own);
  return { factor, first: shareOf(first), second: shareOf(second) };
}

function inUnits(moments: PairMoments, x: number, y: number): PairMoments {
  const { count, meanX, meanY, xx, xy, yy } = moments;
  const { factorX, factorY } = moments;
  return {
    count,
    meanX: meanX * x,
    meanY: meanY * y,
    xx: xx * x * x,
    xy: xy * x * y,
    yy: yy * y * y,
    factorX,
    factorY,
  };
}

/** How far from ±1 the rounding of three sums in float64 may bring a correlation that is ±1. */
const correlationRounding = 2 ** -48;

/**
 * Pearson's correlation from sums of products of which neither side's is 0. What lacks no more than rounding to ±1 is ±1: a test
 * or an error of it goes by √(1 − r²), which makes 1e-8 of a rounding of 1e-16.
 */
export function correlationOf({ xx, xy, yy }: Pick<PairMoments, 'xx' | 'xy' | 'yy'>): number {
  // Two roots: the product of the sums may overflow.
  const value = xy / Math.sqrt(xx) / Math.sqrt(yy);
  return Math.abs(value) >= 1 - correlationRounding ? Math.sign(value) : value;
}

/**
 * Whether numbers of this weight, mean and sum of squared differences from it are all equal but for the rounding of float64, by
 * which they, and their mean, may each be off. For numbers that were computed: given ones are compared.
 */
export function isConstantButForRounding(count: number, mean: number, squares: number): boolean {
  return squares <= count * (2 ** -49 * mean) ** 2;
}
