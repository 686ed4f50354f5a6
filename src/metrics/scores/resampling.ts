/** Seeded resamples of row numbers, and quantiles of what they give: shared by both bootstraps. */
import { centredRoot } from '../../ops/centredRoot.ts';
import { between, mostResamples, readOptions, whole } from '../../options.ts';
import { deriveSeed, randomBelow } from '../../random.ts';
import {
  type BootstrapAlternative,
  type BootstrapBounds,
  type BootstrapBoundsOptions,
  bootstrapBounds,
  boundsReaders,
  type CheckedBounds,
} from './bootstrapBounds.ts';

/** Options of a bootstrap. */
export interface BootstrapOptions extends BootstrapBoundsOptions {
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
    rows: whole(1, undefined, 2 ** 30),
    resamples: whole(2, 1000, mostResamples),
    confidence: between(0, 1, 0.95),
    seed: whole(0, 0),
    ...boundsReaders(),
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

/** What a bootstrap says of a number. */
export interface BootstrapSpread extends BootstrapBounds, CheckedBounds {
  /** The standard deviation of the resamples' statistics; Infinity where one of them is infinite. */
  readonly standardError: number;
}

/** The bounds that the options ask for and the standard deviation of the resamples' statistics. */
export function spread(
  statistics: Float64Array,
  value: number,
  { method, alternative, confidence }: CheckedBounds,
  without: Float64Array,
): BootstrapSpread {
  const asked = { confidence, method, alternative };
  const bounds = bootstrapBounds(statistics, value, asked, without);
  return { ...bounds, standardError: standardErrorOf(statistics), ...asked };
}

/** The standard deviation of the resamples' statistics; Infinity where one of them is infinite. */
export function standardErrorOf(statistics: Float64Array): number {
  if (!statistics.every(Number.isFinite)) return Infinity;
  return centredRoot(statistics).root / Math.sqrt(statistics.length - 1);
}

/**
 * How often resampled differences contradict their sign: twice the smaller share on one side of 0, at most 1, or, for a
 * claim of one side, the share on the other. The sample itself counts as one resample.
 */
export function signPValue(differences: Float64Array, alternative: BootstrapAlternative): number {
  const atMost = differences.filter((value) => value <= 0).length;
  const atLeast = differences.filter((value) => value >= 0).length;
  const share = (count: number) => (count + 1) / (differences.length + 1);
  if (alternative === 'greater') return share(atMost);
  if (alternative === 'less') return share(atLeast);
  return Math.min(1, 2 * share(Math.min(atMost, atLeast)));
}
