import { correlationOf } from '../../ops/pairMoments.ts';
import type { TensorLike } from '../../tensor.ts';
import {
  type CorrelationOptions,
  type CorrelationResult,
  constantResult,
  fisherInterval,
  type Series,
  tTest,
} from './correlation.ts';
import { ordinaryWeights } from './ordinaryWeights.ts';
import { type RankCorrelation, rankCorrelation } from './rankMetric.ts';
import { tieGroups } from './tieGroups.ts';

/**
 * Spearman's rank correlation: Pearson's correlation of the ranks, where equal numbers share the mean of their ranks.
 *
 * Inputs: `x` and `y` of one shape, a row each number, of which only the order counts (±Infinity has a rank too); optional
 * `rowWeights` and `labels` with `ignoreIndex`. Ranks need all rows: it streams and merges exactly, with a state that holds the
 * numbers of every row. Twice a centred rank is a whole number, and up to 300 000 rows the sums of their products are below
 * 2⁵³: until the last division nothing is rounded.
 *
 * Called with two series, it gives their correlation at once.
 *
 * @returns A metric, or for two series `{ value, status, count, interval, pValue }`: the interval on Fisher's scale with the variance
 *   (1 + ρ²/2)/(n − 3), and the two-sided t test of no correlation.
 * @throws RangeError for NaN; TypeError for different shapes.
 * @example
 * const { value } = spearmanCorrelation([1, 2, 3, 4], [1, 2, 2, 9]); // 0.9487
 * @see Bonett and Wright, "Sample size requirements for estimating Pearson, Kendall and Spearman correlations", 2000.
 */
// @__NO_SIDE_EFFECTS__
export function spearmanCorrelation(options?: CorrelationOptions): RankCorrelation;
/** The rank correlation of two series at once. */
export function spearmanCorrelation(x: TensorLike, y: TensorLike, options?: CorrelationOptions): CorrelationResult;
export function spearmanCorrelation(
  first?: CorrelationOptions | TensorLike,
  y?: TensorLike,
  options?: CorrelationOptions,
): RankCorrelation | CorrelationResult {
  return rankCorrelation('spearmanCorrelation', spearmanCorrelation, correlateRanks, first, y, options);
}

function correlateRanks({ x, y }: Series, weights: Float64Array, level: number): CorrelationResult {
  const count = weights.reduce((sum, weight) => sum + weight, 0);
  const near = ordinaryWeights(weights);
  const value = rankProductMoment(doubledCentredRanks(x, near), doubledCentredRanks(y, near), near);
  if (value === undefined) return constantResult(count);
  const interval = fisherInterval(value, level, (1 + value ** 2 / 2) / (count - 3));
  return { value, status: 'ok', count, interval, pValue: tTest(value, count) };
}

/** Pearson's correlation of ranks; undefined where one side is constant. */
export function rankProductMoment(x: Float64Array, y: Float64Array, weights: Float64Array): number | undefined {
  const [xx, yy, xy] = [dot(x, x, weights), dot(y, y, weights), dot(x, y, weights)];
  if (xx === 0 || yy === 0) return undefined;
  return correlationOf({ xx, xy, yy });
}

/** 2·rank − (n + 1), ties sharing their mean rank: whole numbers with sum 0, where weights are whole. */
export function doubledCentredRanks(values: Float64Array, weights: Float64Array): Float64Array {
  const groups = tieGroups(values, weights);
  const total = groups.weights.reduce((sum, weight) => sum + weight, 0);
  let before = 0;
  const ranks = groups.weights.map((weight) => {
    const rank = 2 * before + weight - total;
    before += weight;
    return rank;
  });
  return Float64Array.from(groups.places, (place) => ranks[place]!);
}

/** Σ w·a·b with Neumaier's compensation, which matters above 300 000 rows only. */
function dot(a: Float64Array, b: Float64Array, weights: Float64Array): number {
  let sum = 0;
  let lost = 0;
  for (let index = 0; index < a.length; index++) {
    const term = weights[index]! * a[index]! * b[index]!;
    const next = sum + term;
    lost += Math.abs(sum) >= Math.abs(term) ? sum - next + term : term - next + sum;
    sum = next;
  }
  return sum + lost;
}
