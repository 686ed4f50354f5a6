/**
 * Means, centred products and errors of some numbers a row, merged by Chan's rule, and the same by cluster: what the
 * metrics of tokens report, whose rows depend on one another within a document.
 */
import { checkWhole } from '../../check.ts';
import { scalarStatistic } from '../../columnMetric.ts';
import { countOf, type HostStatistics, numberOf, type StateForm } from '../../metricState.ts';
import { randomBits } from '../../random.ts';

/** Statistics of `rowMoments`. */
export type MomentStatistic =
  | 'count'
  | 'mean'
  | 'products'
  | 'infinite'
  | 'clusterKeys'
  | 'clusterCounts'
  | 'clusterSums'
  | 'clustersHashed';

/** Clusters that are kept one by one; more of them are put together at random, which keeps their errors valid. */
export const clusterCapacity = 4096;

/** The form of these statistics for so many numbers a row. */
export function momentsState(width: number): StateForm<MomentStatistic> {
  return {
    count: countOf(),
    mean: numberOf([width]),
    products: numberOf([width, width]),
    infinite: countOf([width], 'count'),
    clusterKeys: numberOf(['cluster places']),
    clusterCounts: countOf(['cluster places'], 'count'),
    clusterSums: numberOf(['cluster places', width]),
    clustersHashed: countOf(),
  };
}

/**
 * Statistics of columns of equal length. An infinite number enters as 0 and is counted, so that what else is known of the
 * rows stays known; NaN stays NaN, and is refused by the frame.
 */
export function momentsOf(
  columns: readonly Float64Array[],
  weights: Float64Array | undefined,
  clusters: Float64Array | undefined,
  where: string,
): HostStatistics<MomentStatistic> {
  const width = columns.length;
  const rows = columns[0]!.length;
  const infinite = new Float64Array(width);
  const finite = columns.map((column, at) => {
    if (!column.some((value) => Math.abs(value) === Infinity)) return column;
    return column.map((value, row) => {
      if (Math.abs(value) !== Infinity) return value;
      infinite[at]! += weights?.[row] ?? 1;
      return 0;
    });
  });
  const count = weights?.reduce((sum, weight) => sum + weight, 0) ?? rows;
  const mean = Float64Array.from(finite, (column) => (count === 0 ? 0 : weightedSum(column, weights, 0) / count));
  const products = new Float64Array(width * width);
  finite.forEach((first, i) => {
    for (let j = 0; j <= i; j++) {
      const second = finite[j]!;
      let sum = 0;
      for (let row = 0; row < rows; row++) {
        sum += (weights === undefined ? 1 : weights[row]!) * (first[row]! - mean[i]!) * (second[row]! - mean[j]!);
      }
      products[i * width + j] = sum;
      products[j * width + i] = sum;
    }
  });
  return {
    count: scalarStatistic(count),
    mean: { data: mean, shape: [width] },
    products: { data: products, shape: [width, width] },
    infinite: { data: infinite, shape: [width] },
    ...clusterStatistics(clusters === undefined ? undefined : clusterTable(finite, weights, clusters, where), width),
  };
}

function weightedSum(column: Float64Array, weights: Float64Array | undefined, from: number): number {
  let sum = 0;
  for (let row = 0; row < column.length; row++) {
    sum += weights === undefined ? column[row]! - from : weights[row]! * (column[row]! - from);
  }
  return sum;
}

/** Chan's rule for the moments; clusters of the same number become one. */
export function mergeMoments(
  first: HostStatistics<MomentStatistic>,
  second: HostStatistics<MomentStatistic>,
): HostStatistics<MomentStatistic> {
  const [a, b] = [first.count.data[0]!, second.count.data[0]!];
  const count = a + b;
  const width = first.mean.data.length;
  const share = count === 0 ? 0 : b / count;
  const step = first.mean.data.map((mean, at) => second.mean.data[at]! - mean);
  return {
    count: scalarStatistic(count),
    mean: { data: first.mean.data.map((mean, at) => mean + step[at]! * share), shape: [width] },
    products: {
      data: first.products.data.map(
        (value, at) =>
          value + second.products.data[at]! + a * share * step[Math.floor(at / width)]! * step[at % width]!,
      ),
      shape: [width, width],
    },
    infinite: { data: first.infinite.data.map((value, at) => value + second.infinite.data[at]!), shape: [width] },
    ...clusterStatistics(joinedTables(tableFrom(first), tableFrom(second)), width),
  };
}

/** Clusters by number, or by a hash of it where they are too many: each with its rows' weight and sums. */
interface ClusterTable {
  readonly hashed: boolean;
  readonly places: ReadonlyMap<number, Float64Array>;
}

function clusterTable(
  columns: readonly Float64Array[],
  weights: Float64Array | undefined,
  clusters: Float64Array,
  where: string,
): ClusterTable {
  const places = new Map<number, Float64Array>();
  for (let row = 0; row < clusters.length; row++) {
    const key = clusters[row]!;
    let sums = places.get(key);
    if (sums === undefined) {
      checkWhole(where, 'clusters', key, Number.MIN_SAFE_INTEGER);
      sums = new Float64Array(columns.length + 1);
      places.set(key, sums);
    }
    const weight = weights === undefined ? 1 : weights[row]!;
    sums[0]! += weight;
    for (let at = 0; at < columns.length; at++) sums[at + 1]! += weight * columns[at]![row]!;
  }
  return withinCapacity({ hashed: false, places });
}

function withinCapacity(table: ClusterTable): ClusterTable {
  return table.hashed || table.places.size <= clusterCapacity ? table : hashedTable(table);
}

function hashedTable({ hashed, places }: ClusterTable): ClusterTable {
  if (hashed) return { hashed, places };
  return {
    hashed: true,
    places: addedUp([...places].map(([key, sums]) => [randomBits(0, key) % clusterCapacity, sums])),
  };
}

function addedUp(entries: readonly (readonly [number, Float64Array])[]): Map<number, Float64Array> {
  const places = new Map<number, Float64Array>();
  for (const [key, sums] of entries) {
    const before = places.get(key);
    places.set(key, before === undefined ? sums : before.map((value, at) => value + sums[at]!));
  }
  return places;
}

function joinedTables(first: ClusterTable | undefined, second: ClusterTable | undefined): ClusterTable | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  const hashed = first.hashed || second.hashed;
  const [one, two] = hashed ? [hashedTable(first), hashedTable(second)] : [first, second];
  return withinCapacity({ hashed, places: addedUp([...one.places, ...two.places]) });
}

/** Arrays of fixed length; places without a cluster have weight 0. */
function clusterStatistics(table: ClusterTable | undefined, width: number) {
  const size = table === undefined ? 0 : clusterCapacity;
  const keys = new Float64Array(size);
  const counts = new Float64Array(size);
  const sums = new Float64Array(size * width);
  [...(table?.places ?? [])].forEach(([key, [weight = 0, ...values]], place) => {
    keys[place] = key;
    counts[place] = weight;
    sums.set(values, place * width);
  });
  return {
    clusterKeys: { data: keys, shape: [size] },
    clusterCounts: { data: counts, shape: [size] },
    clusterSums: { data: sums, shape: [size, width] },
    clustersHashed: scalarStatistic(table?.hashed ? 1 : 0),
  };
}

function tableFrom(statistics: HostStatistics<MomentStatistic>): ClusterTable | undefined {
  const { clusterKeys, clusterCounts, clusterSums, clustersHashed } = statistics;
  if (clusterKeys.data.length === 0) return undefined;
  const width = clusterSums.shape[1]!;
  const places = new Map<number, Float64Array>();
  clusterCounts.data.forEach((weight, place) => {
    if (weight === 0) return;
    const values = clusterSums.data.subarray(place * width, (place + 1) * width);
    places.set(clusterKeys.data[place]!, Float64Array.of(weight, ...values));
  });
  return { hashed: clustersHashed.data[0] === 1, places };
}

/** What is reported of the numbers in one column. */
export interface ColumnSummary {
  /** ±Infinity or, where infinities of a column are of either sign, the caller's to say. */
  readonly mean: number;
  /** The standard deviation of the mean: of independent rows, or of clusters. Null for one row or one cluster, and beside infinities. */
  readonly standardError: number | null;
}

/** Reads moments. */
export interface Moments {
  readonly count: number;
  /** How many clusters the errors come from: null without clusters. */
  readonly clusters: number | null;
  column(at: number): ColumnSummary;
  /** Pearson's correlation of two columns; null where one is constant or infinite. */
  correlation(first: number, second: number): number | null;
}

/** Means and errors from the statistics. */
export function momentsFrom(statistics: HostStatistics<MomentStatistic>): Moments {
  const count = statistics.count.data[0]!;
  const { mean, products, infinite } = { ...statistics };
  const width = mean.data.length;
  const table = tableFrom(statistics);
  const product = (first: number, second: number) => products.data[first * width + second]!;
  const deviation = (at: number): number | null => {
    if (table === undefined) {
      return count > 1 ? Math.sqrt(Math.max(0, product(at, at)) / (count - 1) / count) : null;
    }
    const groups = table.places.size;
    if (groups < 2) return null;
    let squares = 0;
    for (const sums of table.places.values()) squares += (sums[at + 1]! - sums[0]! * mean.data[at]!) ** 2;
    return Math.sqrt((squares * groups) / (groups - 1)) / count;
  };
  return {
    count,
    clusters: table === undefined ? null : table.places.size,
    column(at) {
      if (infinite.data[at]! > 0) return { mean: Infinity, standardError: null };
      return { mean: mean.data[at]!, standardError: deviation(at) };
    },
    correlation(first, second) {
      if (infinite.data[first]! > 0 || infinite.data[second]! > 0) return null;
      // Two roots: the product of the squares may overflow.
      const value = product(first, second) / Math.sqrt(product(first, first)) / Math.sqrt(product(second, second));
      return Number.isNaN(value) ? null : Math.max(-1, Math.min(1, value));
    },
  };
}
