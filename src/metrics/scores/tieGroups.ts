/** Numbers in rising order, equal ones together. */
export interface TieGroups {
  /** For each number, which group it is in: 0 is that of the smallest. */
  readonly places: Int32Array;
  /** The weight of each group. */
  readonly weights: Float64Array;
}

/** The groups of equal numbers; ±0 are equal, and infinities have a place too. */
export function tieGroups(values: Float64Array, weights: Float64Array): TieGroups {
  const distinct = values.slice().sort();
  let count = 0;
  for (let index = 0; index < distinct.length; index++) {
    if (count === 0 || distinct[index]! !== distinct[count - 1]!) distinct[count++] = distinct[index]!;
  }
  const places = new Int32Array(values.length);
  const total = new Float64Array(count);
  for (let index = 0; index < values.length; index++) {
    const place = placeOf(values[index]!, distinct, count);
    places[index] = place;
    total[place]! += weights[index]!;
  }
  return { places, weights: total };
}

function placeOf(value: number, distinct: Float64Array, count: number): number {
  let [low, high] = [0, count - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (distinct[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
