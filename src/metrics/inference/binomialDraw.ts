/** Seeded draws of counts: how often each cell of a table comes up when its rows are drawn with replacement. */
import { randomBits } from '../../random.ts';
import { binomialProbability } from './binomial.ts';

/**
 * One draw from the binomial distribution: probabilities are taken off a uniform number, the most likely count first and
 * then its neighbours on both sides, so that a draw takes about as many steps as the standard deviation is large.
 */
export function binomialDraw(seed: number, index: number, trials: number, chance: number): number {
  if (trials === 0 || chance <= 0) return 0;
  if (chance >= 1) return trials;
  const odds = chance / (1 - chance);
  const mode = Math.min(trials, Math.floor((trials + 1) * chance));
  // 53 random bits: the tails of a million draws need more than 32.
  let left = (randomBits(seed, 2 * index) + (randomBits(seed, 2 * index + 1) >>> 11) / 2097152) / 4294967296;
  let [below, above] = [mode, mode];
  let lower = binomialProbability(mode, trials, chance);
  let upper = lower;
  left -= lower;
  while (left >= 0 && (lower > 0 || upper > 0)) {
    upper = above < trials ? (upper * odds * (trials - above)) / (above + 1) : 0;
    above++;
    left -= upper;
    if (left < 0) return above;
    lower = below > 0 ? (lower * below) / ((trials - below + 1) * odds) : 0;
    below--;
    left -= lower;
    if (left < 0) return below;
  }
  return mode;
}

/**
 * The counts of a table whose rows are drawn with replacement, as often as there are rows: what drawing row by row gives,
 * in time that does not grow with the rows' number as such.
 */
export function resampledCounts(seed: number, counts: ArrayLike<number>): Float64Array {
  const drawn = new Float64Array(counts.length);
  let [rows, left] = [0, 0];
  for (let cell = 0; cell < counts.length; cell++) rows += counts[cell]!;
  left = rows;
  for (let cell = 0; cell < counts.length && left > 0; cell++) {
    drawn[cell] = binomialDraw(seed, cell, left, Math.min(1, counts[cell]! / rows));
    left -= drawn[cell]!;
    rows -= counts[cell]!;
  }
  return drawn;
}
