/** Bounds of a bootstrap interval from the resamples' statistics: by percentiles, reflected, or corrected for bias and skewness. */
import { centredRoot } from '../../ops/centredRoot.ts';
import { normalQuantile, normalShare } from '../../ops/normalTail.ts';
import { type OptionReader, word } from '../../options.ts';
import { quantile } from './quantile.ts';

/** How resamples become bounds. */
export type BootstrapMethod = 'percentile' | 'basic' | 'bca';

/** Which side of an interval is bounded. */
export type BootstrapAlternative = 'twoSided' | 'less' | 'greater';

/** Options of how resamples become an interval. */
export interface BootstrapBoundsOptions {
  /**
   * `'percentile'` (default): quantiles of the resamples. `'basic'`: these reflected at the statistic, 2θ − quantile.
   * `'bca'`: quantiles moved for the bias and the skewness of the statistic (bias-corrected and accelerated), for which it is
   * computed once more for each row, without that row; above 1000 rows, without each of 1000 groups of them.
   */
  readonly method?: BootstrapMethod;
  /**
   * `'twoSided'` (default); `'greater'`: the lower bound alone, for the claim that the number is greater than something, with
   * Infinity above; `'less'`: the upper bound alone, with −Infinity below. Such a bound has all of `confidence` on its side.
   */
  readonly alternative?: BootstrapAlternative;
}

/** The options, checked. */
export type CheckedBounds = Required<BootstrapBoundsOptions> & { readonly confidence: number };

/** Readers of the options. */
export function boundsReaders(): {
  readonly method: OptionReader<BootstrapMethod>;
  readonly alternative: OptionReader<BootstrapAlternative>;
} {
  return {
    method: word(['percentile', 'basic', 'bca'], 'percentile'),
    alternative: word(['twoSided', 'less', 'greater'], 'twoSided'),
  };
}

/** As many groups of rows are left out at most: more would cost more than they tell of the skewness. */
const mostGroups = 1000;

/** How many groups of the rows (or clusters) the bounds want to see left out in turn. */
export function groupsLeftOut({ method }: CheckedBounds, units: number): number {
  // Of a single row nothing is left.
  return method === 'bca' && units > 1 ? Math.min(units, mostGroups) : 0;
}

/** The bounds of an interval. */
export interface BootstrapBounds {
  readonly lower: number;
  readonly upper: number;
}

/**
 * The bounds.
 *
 * @param value The statistic of the rows as they are.
 * @param without The statistic without each group of rows (or clusters) in turn, as many as `groupsLeftOut` wants.
 */
export function bootstrapBounds(
  resamples: Float64Array,
  value: number,
  { method, alternative, confidence }: CheckedBounds,
  without: Float64Array,
): BootstrapBounds {
  const sorted = resamples.slice().sort();
  const below = alternative === 'twoSided' ? (1 - confidence) / 2 : 1 - confidence;
  const adjusted = method === 'bca' ? accelerated(sorted, value, without) : (share: number) => share;
  const [low, high] = [quantile(sorted, adjusted(below)), quantile(sorted, adjusted(1 - below))];
  const [lower, upper] =
    method === 'basic' ? [reflected(high, value, -Infinity), reflected(low, value, Infinity)] : [low, high];
  return {
    lower: alternative === 'less' ? -Infinity : lower,
    upper: alternative === 'greater' ? Infinity : upper,
  };
}

/** 2θ − quantile; where both are infinite there is no bound. */
function reflected(bound: number, value: number, none: number): number {
  const mirrored = 2 * value - bound;
  return Number.isNaN(mirrored) ? none : mirrored;
}

/**
 * Which share of the resamples stands in for a share, by Efron's correction: z₀ for the bias, a for the skewness,
 *
 *     Φ(z₀ + (z₀ + z)/(1 − a·(z₀ + z)))
 */
function accelerated(sorted: Float64Array, value: number, without: Float64Array): (share: number) => number {
  const most = sorted.length;
  const less = sorted.filter((resample) => resample < value).length;
  const atMost = sorted.filter((resample) => resample <= value).length;
  // Where all resamples lie on one side, half of one is taken to lie on the other: the bias is large, but not infinite.
  const share = Math.min(Math.max((less + atMost) / 2 / most, 0.5 / most), 1 - 0.5 / most);
  const bias = normalQuantile(share);
  const acceleration = skewness(without);
  return (wanted) => {
    const z = bias + normalQuantile(wanted);
    return normalShare(bias + z / (1 - acceleration * z));
  };
}

/** Σ d³ / 6(Σ d²)^{3/2} of the differences d from the mean to each, of any size; 0 where all are equal, or one is infinite. */
function skewness(values: Float64Array): number {
  const { mean, root } = centredRoot(values);
  if (!(root > 0 && root < Infinity)) return 0;
  return values.reduce((sum, value) => sum + ((mean - value) / root) ** 3, 0) / 6;
}
