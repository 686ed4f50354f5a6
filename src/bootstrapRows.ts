/** Resamples of a batch's rows: how often each row counts in each of them, and a metric's statistics for any such counts. */
import type { Backend } from './backend.ts';
import { rangeError, shapeError } from './check.ts';
import type { Inputs } from './inputs.ts';
import type { MetricMember } from './metric.ts';
import { inputsOfMember } from './metricMembers.ts';
import type { HostStatistic, HostStatistics } from './metricState.ts';
import { resampledRows } from './metrics/scores/resampling.ts';
import { allRows } from './metrics/scores/rowStatistic.ts';
import { randomPermutation } from './random.ts';
import { weightsColumn } from './rowSummands.ts';
import { type HostTensor, sizeOf, type TensorLike, toHostTensor } from './tensor.ts';

/** Above it, numbers that would be kept of rows are not: 256 MB. */
const mostKept = 2 ** 25;

/** How one of a metric's members is computed for a resample: from numbers of its rows, or anew with row weights. */
export interface MemberRows {
  readonly member: MetricMember;
  readonly size: number;
  /** Undefined where the metric has no such numbers, or too many. */
  readonly kept: HostStatistics<string> | undefined;
  /** What each row counts for; undefined where all count alike. */
  readonly weights: ArrayLike<number> | undefined;
  /** The shape of row weights. */
  readonly shape: readonly number[];
}

/** The tensors that a metric keeps of each row, inside a scope of the caller's; undefined for none, or for too many numbers. */
export function rowsToKeep<T>(
  backend: Backend<T>,
  member: MetricMember,
  batch: Inputs<string, string, T>,
): Readonly<Record<string, T>> | undefined {
  const { metric } = member;
  const rows = metric.rows?.(backend, inputsOfMember(member, batch));
  if (rows === undefined) return undefined;
  const numbers = Object.values(rows).reduce((sum, values) => sum + sizeOf(backend.shapeOf(values)), 0);
  return numbers > mostKept && metric.optionalInputs.includes('rowWeights') ? undefined : rows;
}

/** A member with what was kept of its rows; `given` and `shapeOf` say what the batch holds. */
export function memberRows<Value>(
  where: string,
  member: MetricMember,
  kept: HostStatistics<string> | undefined,
  given: Inputs<string, string, Value>,
  hostOf: (value: Value) => Pick<HostTensor, 'shape'> & Partial<Pick<HostTensor, 'data'>>,
): MemberRows {
  const { metric } = member;
  if (kept !== undefined) {
    const { [weightsColumn]: weights, ...columns } = kept;
    const size = Math.max(...Object.values(columns).map(({ shape: [rows = 0] }) => rows));
    return { member, size, kept, weights: weights?.data, shape: [size] };
  }
  if (!metric.optionalInputs.includes('rowWeights')) {
    throw rangeError(where, 'metric', 'one over single rows, which takes rowWeights', metric.name, pairHint);
  }
  const { rowWeights, labels } = inputsOfMember(member, given);
  const known = rowWeights ?? labels;
  if (known === undefined) {
    throw rangeError(where, 'rowWeights', `given where ${metric.name} has no labels`, 'none', 'Weights of 1 will do.');
  }
  const { shape } = hostOf(known);
  return { member, size: sizeOf(shape), kept, weights: rowWeights && hostOf(rowWeights).data, shape };
}

const pairHint =
  'A similarity is a statistic of pairs, and a row that is drawn twice is its own neighbour: subsample rows in its place. ' +
  'Statistics of other kinds: bootstrapInterval with selectRows.';

/** The statistics of a member's rows, each counted so many times; undefined where none were kept. */
export function statisticsOfRows(
  { member, kept }: MemberRows,
  times: Float64Array,
): HostStatistics<string> | undefined {
  return kept && member.metric.fromRows?.(kept, times);
}

/** Row weights that count each row so many times. */
export function weightsTimes({ weights, shape }: MemberRows, times: Float64Array): HostTensor {
  return { data: weights === undefined ? times : times.map((count, row) => count * weights[row]!), shape };
}

/** Statistics of the whole metric from its members'. */
export function joinedStatistics(
  parts: readonly MemberRows[],
  statistics: readonly HostStatistics<string>[],
): HostStatistics<string> {
  const all: Record<string, HostStatistic> = {};
  parts.forEach(({ member: { prefix } }, at) => {
    for (const [name, statistic] of Object.entries(statistics[at]!)) all[prefix + name] = statistic;
  });
  return all;
}

/** How often each row counts. */
export interface ResampledTimes {
  /** The number of what is drawn: rows that count, or clusters of them. */
  readonly units: number;
  /** In a resample. */
  of(resample: number): Float64Array;
  /** Once, but for one of so many groups of what is drawn. */
  without(group: number, groups: number): Float64Array;
}

/** How often each row counts in each resample: rows that no metric counts are not drawn. */
export function resampledTimes(
  where: string,
  parts: readonly MemberRows[],
  { seed, clusters }: { readonly seed: number; readonly clusters: TensorLike | undefined },
): ResampledTimes {
  const rows = parts[0]!.size;
  const other = parts.find(({ size }) => size !== rows);
  if (other !== undefined) {
    throw rangeError(where, `rows of ${other.member.metric.name}`, `${rows}, as those beside them`, other.size);
  }
  const units = unitsOf(where, rows, (row) => parts.some(({ weights }) => weights?.[row] !== 0), clusters);
  const size = units.reduce((most, unit) => Math.max(most, unit + 1), 0);
  if (size === 0) throw rangeError(where, 'number of rows that count', 'at least 1', 0);
  let order: Int32Array | undefined;
  const timesOf = (drawn: Float64Array) => Float64Array.from(units, (unit) => (unit < 0 ? 0 : drawn[unit]!));
  return {
    units: size,
    of(resample) {
      const drawn = new Float64Array(size);
      for (const unit of resampledRows({ rows: size, seed }, resample)) drawn[unit]!++;
      return timesOf(drawn);
    },
    without(group, groups) {
      // Rows may come sorted: groups of neighbours would tell of the order rather than of the rows.
      order ??= groups === size ? allRows(size) : randomPermutation(seed, size);
      const drawn = new Float64Array(size);
      order.forEach((unit, place) => {
        drawn[unit] = Math.floor((place * groups) / size) === group ? 0 : 1;
      });
      return timesOf(drawn);
    },
  };
}

/** The number of what each row is drawn with, in the order in which they come; −1 for a row that does not count. */
function unitsOf(
  where: string,
  rows: number,
  counts: (row: number) => boolean,
  clusters: TensorLike | undefined,
): Int32Array {
  const numbers = clusters === undefined ? undefined : toHostTensor(clusters, where, 'clusters');
  if (numbers !== undefined && numbers.data.length !== rows) {
    throw shapeError(where, 'clusters', `one number for each of ${rows} rows`, numbers.shape);
  }
  const places = new Map<number, number>();
  return Int32Array.from({ length: rows }, (_, row) => {
    if (!counts(row)) return -1;
    const key = numbers === undefined ? row : numbers.data[row]!;
    const place = places.get(key) ?? places.size;
    places.set(key, place);
    return place;
  });
}
