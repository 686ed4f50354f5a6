/** How unlike the samples of one set are, pair by pair, in float64 on the host. */
import { product, strided } from '../../algebra/product.ts';
import { roomFor } from '../../algebra/room.ts';
import type { HostStatistic } from '../../metricState.ts';
import { dotRounding } from '../../ops/dotRounding.ts';

/**
 * How unlike two samples are: `'correlation'` 1 − Pearson's correlation of their features, `'squaredEuclidean'` the square of
 * their distance, `'cosine'` 1 − their cosine. A sample that is constant (or 0) has no direction: it is at 1 from all others.
 */
export type SampleDissimilarity = 'correlation' | 'squaredEuclidean' | 'cosine';

/**
 * The dissimilarities of samples i > j, one for each pair, row by row: (1, 0), (2, 0), (2, 1), …
 *
 * @param rows Samples [n, width], near 1 in size.
 */
export function dissimilarityPairs(rows: HostStatistic, kind: SampleDissimilarity): Float64Array {
  const [samples, width] = rows.shape as [number, number];
  const compared = comparedRows(rows.data, width, kind);
  const own = strided(compared, width);
  const gram = product(own, strided(compared, width, true), samples, width, samples, true, roomFor);
  const pairs = new Float64Array((samples * (samples - 1)) / 2);
  const apart = (between: number, first: number, second: number): number =>
    kind === 'squaredEuclidean' ? Math.max(0, first + second - 2 * between) : 1 - Math.max(-1, Math.min(1, between));
  for (let row = 1, at = 0; row < samples; row++) {
    for (let column = 0; column < row; column++, at++) {
      const [first, second] = [gram[row * samples + row]!, gram[column * samples + column]!];
      pairs[at] = apart(gram[row * samples + column]!, first, second);
    }
  }
  const rounding = pairRounding(pairs, width, kind);
  return pairs.map((pair) => (pair <= rounding ? 0 : pair));
}

/**
 * What dissimilarities may be off by: they are sums over the features, of products near the square of the samples' size, and
 * those that differ by no more are equal.
 */
export function pairRounding(pairs: Float64Array, width: number, kind: SampleDissimilarity): number {
  const size = kind === 'squaredEuclidean' ? pairs.reduce((most, pair) => Math.max(most, pair), 0) : 1;
  return dotRounding(width) * size;
}

/** Whether no sample has a direction, so that all are at 1 from each other by convention alone. */
export function lackDirection({ data, shape }: HostStatistic, kind: SampleDissimilarity): boolean {
  if (kind === 'squaredEuclidean') return false;
  const width = shape[1]!;
  const none = (at: number): number => (kind === 'cosine' ? 0 : data[at - (at % width)]!);
  return data.every((value, at) => value === none(at));
}

function comparedRows(data: Float64Array, width: number, kind: SampleDissimilarity): Float64Array {
  const compared = data.slice();
  if (kind === 'squaredEuclidean') {
    centreColumns(compared, width);
    return compared;
  }
  for (let start = 0; start < compared.length; start += width) {
    normalise(compared.subarray(start, start + width), kind === 'correlation');
  }
  return compared;
}

/** Takes the column means out, the first sample before them, so that what is far from 0 keeps its digits. */
function centreColumns(data: Float64Array, width: number): void {
  const [first, means] = [data.slice(0, width), new Float64Array(width)];
  for (let start = 0; start < data.length; start += width) {
    for (let column = 0; column < width; column++) means[column]! += data[start + column]! -= first[column]!;
  }
  const samples = data.length / width;
  for (let column = 0; column < width; column++) means[column]! /= samples;
  for (let start = 0; start < data.length; start += width) {
    for (let column = 0; column < width; column++) data[start + column]! -= means[column]!;
  }
}

/** Brings a row to length 1, centred or not; one without direction becomes 0. */
function normalise(row: Float64Array, centred: boolean): void {
  if (centred) {
    // What is equal everywhere must leave exactly 0.
    const first = row[0]!;
    let sum = 0;
    for (let index = 0; index < row.length; index++) sum += row[index]! -= first;
    for (let index = 0; index < row.length; index++) row[index]! -= sum / row.length;
  }
  // Its own largest number first, so that no square is lost.
  let largest = 0;
  for (const value of row) largest = Math.max(largest, Math.abs(value));
  if (largest === 0) return;
  let square = 0;
  for (let index = 0; index < row.length; index++) {
    row[index]! /= largest;
    square += row[index]! ** 2;
  }
  const length = Math.sqrt(square);
  for (let index = 0; index < row.length; index++) row[index]! /= length;
}
