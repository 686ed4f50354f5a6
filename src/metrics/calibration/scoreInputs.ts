/** Metrics that take either probabilities or logits: exactly one of them, and what is wrong with it is counted. */
import type { Backend } from '../../backend.ts';
import { kindError, rangeError } from '../../check.ts';
import type { HostStatistics } from '../../metric.ts';
import { countNaN } from '../../ops/countNaN.ts';

/** How far the sum of a row of probabilities may be from 1. */
const sumTolerance = 1e-3;
/** How far below 0 the negative numbers of a row may add up to: rounding, not a mistake. */
const signTolerance = 1e-6;

/** Names of the statistics that tell of bad input. */
export type ScoreCheck = 'notANumber' | 'negative' | 'unnormalised';

/** Requires exactly one of the two inputs and returns its name. */
export function checkOneScore<T>(
  where: string,
  probabilities: T | undefined,
  logits: T | undefined,
): 'probabilities' | 'logits' {
  if (probabilities !== undefined && logits !== undefined) {
    throw kindError(where, 'inputs', 'exactly one of probabilities and logits', 'both');
  }
  if (probabilities === undefined && logits === undefined) {
    throw kindError(where, 'inputs', 'exactly one of probabilities and logits', 'neither');
  }
  return probabilities === undefined ? 'logits' : 'probabilities';
}

/**
 * Counts of rows with NaN, rows with negative probabilities and rows whose sum is not 1, as scalars on the device.
 *
 * @param probabilities [rows, classes] as the caller gave them; undefined where the caller gave logits.
 * @param derived What was computed from the logits: a NaN among them is a NaN here.
 */
export function scoreCheck<T>(
  backend: Backend<T>,
  probabilities: T | undefined,
  derived: T,
): Readonly<Record<ScoreCheck, T>> {
  const zero = backend.scalar(0);
  if (probabilities === undefined)
    return { notANumber: countNaN(backend, derived), negative: zero, unnormalised: zero };
  const one = backend.scalar(1);
  const rowSums = backend.sum(probabilities, { axis: -1 });
  // A negative number makes Σ|p| larger than Σp: no comparison of every element with a broadcast 0.
  const excess = backend.subtract(backend.sum(backend.abs(probabilities), { axis: -1 }), rowSums);
  const distance = backend.abs(backend.subtract(rowSums, one));
  return {
    notANumber: countNaN(backend, rowSums),
    negative: backend.sum(backend.greater(excess, backend.scalar(signTolerance))),
    unnormalised: backend.sum(backend.greater(distance, backend.scalar(sumTolerance))),
  };
}

/** Refuses what `scoreCheck` counted. */
export function checkScoreCounts(where: string, counts: HostStatistics<ScoreCheck>): void {
  const [notANumber, negative, unnormalised] = [counts.notANumber, counts.negative, counts.unnormalised].map(
    ({ data }) => data[0]!,
  );
  if (notANumber! > 0) throw rangeError(where, 'probabilities or logits', 'free of NaN', `NaN in ${notANumber} places`);
  if (negative! > 0) throw rangeError(where, 'probabilities', 'at least 0', `${negative} rows with negative numbers`);
  if (unnormalised! > 0) {
    throw rangeError(
      where,
      'probabilities',
      `rows that sum to 1 within ${sumTolerance}`,
      `${unnormalised} rows that do not`,
      'Give unnormalised scores as logits.',
    );
  }
}
