/** What merging the moments of two parts takes: they are moved to the mean of both, and added. */
import type { HostStatistic } from '../../metricState.ts';
import type { PairStatistics, SetStatistics } from './pairSimilarity.ts';

/** The mean of two parts, as it lies to the first part's shift, and their own means as they lie to it. */
export interface MergedMeans {
  readonly offset: Float64Array;
  readonly ofFirst: Float64Array;
  readonly ofSecond: Float64Array;
}

/** Where each part's mean lies from the mean of both, and that mean's offset from the first part's shift. */
export function meansOf(first: SetStatistics, second: SetStatistics): MergedMeans {
  const share = second.samples / (first.samples + second.samples);
  const firstShift = first.statistics.shift!.data;
  const firstOffset = first.statistics.offset!.data;
  const secondShift = second.statistics.shift!.data;
  const secondOffset = second.statistics.offset!.data;
  // From the first part's mean to the second's.
  const step = firstShift.map(
    (shift, index) => secondShift[index]! - shift + secondOffset[index]! - firstOffset[index]!,
  );
  return {
    offset: firstOffset.map((offset, index) => offset + share * step[index]!),
    ofFirst: step.map((value) => -share * value),
    ofSecond: step.map((value) => (1 - share) * value),
  };
}

/** Σ(x + δ)(y + ε)ᵀ of a pair whose `products` are Σxyᵀ, both centred. */
export function movedProducts(
  { samples, xy }: PairStatistics,
  delta: Float64Array,
  epsilon: Float64Array,
): Float64Array {
  const { data, shape } = xy.products!;
  const [rows = 0, columns = 0] = shape;
  const shifted = data.slice();
  for (let row = 0; row < rows; row++) {
    const scaled = samples * delta[row]!;
    for (let column = 0; column < columns; column++) shifted[row * columns + column]! += scaled * epsilon[column]!;
  }
  return shifted;
}

/** A vector as a statistic. */
export function vector(data: Float64Array): HostStatistic {
  return { data, shape: [data.length] };
}

/** Σ aᵢ·bᵢ. */
export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let index = 0; index < a.length; index++) sum += a[index]! * b[index]!;
  return sum;
}

/** Adds b to a, in place. */
export function added(a: Float64Array, b: Float64Array): Float64Array {
  for (let index = 0; index < a.length; index++) a[index]! += b[index]!;
  return a;
}
