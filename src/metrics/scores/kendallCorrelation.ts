import { normalTail } from '../../ops/normalTail.ts';
import type { TensorLike } from '../../tensor.ts';
import {
  type CorrelationOptions,
  type CorrelationResult,
  constantResult,
  fisherInterval,
  type Series,
} from './correlation.ts';
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
 *   0.437/(n − 4); the two-sided p-value of independence, exact for up to 33 rows without ties, else by the normal
 *   approximation with its variance corrected for ties.
 * @throws RangeError for NaN; TypeError for different shapes.
 * @example
 * const { value } = kendallCorrelation([1, 2, 3, 4], [1, 3, 2, 4]); // 0.6666666666666666
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
  const value = tauB(order);
  if (value === undefined) return constantResult(count);
  const interval = fisherInterval(value, level, 0.437 / (count - 4));
  return { value, status: 'ok', count, interval, pValue: count > 2 ? pValueOf(order) : null };
}

/** τ_b; undefined where one side is constant. */
export function tauB({ count, difference, tiesX, tiesY }: PairOrder): number | undefined {
  const pairs = (count * (count - 1)) / 2;
  const [orderedX, orderedY] = [pairs - pairsIn(tiesX), pairs - pairsIn(tiesY)];
  if (!(orderedX > 0 && orderedY > 0)) return undefined;
  return Math.max(-1, Math.min(1, difference / Math.sqrt(orderedX * orderedY)));
}

function total(groups: Float64Array, term: (size: number) => number): number {
  return groups.reduce((sum, size) => sum + term(size), 0);
}

const pairsIn = (groups: Float64Array): number => total(groups, (size) => (size * (size - 1)) / 2);

function pValueOf({ count: n, difference, tiesX, tiesY }: PairOrder): number {
  const isTied = tiesX.length < n || tiesY.length < n;
  if (!isTied && Number.isInteger(n) && n <= mostExact) return exactPValue(n, difference);
  const asTriples = (groups: Float64Array): number => total(groups, (size) => size * (size - 1) * (size - 2));
  const asVariance = (groups: Float64Array): number => total(groups, (size) => size * (size - 1) * (2 * size + 5));
  const ordered = n * (n - 1);
  const variance =
    (ordered * (2 * n + 5) - asVariance(tiesX) - asVariance(tiesY)) / 18 +
    (2 * pairsIn(tiesX) * pairsIn(tiesY)) / ordered +
    (asTriples(tiesX) * asTriples(tiesY)) / (9 * ordered * (n - 2));
  return Math.min(1, 2 * normalTail(Math.abs(difference) / Math.sqrt(variance)));
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
