/**
 * Sums of some numbers a row by cluster (document, speaker): what errors of rows that depend on one another are made of. Up
 * to 4096 clusters are kept by number. More are put together by a hash of their numbers, which keeps the errors valid, since
 * clusters that are independent are so in groups too, and the state's size fixed, whatever the order of the batches.
 */
import { rangeError } from '../../check.ts';
import { scalarStatistic } from '../../columnMetric.ts';
import { countOf, type HostStatistics, numberOf, type StateForm } from '../../metricState.ts';
import { randomBits } from '../../random.ts';

const clusterCapacity = 4096;

/** Statistics of clusters. */
export type ClusterStatistic = 'clusterKeys' | 'clusterCounts' | 'clusterSums' | 'clustersHashed';

/** The form of these statistics for so many numbers a row; beside them stands `count`, the weight of all rows. */
export function clusterState(width: number): StateForm<ClusterStatistic> {
  return {
    clusterKeys: numberOf(['cluster places']),
    clusterCounts: countOf(['cluster places'], 'count'),
    clusterSums: numberOf(['cluster places', width]),
    clustersHashed: countOf(),
  };
}

/** Clusters by number, or by a hash of it where they are too many: each with its rows' weight and sums. */
export interface ClusterTable {
  readonly hashed: boolean;
  readonly places: ReadonlyMap<number, Float64Array>;
}

/** The sums of a batch's rows by cluster; refuses clusters that are no whole numbers. */
export function clusterTable(
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
      checkCluster(where, key);
      sums = new Float64Array(columns.length + 1);
      places.set(key, sums);
    }
    const weight = weights === undefined ? 1 : weights[row]!;
    sums[0]! += weight;
    for (let at = 0; at < columns.length; at++) sums[at + 1]! += weight * columns[at]![row]!;
  }
  return withinCapacity({ hashed: false, places });
}

/** Larger numbers are rounded in float32, and two documents would become one without a word. */
const largestNumber = 2 ** 24;

function checkCluster(where: string, cluster: number): void {
  if (Number.isInteger(cluster) && Math.abs(cluster) <= largestNumber) return;
  const hint = Number.isInteger(cluster) ? 'Number the documents from 0.' : undefined;
  throw rangeError(where, 'clusters', 'whole numbers of at most 2²⁴ in size', cluster, hint);
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

/** Both parts' sums: clusters of the same number become one. */
export function joinedTables(
  first: ClusterTable | undefined,
  second: ClusterTable | undefined,
): ClusterTable | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  const hashed = first.hashed || second.hashed;
  const [one, two] = hashed ? [hashedTable(first), hashedTable(second)] : [first, second];
  return withinCapacity({ hashed, places: addedUp([...one.places, ...two.places]) });
}

/** Sums as arrays of fixed length, of none without clusters; places without a cluster have weight 0. */
export function clusterStatistics(table: ClusterTable | undefined, width: number): HostStatistics<ClusterStatistic> {
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

/** The sums from their statistics; undefined where there are no clusters. */
export function tableFrom(statistics: HostStatistics<ClusterStatistic>): ClusterTable | undefined {
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
