/** What is said of the sets of one score, from the sums over rows. */
import type { HostStatistics } from '../../metricState.ts';
import type { ConformalScore } from './rankedScores.ts';

/** The sets of one score. */
export interface ConformalResult {
  /** q̂: a class is in a set where its score is at most this; Infinity where calibration rows are too few for the rate. */
  readonly quantile: number;
  /** The share of rows whose set holds the label, in [0, 1]; at least 1 − α on average. */
  readonly coverage: number;
  /** The mean number of classes in a set. */
  readonly meanSize: number;
  /** The share of rows whose set is empty. */
  readonly emptySets: number;
  /** Rows by label: a marginal coverage of 1 − α may hide classes far below; null for a class without rows. */
  readonly byClass: readonly {
    readonly class: number;
    readonly count: number;
    readonly coverage: number | null;
    readonly meanSize: number | null;
  }[];
  /** Rows by the size of their set, sizes that occur: sets are adaptive where the coverage is the same for all sizes. */
  readonly bySize: readonly { readonly size: number; readonly count: number; readonly coverage: number }[];
}

/** The result of one score. */
export function conformalResult(statistics: HostStatistics<string>, score: ConformalScore): ConformalResult {
  const of = (name: string) => statistics[`${score} ${name}`]!.data;
  const rows = statistics.count!.data;
  const [covered, size, sets, coveredSets] = [of('covered'), of('size'), of('sets'), of('coveredSets')];
  const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);
  const count = sum(rows);
  return {
    quantile: of('quantile')[0]!,
    coverage: sum(covered) / count,
    meanSize: sum(size) / count,
    emptySets: sets[0]! / count,
    byClass: Array.from(rows, (own, index) => ({
      class: index,
      count: own,
      coverage: own === 0 ? null : covered[index]! / own,
      meanSize: own === 0 ? null : size[index]! / own,
    })),
    bySize: Array.from(sets, (own, index) => ({ size: index, count: own, coverage: coveredSets[index]! / own })).filter(
      ({ count: own }) => own > 0,
    ),
  };
}
