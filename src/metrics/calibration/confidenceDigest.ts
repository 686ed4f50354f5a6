/**
 * Confidences of a stream with their hits, equal ones together, for what needs their order: one column for each row's own
 * confidence, or a column for each class. All different confidences are kept until there are too many; then all are cut to
 * fewer bits of their mantissa and count as equal where those agree, with the exact sums of what they were. Cutting
 * twice is cutting once, so the result depends neither on the order nor on the grouping of the parts, and the state is of
 * fixed size.
 */
import { countOf, type HostStatistics, numberOf, type StateForm } from '../../metricState.ts';
import { littleEndian, mantissaBits, truncation } from '../../ops/truncation.ts';
import { type ConfidenceGroups, groupConfidences } from './confidenceGroups.ts';
import type { CheckedRows } from './confidenceRows.ts';

/** Groups of each column, of whose confidences so many bits are known. */
export interface ConfidenceDigest {
  readonly columns: readonly ConfidenceGroups[];
  readonly bits: number;
}

/** Names of the statistics: groups of all columns one after the other, with the place at which each column ends. */
export type DigestStatistic = keyof ConfidenceGroups | 'ends' | 'bits';

/** The form of a digest in a state. */
export const digestState: StateForm<DigestStatistic> = {
  confidences: /* @__PURE__ */ numberOf([null]),
  weights: /* @__PURE__ */ countOf([null]),
  hits: /* @__PURE__ */ countOf([null]),
  sums: /* @__PURE__ */ countOf([null]),
  ends: /* @__PURE__ */ countOf(['columns']),
  bits: /* @__PURE__ */ countOf(),
};

const parts = ['confidences', 'weights', 'hits', 'sums'] as const;

/** Groups that all columns keep together: the length of the arrays, filled up with zeros, whatever the number of rows. */
function capacityOf(columns: number): number {
  return Math.max(2 ** 16, columns * 2 ** 10);
}

/** The statistics of a batch's rows, by column. */
export function digested(columns: readonly CheckedRows[]): HostStatistics<DigestStatistic> {
  return statisticsFrom(withinCapacity({ columns: columns.map(groupConfidences), bits: mantissaBits }));
}

/** The statistics of two parts. */
export function mergeDigests(
  first: HostStatistics<DigestStatistic>,
  second: HostStatistics<DigestStatistic>,
): HostStatistics<DigestStatistic> {
  const [a, b] = [digestFrom(first), digestFrom(second)];
  const bits = Math.min(a.bits, b.bits);
  const columns = a.columns.map((groups, at) => joined(interleaved(groups, b.columns[at]!), bits));
  return statisticsFrom(withinCapacity({ columns, bits }));
}

/** The digest of statistics. */
export function digestFrom(statistics: HostStatistics<DigestStatistic>): ConfidenceDigest {
  const ends = statistics.ends.data;
  const columns = Array.from(ends, (end, at) => {
    const start = at === 0 ? 0 : ends[at - 1]!;
    return groupsFrom((part) => statistics[part].data.subarray(start, end));
  });
  return { columns, bits: statistics.bits.data[0]! };
}

/** The share of itself within which a confidence counts as equal to another: 0 where all are kept as they are. */
export function resolutionOf({ bits }: ConfidenceDigest): number {
  return bits === mantissaBits ? 0 : 2 ** -bits;
}

function statisticsFrom({ columns, bits }: ConfidenceDigest): HostStatistics<DigestStatistic> {
  let size = 0;
  const ends = Float64Array.from(columns, ({ weights }) => {
    size += weights.length;
    return size;
  });
  const all = groupsFrom((part) => {
    const data = new Float64Array(capacityOf(columns.length));
    columns.forEach((groups, at) => {
      data.set(groups[part], at === 0 ? 0 : ends[at - 1]!);
    });
    return data;
  });
  const statistic = (data: Float64Array) => ({ data, shape: [data.length] });
  return {
    confidences: statistic(all.confidences),
    weights: statistic(all.weights),
    hits: statistic(all.hits),
    sums: statistic(all.sums),
    ends: statistic(ends),
    bits: { data: Float64Array.of(bits), shape: [] },
  };
}

function groupsFrom(partOf: (part: keyof ConfidenceGroups) => Float64Array): ConfidenceGroups {
  const [confidences, weights, hits, sums] = parts.map(partOf) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  return { confidences, weights, hits, sums };
}

function withinCapacity(digest: ConfidenceDigest): ConfidenceDigest {
  const most = capacityOf(digest.columns.length);
  const firstAt = new Float64Array(mantissaBits + 1);
  for (const { confidences } of digest.columns) countFirstDifferences(confidences, firstAt);
  // More bits, more different confidences: the most bits that fit.
  let [groups, bits] = [firstAt[0]!, 0];
  while (bits < digest.bits && groups + firstAt[bits + 1]! <= most) groups += firstAt[++bits]!;
  if (bits === digest.bits) return digest;
  return { columns: digest.columns.map((kept) => joined(kept, bits)), bits };
}

/** Counts rising confidences by how many bits of the mantissa it takes to tell each from the one before it; the first takes none. */
function countFirstDifferences(rising: Float64Array, firstAt: Float64Array): void {
  const words = new Uint32Array(rising.buffer, rising.byteOffset, 2 * rising.length);
  const [low, high] = littleEndian ? [0, 1] : [1, 0];
  if (rising.length > 0) firstAt[0]! += 1;
  for (let at = 2; at < words.length; at += 2) {
    const above = words[at + high]! ^ words[at + high - 2]!;
    const below = words[at + low]! ^ words[at + low - 2]!;
    // Sign and exponent are the first twelve bits.
    if (above !== 0) firstAt[Math.max(0, Math.clz32(above) - 11)]! += 1;
    else if (below !== 0) firstAt[21 + Math.clz32(below)]! += 1;
  }
}

/** Both lists of groups in rising order. */
function interleaved(first: ConfidenceGroups, second: ConfidenceGroups): ConfidenceGroups {
  const [a, b] = [first.confidences, second.confidences];
  const size = a.length + b.length;
  const fromFirst = new Uint8Array(size);
  for (let at = 0, i = 0, j = 0; at < size; at++) {
    fromFirst[at] = j === b.length || (i < a.length && a[i]! <= b[j]!) ? 1 : 0;
    if (fromFirst[at] === 1) i++;
    else j++;
  }
  return groupsFrom((part) => {
    const [one, other] = [first[part], second[part]];
    let [i, j] = [0, 0];
    return Float64Array.from(fromFirst, (isFirst) => (isFirst === 1 ? one[i++]! : other[j++]!));
  });
}

/** Neighbours that agree in so many bits as one. */
function joined(groups: ConfidenceGroups, bits: number): ConfidenceGroups {
  const truncate = truncation(bits);
  const kept = groupsFrom((part) => new Float64Array(groups[part].length));
  let last = -1;
  for (let at = 0; at < groups.weights.length; at++) {
    const confidence = truncate(groups.confidences[at]!);
    if (last < 0 || confidence !== kept.confidences[last]) kept.confidences[++last] = confidence;
    kept.weights[last]! += groups.weights[at]!;
    kept.hits[last]! += groups.hits[at]!;
    kept.sums[last]! += groups.sums[at]!;
  }
  return groupsFrom((part) => kept[part].slice(0, last + 1));
}
