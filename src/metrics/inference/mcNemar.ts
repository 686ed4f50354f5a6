/** McNemar's test of two models on the same rows: only rows on which exactly one of them is right tell them apart. */
import { binomialProbability, fairLowerTail } from './binomial.ts';

/** Two-sided p-values. */
export interface McNemar {
  /** 2·P(X ≤ min(b, c)) of b + c fair trials, at most 1; 1 where nothing flipped. Null for sums of weights that are no counts. */
  readonly exact: number | null;
  /** The same less P(X = min(b, c)): not larger than its level on average, where the exact one is smaller. */
  readonly midP: number | null;
}

/** The test of b and c rows that only the one, or only the other, got right. */
export function mcNemar(b: number, c: number): McNemar {
  if (!Number.isSafeInteger(b) || !Number.isSafeInteger(c)) return { exact: null, midP: null };
  const [fewer, trials] = [Math.min(b, c), b + c];
  if (trials === 0) return { exact: 1, midP: 1 };
  const both = 2 * fairLowerTail(fewer, trials);
  return { exact: Math.min(1, both), midP: Math.min(1, both - binomialProbability(fewer, trials, 0.5)) };
}
