/**
 * The bootstrap over rows, of many sums at once: each resample draws as many rows as there are, with replacement, by the same
 * draws as the library's `bootstrapMetric`, and all columns are summed by how often each row was drawn.
 */
import { deriveSeed, randomBelow } from 'dark-knowledge';

/** A column that is summed within bins. */
export interface BinnedColumn {
  readonly bin: Uint8Array;
  readonly bins: number;
  readonly values: Float64Array;
}

/** What is summed. */
export interface ResampledColumns {
  readonly rows: number;
  readonly columns: readonly Float64Array[];
  readonly binned: readonly BinnedColumn[];
}

/** The sums of each resample. */
export interface ResampledSums {
  /** By column, then resample. */
  readonly sums: readonly Float64Array[];
  /** By binned column, then resample · bins + bin. */
  readonly binSums: readonly Float64Array[];
}

/** Resamples that share a walk over the columns. */
const together = 4;
/** Rows of a stretch that stays in the first-level cache. */
const stretch = 1024;

/** Draws and sums; yields how many resamples are done. */
export function* resampledSums(
  { rows, columns, binned }: ResampledColumns,
  { resamples, seed }: { readonly resamples: number; readonly seed: number },
): Generator<number, ResampledSums, void> {
  const sums = columns.map(() => new Float64Array(resamples));
  const binSums = binned.map(({ bins }) => new Float64Array(resamples * bins));
  const times = Array.from({ length: together }, () => new Uint16Array(rows));
  for (let first = 0; first < resamples; first += together) {
    const last = Math.min(resamples, first + together);
    for (const [index, counts] of times.entries()) {
      counts.fill(0);
      if (first + index < last) draw(counts, deriveSeed(seed, first + index));
    }
    for (let start = 0; start < rows; start += stretch) {
      const end = Math.min(rows, start + stretch);
      columns.forEach((column, index) => {
        addStretch(column, times, start, end, sums[index]!, first);
      });
    }
    binned.forEach((column, index) => {
      for (let resample = first; resample < last; resample++) {
        addBins(column, times[resample - first]!, binSums[index]!, resample * column.bins);
      }
    });
    yield last;
  }
  return { sums, binSums };
}

function draw(counts: Uint16Array, seed: number): void {
  const rows = counts.length;
  for (let index = 0; index < rows; index++) counts[randomBelow(seed, index, rows)]!++;
}

function addStretch(
  column: Float64Array,
  [one, two, three, four]: readonly Uint16Array[],
  start: number,
  end: number,
  sums: Float64Array,
  first: number,
): void {
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let row = start; row < end; row++) {
    const value = column[row]!;
    a += one![row]! * value;
    b += two![row]! * value;
    c += three![row]! * value;
    d += four![row]! * value;
  }
  // Beyond the last resample a typed array takes no element, and says nothing.
  sums[first]! += a;
  sums[first + 1]! += b;
  sums[first + 2]! += c;
  sums[first + 3]! += d;
}

function addBins({ bin, values }: BinnedColumn, times: Uint16Array, sums: Float64Array, offset: number): void {
  for (let row = 0; row < times.length; row++) sums[offset + bin[row]!]! += times[row]! * values[row]!;
}
