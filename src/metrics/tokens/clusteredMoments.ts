/** Means of some numbers a row and their errors: of independent rows or, where documents are given, of sums by document. */
import type { HostStatistics, StateForm } from '../../metricState.ts';
import {
  type ColumnSummary,
  columnFrom,
  finiteColumns,
  type MomentStatistic,
  mergeMoments,
  momentsOf,
  momentsState,
} from '../inference/moments.ts';
import {
  type ClusterStatistic,
  clusterState,
  clusterStatistics,
  clusterTable,
  joinedTables,
  tableFrom,
} from './clusterSums.ts';

/** Statistics of moments and of clusters. */
export type ClusteredStatistic = MomentStatistic | ClusterStatistic;

/** The form of these statistics for so many numbers a row. */
export function clusteredState(width: number): StateForm<ClusteredStatistic> {
  return { ...momentsState(width), ...clusterState(width) };
}

/** Statistics of columns of equal length; `where` begins the error for clusters that are no whole numbers. */
export function clusteredMoments(
  where: string,
  columns: readonly Float64Array[],
  weights: Float64Array | undefined,
  clusters: Float64Array | undefined,
): HostStatistics<ClusteredStatistic> {
  const finite = finiteColumns(columns, weights);
  const table = clusters === undefined ? undefined : clusterTable(finite.columns, weights, clusters, where);
  return {
    ...momentsOf(finite, weights, columns[0]!.length),
    ...clusterStatistics(table, columns.length),
  };
}

/** Statistics of both parts. */
export function mergeClustered(
  first: HostStatistics<ClusteredStatistic>,
  second: HostStatistics<ClusteredStatistic>,
): HostStatistics<ClusteredStatistic> {
  const joined = joinedTables(tableFrom(first), tableFrom(second));
  return { ...mergeMoments(first, second), ...clusterStatistics(joined, first.mean.data.length) };
}

/** Means with their errors. */
export interface ClusteredColumns {
  readonly count: number;
  /** How many clusters the errors come from: null without clusters. */
  readonly clusters: number | null;
  column(at: number): ColumnSummary;
}

/**
 * Reads the statistics. By clusters the standard error is √(G/(G − 1)·Σ_g(Σ_{i∈g}(x_i − x̄))²)/n, and null for a single one.
 */
export function clusteredColumns(statistics: HostStatistics<ClusteredStatistic>): ClusteredColumns {
  const count = statistics.count.data[0]!;
  const table = tableFrom(statistics);
  if (table === undefined) return { count, clusters: null, column: (at) => columnFrom(statistics, at) };
  const clusters = table.places.size;
  return {
    count,
    clusters,
    column(at) {
      const { mean } = columnFrom(statistics, at);
      if (clusters < 2 || mean === Infinity) return { mean, standardError: null };
      let squares = 0;
      // Over n before they are squared, so that large weights do not leave the range of numbers.
      for (const sums of table.places.values()) squares += (sums[at + 1]! / count - (sums[0]! / count) * mean) ** 2;
      return { mean, standardError: Math.sqrt((squares * clusters) / (clusters - 1)) };
    },
  };
}
