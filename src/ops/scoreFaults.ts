/** What may be wrong with rows of scores and of probabilities, counted on the device: NaN, negative numbers, other sums. */
import type { Backend } from '../backend.ts';
import { isMinusInfinity } from './isMinusInfinity.ts';

/** How far the sum of a row of probabilities may be from 1: what float16 and rounding to four digits leave. */
export const sumTolerance = 1e-3;
/** How far below 0 the negative numbers of a row may add up to: rounding, not a mistake. */
export const signTolerance = 1e-6;

/** What is said of a fault. */
interface ScoreFault {
  readonly argument: string;
  readonly expected: string;
  readonly counted: string;
  readonly hint?: string;
}

/** What is said of the counts of `probabilityFaults`; of those of scores the caller knows the inputs. */
export const probabilityFault: Readonly<Record<'negative' | 'unnormalised', ScoreFault>> = {
  negative: { argument: 'probabilities', expected: 'at least 0', counted: 'rows with negative numbers' },
  unnormalised: {
    argument: 'probabilities',
    // sumTolerance, written out: esbuild keeps a template in every bundle.
    expected: 'rows that sum to 1 within 0.001',
    counted: 'rows that do not',
    hint: 'Divide each row by its sum, or give log p as logits.',
  },
};

/** What is said of the counts of `scoreFaults`, by the inputs that hold the scores. */
export function scoreFault(inputs: readonly string[]): Readonly<Record<'notANumber' | 'noClass', ScoreFault>> {
  const argument = inputs.join(' and ');
  return {
    notANumber: { argument, expected: 'free of NaN', counted: 'rows with NaN' },
    noClass: { argument, expected: 'rows with a class above −Infinity', counted: 'rows that are −Infinity' },
  };
}

/** What is said of numbers of rows that are undefined where a row of logits holds NaN, or −Infinity alone. */
export const noDistributionFault: ScoreFault = {
  argument: 'logits',
  expected: 'free of NaN and of rows that are −Infinity',
  counted: 'such rows',
};

/**
 * The number of rows [rows, classes] that hold NaN, and of those that are −Infinity, unless they may be, over all tables; nothing
 * for none.
 */
export function scoreFaults<T>(
  backend: Backend<T>,
  tables: readonly T[],
  mayLackClass = false,
): Readonly<Partial<Record<'notANumber' | 'noClass', T>>> {
  if (tables.length === 0) return {};
  // The largest of a row is NaN where one of them is.
  const largest = tables.map((scores) => backend.max(scores, { axis: -1 }));
  return {
    notANumber: total(backend, largest, (most) => missing(backend, most)),
    ...(!mayLackClass && { noClass: total(backend, largest, (most) => backend.sum(isMinusInfinity(backend, most))) }),
  };
}

/** The number of rows [rows, classes] with NaN, with negative numbers and with a sum that is not 1, over all tables. */
export function probabilityFaults<T>(
  backend: Backend<T>,
  tables: readonly T[],
): Readonly<Partial<Record<'notANumber' | 'negative' | 'unnormalised', T>>> {
  if (tables.length === 0) return {};
  const sums = tables.map((table) => {
    const rowSums = backend.sum(table, { axis: -1 });
    // A negative number makes Σ|p| larger than Σp: no comparison of every element with a broadcast 0.
    const excess = backend.subtract(backend.sum(backend.abs(table), { axis: -1 }), rowSums);
    return { rowSums, excess, distance: backend.abs(backend.subtract(rowSums, backend.scalar(1))) };
  });
  return {
    notANumber: total(backend, sums, ({ rowSums }) => missing(backend, rowSums)),
    negative: total(backend, sums, ({ excess }) => backend.sum(backend.greater(excess, backend.scalar(signTolerance)))),
    unnormalised: total(backend, sums, ({ distance }) =>
      backend.sum(backend.greater(distance, backend.scalar(sumTolerance))),
    ),
  };
}

/**
 * The number of NaNs in a tensor, as a scalar. NaN alone is neither greater than −1 nor less than 0, so two comparisons
 * find it without an `isNaN` in the contract.
 */
export function missing<T>(backend: Backend<T>, values: T): T {
  const isNumber = backend.maximum(
    backend.greater(values, backend.scalar(-1)),
    backend.greater(backend.scalar(0), values),
  );
  return backend.sum(backend.subtract(backend.scalar(1), isNumber));
}

function total<T, Table>(backend: Backend<T>, tables: readonly Table[], count: (table: Table) => T): T {
  return tables.map(count).reduce((sum, next) => backend.add(sum, next));
}
