/** Intervals from resamples: of means, of what is biased upwards, of several trials, and of differences. */
import { deriveSeed, randomBelow } from 'dark-knowledge';
import type { Estimate } from './comparison.ts';

/** A number and the same number of each resample. */
export interface Resampled {
  readonly value: number;
  readonly resamples: Float64Array;
}

/** The quantile of sorted numbers, interpolated linearly between neighbours. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const position = share * (sorted.length - 1);
  const below = Math.floor(position);
  const [low, high] = [sorted[below]!, sorted[Math.min(below + 1, sorted.length - 1)]!];
  // Between two infinities there is no difference to take a part of.
  return low === high ? low : low + (position - below) * (high - low);
}

/** Percentiles of the resamples: right for means of rows. */
export function percentileInterval({ value, resamples }: Resampled, confidence: number): Estimate {
  const sorted = resamples.slice().sort();
  return { value, low: quantile(sorted, (1 - confidence) / 2), high: quantile(sorted, (1 + confidence) / 2) };
}

/**
 * The spread of the resamples laid around the value, as `subsamplingInterval` of the library lays it: for an expected
 * calibration error. Drawing rows twice widens every bin's gap, so that resamples lie above the value as a whole; how they
 * lie about their own mean is right.
 */
export function centredInterval(
  { value, resamples }: Resampled,
  confidence: number,
  [least, most]: readonly [number, number] = [-1, 1],
): Estimate {
  const mean = resamples.reduce((sum, each) => sum + each, 0) / resamples.length;
  const deviations = resamples.map((each) => each - mean).sort();
  return {
    value,
    low: Math.max(least, value - quantile(deviations, (1 + confidence) / 2)),
    high: Math.min(most, value - quantile(deviations, (1 - confidence) / 2)),
  };
}

/**
 * The mean of several trials, each with the same resamples of rows. Each resample draws trials too, as many as there are: their
 * deviation from the mean of all is stretched by √(T/(T − 1)), because T drawn from T spread less than trials do.
 */
export function meanOfTrials(trials: readonly Resampled[], seed: number): Resampled {
  const count = trials.length;
  if (count === 1) return trials[0]!;
  const mean = (numbers: readonly number[]) => numbers.reduce((sum, each) => sum + each, 0) / count;
  const stretch = Math.sqrt(count / (count - 1));
  const resamples = trials[0]!.resamples.map((_, resample) => {
    const all = mean(trials.map(({ resamples: own }) => own[resample]!));
    if (!Number.isFinite(all)) return all;
    const own = deriveSeed(seed, resample);
    const drawn = mean(trials.map((_, index) => trials[randomBelow(own, index, count)]!.resamples[resample]!));
    return all + stretch * (drawn - all);
  });
  return { value: mean(trials.map(({ value }) => value)), resamples };
}

/** First less second, resample by resample; undefined where that is no number, as between two infinities. */
export function differenceOf(first: Resampled, second: Resampled): Resampled | undefined {
  const value = first.value - second.value;
  const resamples = first.resamples.map((each, resample) => each - second.resamples[resample]!);
  return Number.isNaN(value) || resamples.some(Number.isNaN) ? undefined : { value, resamples };
}
