/**
 * The form of similarities that relate every sample with every other: a state that keeps the activations themselves, since no
 * statistic of fixed size says what the samples of two batches have to do with each other.
 */
import { rangeError } from '../../check.ts';
import type { HostStatistic } from '../../metricState.ts';
import { sizeOf } from '../../tensor.ts';
import type { Extents, PairForm } from './pairSimilarity.ts';

/** The most numbers that are kept of one set: half a gigabyte in float64. */
const mostNumbers = 2 ** 26;

/** Refuses more activations than are kept. */
export function checkKept(where: string, samples: number, width: number): void {
  if (samples * width <= mostNumbers) return;
  throw rangeError(
    where,
    'number of activations that are kept',
    `at most 2²⁶ a set`,
    samples * width,
    'Take a random part of the samples, or average over positions.',
  );
}

/** The same for all sets of a batch. */
export function checkExtentsKept(where: string, { samples, x, y }: Extents): void {
  checkKept(where, samples, Math.max(...x, ...y));
}

/** Both parts' rows, one after the other. */
export function joinedRows(first: HostStatistic, second: HostStatistic): HostStatistic {
  const data = new Float64Array(first.data.length + second.data.length);
  data.set(first.data);
  data.set(second.data, first.data.length);
  return { data, shape: [first.shape[0]! + second.shape[0]!, ...first.shape.slice(1)] };
}

/** The form of a metric: activations [n, features] as they are, to compare once they are all there. */
export function keptRows(where: string): PairForm {
  return {
    name: 'rows',
    sets: { rows: { shape: [null, 'features'], degree: 1 } },
    pairs: {},
    represent: (_backend, activations) => ({ statistics: { rows: activations }, working: {} }),
    relate: () => ({}),
    ofItself: () => ({}),
    mergeSets(first, second) {
      const rows = joinedRows(first.statistics.rows!, second.statistics.rows!);
      checkKept(where, 1, sizeOf(rows.shape));
      return { rows };
    },
  };
}
