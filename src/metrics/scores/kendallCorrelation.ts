import { normalTail } from '../../ops/normalTail.ts';
import type { TensorLike } from '../../tensor.ts';
import {
  type CorrelationOptions,
  type CorrelationResult,
  constantResult,
  fisherInterval,
  type Series,
} from './correlation.ts';
import { ordinaryWeights } from './ordinaryWeights.ts';
import { type PairOrder, pairOrder } from './pairOrder.ts';
import { type RankCorrelation, rankCorrelation } from './rankMetric.ts';

/** Up to here, and without ties, the p-value is exact. */
const mostExact = 33;

/**
 * Kendall's rank correlation τ_b: of all pairs of rows, those that both series order alike less those that they order
 * against each other, over the geometric mean of the pairs that either series orders at all,
 *
 *     (C − D)/√((n₀ − n₁)(n₀ − n₂)),   n₀ = n(n − 1)/2, n₁ and n₂ the pairs that are tied in x and in y
 *
 * Inputs: `x` and `y` of one shape, a row each number, of which only the order counts (±Infinity has one too); optional
 * `rowWeights` and `labels` with `ignoreIndex`. It streams and merges exactly, with a state that holds the numbers of every
 * row. Time grows as n·log n.
 *
 * Called with two series, it gives their correlation at once.
 *
 * @returns A metric, or for two series `{ value, status, count, interval, pValue }`: the interval on Fisher's scale with the variance
 *   0.437/(n − 4); the two-sided p-value of independence, exact for up to 33 rows of weight 1 without ties, else by the normal
 *   approximation with its variance corrected for ties.
 * @throws RangeError for NaN; TypeError for different shapes.
 * @example
 * const { value } = kendallCorrelation([1, 2, 3, 4], [1, 3, 2, 4]); // 0.6667
 * @see Kendall, "Rank correlation methods", 1970; Fieller, Hartley and Pearson, "Tests for rank correlation coefficients", 1957.
 */
// @__NO_SIDE_EFFECTS__
export function kendallCorrelation(options?: CorrelationOptions): RankCorrelation;
/** The rank correlation of two series at once. */
export function kendallCorrelation(x: TensorLike, y: TensorLike, options?: CorrelationOptions): CorrelationResult;
export function kendallCorrelation(
  first?: CorrelationOptions | TensorLike,
  y?: TensorLike,
  options?: CorrelationOptions,
): RankCorrelation | CorrelationResult {
  return rankCorrelation('kendallCorrelation', kendallCorrelation, correlateOrders, first, y, options);
}

function correlateOrders({ x, y }: Series, weights: Float64Array, level: number): CorrelationResult {
  const order = pairOrder(x, y, weights);
  const { count } = order;
  const near = ordinaryWeights(weights);
  const pairs = near === weights ? order : pairOrder(x, y, near);
  const value = tauB(pairs);
  if (value === undefined) return constantResult(count);
  const interval = fisherInterval(value, level, 0.437 / (count - 4));
  return {
    value,
    status: 'ok',
    count,
    interval,
    pValue: count > 2 ? pValueOf(order, pairs.difference / pairs.count ** 2) : null,
  };
}

/** τ_b; undefined where one side is constant. */
export function tauB({ difference, tiesX, tiesY }: PairOrder): number | undefined {
  if (tiesX.length < 2 || tiesY.length < 2) return undefined;
  const ordered = Math.sqrt(pairsBetween(tiesX) * pairsBetween(tiesY));
  return Math.max(-1, Math.min(1, difference / ordered));
}

/** Pairs of rows in different groups: n₀ − n₁ without the difference, which for weights far below 1 would be rounding. */
function pairsBetween(groups: Float64Array): number {
  let [pairs, before] = [0, 0];
  for (const size of groups) {
    pairs += size * before;
    before += size;
  }
  return pairs;
}

/** The p-value of an order, of which the difference is a share of n². */
function pValueOf({ count: n, difference, tiesX, tiesY }: PairOrder, share: number): number {
  const isSingle = (size: number): boolean => size === 1;
  if (n <= mostExact && tiesX.every(isSingle) && tiesY.every(isSingle)) return exactPValue(n, difference);
  // Each factor over n, so that of large weights no product leaves the range of numbers.
  const total = (groups: Float64Array, term: (size: number) => number): number =>
    groups.reduce((sum, size) => sum + term(size), 0);
  const asPairs = (size: number): number => (size / n) * ((size - 1) / n);
  const asTriples = (size: number): number => asPairs(size) * ((size - 2) / n);
  const asVariance = (size: number): number => asPairs(size) * ((2 * size + 5) / n);
  const ordered = asPairs(n);
  const variance =
    (asVariance(n) - total(tiesX, asVariance) - total(tiesY, asVariance)) / 18 +
    (total(tiesX, asPairs) * total(tiesY, asPairs)) / (2 * ordered * n) +
    (total(tiesX, asTriples) * total(tiesY, asTriples)) / (9 * ordered * ((n - 2) / n));
  return Math.min(1, 2 * normalTail((Math.abs(share) / Math.sqrt(variance)) * Math.sqrt(n)));
}

/** Twice the share of all orders of n rows with no more inversions than the rarer kind of pairs here, at most 1. */
function exactPValue(n: number, difference: number): number {
  const pairs = (n * (n - 1)) / 2;
  const inversions = (pairs - Math.abs(difference)) / 2;
  // The shares of orders by their number of inversions: row k adds 0 … k − 1 of them, each as likely.
  let shares = Float64Array.of(1);
  for (let row = 2; row <= n; row++) {
    const next = new Float64Array(shares.length + row - 1);
    shares.forEach((share, index) => {
      for (let added = 0; added < row; added++) next[index + added]! += share / row;
    });
    shares = next;
  }
  return Math.min(1, 2 * shares.slice(0, inversions + 1).reduce((sum, share) => sum + share, 0));
}
