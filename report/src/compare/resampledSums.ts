/**
 * The bootstrap over rows, of many sums at once: each resample draws as many rows as there are, with replacement, by the same
 * draws as the library's `bootstrapMetric`. How often each row was drawn, [resamples, rows], times what is summed, [rows,
 * columns], is a matrix product, block of rows by block.
 */
import { deriveSeed, type HostBackend, randomBelow } from 'dark-knowledge';
import { onBackend } from './onBackend.ts';

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
  /** Columns of 0 and 1. */
  readonly flags: readonly Uint8Array[];
  readonly binned: readonly BinnedColumn[];
}

/** The sums of each resample. */
export interface ResampledSums {
  /** By column, then resample. */
  readonly sums: readonly Float64Array[];
  readonly flagSums: readonly Float64Array[];
  /** By binned column, then resample · bins + bin. */
  readonly binSums: readonly Float64Array[];
}

/** Rows of a block: its counts and columns stay in the second-level cache. */
const block = 4096;
/** Resamples that share a block's columns, at most; and how many counts of rows may be held for them. */
const [together, mostCounts] = [128, 2 ** 27];

/** Draws and sums; yields how many resamples are done. */
export function* resampledSums(
  given: ResampledColumns,
  { resamples, seed }: { readonly resamples: number; readonly seed: number },
): Generator<number, ResampledSums, void> {
  const { rows, columns, flags, binned } = given;
  const means = columns.map((column) => column.reduce((sum, value) => sum + value, 0) / rows);
  const width = columns.length + flags.length + binned.reduce((sum, { bins }) => sum + bins, 0);
  const sums = new Float64Array(resamples * width);
  const multiply = onBackend(productOn);
  const lanes = Math.max(4, Math.min(together, resamples, Math.floor(mostCounts / rows)));
  // A row is drawn once in the mean; 256 times it never is.
  const counts = Array.from({ length: lanes }, () => new Uint8Array(rows));
  // Both are used again for every block: large arrays that come and go keep the garbage collector busy.
  const most = Math.min(block, rows);
  const times = new Float32Array(lanes * most);
  const values = new Float32Array(most * width);
  for (let first = 0; first < resamples; first += lanes) {
    const size = Math.min(lanes, resamples - first);
    for (let lane = 0; lane < size; lane++) {
      draw(counts[lane]!, deriveSeed(seed, first + lane));
      yield first + Math.floor(lane / 2);
    }
    for (let start = 0; start < rows; start += block) {
      const end = Math.min(rows, start + block);
      countBlock(counts, size, start, end, times);
      fillBlock(given, means, width, start, end, values);
      const part = multiply(times, values, size, end - start, width);
      for (let at = 0; at < part.length; at++) sums[first * width + at]! += part[at]!;
      yield first + Math.floor((size + (size * end) / rows) / 2);
    }
  }
  return separated(given, means, sums, width, resamples);
}

function draw(counts: Uint8Array, seed: number): void {
  const rows = counts.length;
  counts.fill(0);
  for (let index = 0; index < rows; index++) counts[randomBelow(seed, index, rows)]!++;
}

/** How often each row of a block was drawn, resample after resample. */
function countBlock(
  counts: readonly Uint8Array[],
  lanes: number,
  start: number,
  end: number,
  times: Float32Array,
): void {
  for (let lane = 0; lane < lanes; lane++) {
    const own = counts[lane]!;
    const to = lane * (end - start) - start;
    for (let row = start; row < end; row++) times[to + row] = own[row]!;
  }
}

/**
 * Rows of all columns beside each other, those that are binned a column a bin. Means are taken off: what float32 rounds is then
 * the deviation from the value, and not the value.
 */
function fillBlock(
  { columns, flags, binned }: ResampledColumns,
  means: readonly number[],
  width: number,
  start: number,
  end: number,
  data: Float32Array,
): void {
  for (const [index, column] of columns.entries()) {
    const mean = means[index]!;
    for (let row = start, at = index; row < end; row++, at += width) data[at] = column[row]! - mean;
  }
  let offset = columns.length;
  for (const flag of flags) {
    for (let row = start, at = offset; row < end; row++, at += width) data[at] = flag[row]!;
    offset++;
  }
  for (const { bin, bins, values } of binned) {
    for (let row = start, at = offset; row < end; row++, at += width) {
      for (let each = 0; each < bins; each++) data[at + each] = 0;
      data[at + bin[row]!] = values[row]!;
    }
    offset += bins;
  }
}

/** The sums of all columns, parted again; a resample has as many rows as there are, so that the means come back whole. */
function separated(
  { rows, columns, flags, binned }: ResampledColumns,
  means: readonly number[],
  sums: Float64Array,
  width: number,
  resamples: number,
): ResampledSums {
  const column = (at: number, plus = 0) =>
    Float64Array.from({ length: resamples }, (_, resample) => sums[resample * width + at]! + plus);
  let offset = columns.length + flags.length;
  return {
    sums: columns.map((_, index) => column(index, rows * means[index]!)),
    flagSums: flags.map((_, index) => column(columns.length + index)),
    binSums: binned.map(({ bins }) => {
      const own = offset;
      offset += bins;
      return Float64Array.from(
        { length: resamples * bins },
        (_, at) => sums[Math.floor(at / bins) * width + own + (at % bins)]!,
      );
    }),
  };
}

type Product = (
  times: Float32Array,
  columns: Float32Array,
  lanes: number,
  rows: number,
  width: number,
) => ArrayLike<number>;

/** [lanes, rows] times [rows, width]. */
function productOn<T>(backend: HostBackend<T>): Product {
  return (times, columns, lanes, rows, width) =>
    backend.scope(() => {
      const first = backend.fromHost({ data: times.subarray(0, lanes * rows), shape: [lanes, rows] });
      const second = backend.fromHost({ data: columns.subarray(0, rows * width), shape: [rows, width] });
      return backend.readSync(backend.matMul(first, second)).data;
    });
}
