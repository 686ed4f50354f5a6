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

/** Resamples that share a walk over the columns: their sums are independent, and a processor adds them side by side. */
const together = 4;
/** Rows of a stretch whose counts stay in the first-level cache, as the doubles that they are multiplied as. */
const stretch = 512;

/** Flags that are counted together, by the pattern that they make in a byte. */
const flagsTogether = 8;

/** Draws and sums; yields how many resamples are done. */
export function* resampledSums(
  { rows, columns, flags, binned }: ResampledColumns,
  { resamples, seed }: { readonly resamples: number; readonly seed: number },
): Generator<number, ResampledSums, void> {
  const sums = columns.map(() => new Float64Array(resamples));
  const patterns = patternsOf(rows, flags);
  const tables = [
    ...binned.map(({ bin, bins, values }) => ({ bin, bins, values })),
    ...patterns.map((bin) => ({ bin, bins: 2 ** flagsTogether, values: undefined })),
  ];
  const tableSums = tables.map(({ bins }) => new Float64Array(resamples * bins));
  const drawn = Array.from({ length: together }, () => new Uint16Array(rows));
  const times = new Float64Array(together * stretch);
  for (let first = 0; first < resamples; first += together) {
    const last = Math.min(resamples, first + together);
    for (const [index, counts] of drawn.entries()) {
      counts.fill(0);
      if (first + index < last) draw(counts, deriveSeed(seed, first + index));
    }
    const lanes = columns.map(() => new Float64Array(together));
    const tableLanes = tables.map(({ bins }) => new Float64Array(together * bins));
    for (let start = 0; start < rows; start += stretch) {
      const end = Math.min(rows, start + stretch);
      interleave(drawn, start, end, times);
      for (let index = 0; index < columns.length; index++) {
        addStretch(columns[index]!, times, start, end, lanes[index]!);
      }
      for (let index = 0; index < tables.length; index++) {
        const { bin, values } = tables[index]!;
        if (values === undefined) countBins(bin, times, start, end, tableLanes[index]!);
        else addBins(bin, values, times, start, end, tableLanes[index]!);
      }
    }
    for (let resample = first; resample < last; resample++) {
      const lane = resample - first;
      lanes.forEach((own, index) => {
        sums[index]![resample] = own[lane]!;
      });
      tables.forEach(({ bins }, index) => {
        for (let bin = 0; bin < bins; bin++) {
          tableSums[index]![resample * bins + bin] = tableLanes[index]![bin * together + lane]!;
        }
      });
    }
    yield last;
  }
  return {
    sums,
    binSums: tableSums.slice(0, binned.length),
    flagSums: flags.map((_, index) => flagSums(tableSums[binned.length + Math.floor(index / flagsTogether)]!, index)),
  };
}

/** Eight columns of 0 and 1 as one of bytes. */
function patternsOf(rows: number, flags: readonly Uint8Array[]): Uint8Array[] {
  return Array.from({ length: Math.ceil(flags.length / flagsTogether) }, (_, group) => {
    const bytes = new Uint8Array(rows);
    for (const [bit, flag] of flags.slice(group * flagsTogether, (group + 1) * flagsTogether).entries()) {
      for (let row = 0; row < rows; row++) bytes[row]! |= flag[row]! << bit;
    }
    return bytes;
  });
}

/** How often a flag was set in each resample: in all patterns that have its bit. */
function flagSums(counts: Float64Array, flag: number): Float64Array {
  const bins = 2 ** flagsTogether;
  const bit = 1 << (flag % flagsTogether);
  return Float64Array.from({ length: counts.length / bins }, (_, resample) => {
    let sum = 0;
    for (let pattern = 0; pattern < bins; pattern++) if (pattern & bit) sum += counts[resample * bins + pattern]!;
    return sum;
  });
}

function draw(counts: Uint16Array, seed: number): void {
  const rows = counts.length;
  for (let index = 0; index < rows; index++) counts[randomBelow(seed, index, rows)]!++;
}

/** How often each row of a stretch was drawn, the resamples side by side. */
function interleave(drawn: readonly Uint16Array[], start: number, end: number, times: Float64Array): void {
  for (let lane = 0; lane < together; lane++) {
    const counts = drawn[lane]!;
    for (let row = start, at = lane; row < end; row++, at += together) times[at] = counts[row]!;
  }
}

function addStretch(column: Float64Array, times: Float64Array, start: number, end: number, lanes: Float64Array): void {
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let row = start, at = 0; row < end; row++, at += together) {
    const value = column[row]!;
    a += times[at]! * value;
    b += times[at + 1]! * value;
    c += times[at + 2]! * value;
    d += times[at + 3]! * value;
  }
  lanes[0]! += a;
  lanes[1]! += b;
  lanes[2]! += c;
  lanes[3]! += d;
}

function addBins(
  bin: Uint8Array,
  values: Float64Array,
  times: Float64Array,
  start: number,
  end: number,
  lanes: Float64Array,
): void {
  for (let row = start, at = 0; row < end; row++, at += together) {
    const value = values[row]!;
    const place = bin[row]! * together;
    lanes[place]! += times[at]! * value;
    lanes[place + 1]! += times[at + 1]! * value;
    lanes[place + 2]! += times[at + 2]! * value;
    lanes[place + 3]! += times[at + 3]! * value;
  }
}

function countBins(bin: Uint8Array, times: Float64Array, start: number, end: number, lanes: Float64Array): void {
  for (let row = start, at = 0; row < end; row++, at += together) {
    const place = bin[row]! * together;
    lanes[place]! += times[at]!;
    lanes[place + 1]! += times[at + 1]!;
    lanes[place + 2]! += times[at + 2]!;
    lanes[place + 3]! += times[at + 3]!;
  }
}
