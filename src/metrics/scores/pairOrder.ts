import { tieGroups } from './tieGroups.ts';

/** How two series order the pairs of their rows. */
export interface PairOrder {
  /** The weight of all rows: their number, where all count alike. */
  readonly count: number;
  /** Pairs that both order alike, less those that they order against each other. */
  readonly difference: number;
  /** The weight of each group of equal numbers. */
  readonly tiesX: Float64Array;
  readonly tiesY: Float64Array;
}

/** Counts the pairs in n·log n steps: group by group in x, each row against those before it by a tree of sums over y. */
export function pairOrder(x: Float64Array, y: Float64Array, weights: Float64Array): PairOrder {
  const [groupsX, groupsY] = [tieGroups(x, weights), tieGroups(y, weights)];
  const rows = sortedByPlace(groupsX.places, groupsX.weights.length);
  const sums = new Float64Array(groupsY.weights.length + 1);
  const places = groupsY.places;
  let [difference, added] = [0, 0];
  for (let start = 0; start < rows.length; ) {
    const group = groupsX.places[rows[start]!]!;
    let end = start;
    for (; end < rows.length && groupsX.places[rows[end]!] === group; end++) {
      const row = rows[end]!;
      const below = sumUpTo(sums, places[row]!);
      const above = added - sumUpTo(sums, places[row]! + 1);
      difference += weights[row]! * (below - above);
    }
    for (; start < end; start++) {
      const row = rows[start]!;
      added += weights[row]!;
      for (let at = places[row]! + 1; at < sums.length; at += at & -at) sums[at]! += weights[row]!;
    }
  }
  return {
    count: groupsX.weights.reduce((sum, weight) => sum + weight, 0),
    difference,
    tiesX: groupsX.weights,
    tiesY: groupsY.weights,
  };
}

/** Σ over the first `count` places of a tree of sums (Fenwick's). */
function sumUpTo(sums: Float64Array, count: number): number {
  let sum = 0;
  for (let at = count; at > 0; at -= at & -at) sum += sums[at]!;
  return sum;
}

/** Row numbers in the order of their places. */
function sortedByPlace(places: Int32Array, count: number): Int32Array {
  const starts = new Int32Array(count + 1);
  for (const place of places) starts[place + 1]!++;
  for (let place = 0; place < count; place++) starts[place + 1]! += starts[place]!;
  const rows = new Int32Array(places.length);
  for (let row = 0; row < places.length; row++) rows[starts[places[row]!]!++] = row;
  return rows;
}
