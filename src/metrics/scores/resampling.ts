/** Seeded resamples of row numbers, and quantiles of what they give: shared by both bootstraps. */
import { between, readOptions, whole } from '../../options.ts';
import { deriveSeed, randomBelow } from '../../random.ts';

/** Options of a bootstrap. */
export interface BootstrapOptions {
  /** The number of rows that are resampled. */
  readonly rows: number;
  /** How many resamples are drawn. Default 1000. */
  readonly resamples?: number;
  /** The share of resamples inside the interval, in (0, 1). Default 0.95. */
  readonly confidence?: number;
  /** Same seed, same resamples. Default 0. */
  readonly seed?: number;
}

/** Checks the options and fills in defaults. */
export function checkBootstrap(where: string, options: BootstrapOptions): Required<BootstrapOptions> {
  return readOptions(where, options, {
    rows: whole(1),
    resamples: whole(2, 1000),
    confidence: between(0, 1, 0.95),
    seed: whole(0, 0),
  });
}

/** Row numbers drawn with replacement; each resample has draws of its own, whatever the others'. */
export function resampledRows(
  { rows, seed }: Pick<Required<BootstrapOptions>, 'rows' | 'seed'>,
  resample: number,
): Int32Array {
  const own = deriveSeed(seed, resample);
  return Int32Array.from({ length: rows }, (_, index) => randomBelow(own, index, rows));
}

/** The quantile of sorted numbers, interpolated linearly between neighbours. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const position = share * (sorted.length - 1);
  const below = Math.floor(position);
  const fraction = position - below;
  const lower = sorted[below]!;
  return fraction === 0 ? lower : lower + fraction * (sorted[below + 1]! - lower);
}

/** Percentile interval and standard deviation of the resamples' statistics. */
export function spread(
  statistics: Float64Array,
  confidence: number,
): { readonly lower: number; readonly upper: number; readonly standardError: number } {
  const sorted = statistics.slice().sort();
  const mean = statistics.reduce((sum, value) => sum + value, 0) / statistics.length;
  const squares = statistics.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    lower: quantile(sorted, (1 - confidence) / 2),
    upper: quantile(sorted, (1 + confidence) / 2),
    standardError: Math.sqrt(squares / (statistics.length - 1)),
  };
}

/** Twice the smaller share of resampled differences on one side of 0, at most 1; the sample itself counts as one resample. */
export function signPValue(differences: Float64Array): number {
  const atMost = differences.filter((value) => value <= 0).length;
  const atLeast = differences.filter((value) => value >= 0).length;
  return Math.min(1, (2 * (Math.min(atMost, atLeast) + 1)) / (differences.length + 1));
}
