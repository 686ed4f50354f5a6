/** Which of a row's probabilities is its confidence: that of the prediction, of a later rank, or of the first ranks together. */
import { rangeError } from '../../check.ts';
import { type OptionReader, optional, whole } from '../../options.ts';

/** Options of what counts as a row's confidence and as its hit. Equal scores rank by class, the first one highest. */
export interface RankOptions {
  /**
   * The confidence is the rank-th largest probability, and a row is right where its label is the class of that rank.
   * Default 1, the prediction; 2 asks of the second guesses whether they are right as often as they say.
   */
  readonly rank?: number;
  /** The confidence is the sum of so many largest probabilities, and a row is right where its label is among their classes. */
  readonly withinTop?: number;
}

/** The options, checked: the confidence is the sum of the ranks from `first` to `last`, counted from 1. */
export interface Ranks {
  readonly first: number;
  readonly last: number;
}

/** Readers of the options. */
export function rankReaders(): {
  readonly rank: OptionReader<number | undefined>;
  readonly withinTop: OptionReader<number | undefined>;
} {
  return { rank: optional(whole(1)), withinTop: optional(whole(1)) };
}

/** The ranks that the options ask for. */
export function readRanks(where: string, { rank, withinTop }: Record<'rank' | 'withinTop', number | undefined>): Ranks {
  if (rank !== undefined && withinTop !== undefined) {
    throw rangeError(where, 'withinTop', 'left out where rank is given', withinTop);
  }
  return withinTop === undefined ? { first: rank ?? 1, last: rank ?? 1 } : { first: 1, last: withinTop };
}

/** Requires ranks that exist. */
export function checkRanks(where: string, { last }: Ranks, classes: number): void {
  if (last > classes) throw rangeError(where, 'rank or withinTop', `at most the number of classes, ${classes}`, last);
}
