/** Counts of several runs' predictions on the same rows: hits by run and class, and the rows whose modal answers differ. */
import { checkWhole, rangeError } from '../../check.ts';
import type { HostStatistic, HostStatistics } from '../../metricState.ts';

/** Statistics of `compressionExemplars`. */
export type RunStatistic =
  | 'exemplarIndex'
  | 'exemplarBefore'
  | 'exemplarAfter'
  | 'exemplarLabel'
  | 'exemplars'
  | 'rightBefore'
  | 'rightAfter'
  | 'support'
  | 'count'
  | 'rows';

/** These statistics on the host. */
export type RunCounts = HostStatistics<RunStatistic>;

interface RunRows {
  /** Predicted classes, [runs, rows]. */
  readonly before: HostStatistic;
  readonly after: HostStatistic;
  readonly labels: Float64Array;
  readonly rowWeights: Float64Array | undefined;
}

/** The counts of one batch; refuses labels and predictions of rows that count and are no class, and weights below 0. */
export function countRuns(
  where: string,
  { before, after, labels, rowWeights }: RunRows,
  { classes, ignoreIndex }: { readonly classes: number | undefined; readonly ignoreIndex: number | null },
): RunCounts {
  const weightOf = (row: number): number => {
    const weight = rowWeights?.[row] ?? 1;
    if (!(weight >= 0 && weight < Infinity)) {
      throw rangeError(where, 'rowWeights', 'finite numbers of at least 0', weight);
    }
    return labels[row] === ignoreIndex ? 0 : weight;
  };
  const weights = labels.map((_, row) => weightOf(row));
  const size = classes ?? largestOf(labels, weights) + 1;
  const rows = labels.length;
  const [first, second] = [modesOf(where, before, weights), modesOf(where, after, weights)];
  const support = new Float64Array(size);
  const exemplars: number[] = [];
  labels.forEach((label, row) => {
    if (weights[row] === 0) return;
    checkWhole(where, 'labels', label, 0);
    if (label >= size) throw rangeError(where, 'labels', `whole numbers in [0, ${size})`, label);
    support[label]! += weights[row]!;
    if (first[row] !== second[row]) exemplars.push(row);
  });
  const listed = (value: (row: number) => number): HostStatistic => ({
    data: Float64Array.from(exemplars, value),
    shape: [exemplars.length],
  });
  const single = (value: number): HostStatistic => ({ data: Float64Array.of(value), shape: [] });
  return {
    exemplarIndex: listed((row) => row),
    exemplarBefore: listed((row) => first[row]!),
    exemplarAfter: listed((row) => second[row]!),
    exemplarLabel: listed((row) => labels[row]!),
    exemplars: single(exemplars.reduce((sum, row) => sum + weights[row]!, 0)),
    rightBefore: hitsOf(before, labels, weights, size),
    rightAfter: hitsOf(after, labels, weights, size),
    support: { data: support, shape: [size] },
    count: single(weights.reduce((sum, weight) => sum + weight, 0)),
    rows: single(rows),
  };
}

/** Both parts' counts; the second part's rows are numbered after the first part's. */
export function addRuns(first: RunCounts, second: RunCounts): RunCounts {
  const offset = first.rows.data[0]!;
  const joined = (name: 'exemplarIndex' | 'exemplarBefore' | 'exemplarAfter' | 'exemplarLabel', shift = 0) => {
    const [own, other] = [first[name].data, second[name].data];
    const data = new Float64Array(own.length + other.length);
    data.set(own);
    data.set(
      other.map((value) => value + shift),
      own.length,
    );
    return { data, shape: [data.length] };
  };
  const sum = (name: 'exemplars' | 'count' | 'rows') => ({
    data: Float64Array.of(first[name].data[0]! + second[name].data[0]!),
    shape: [],
  });
  const size = Math.max(first.support.data.length, second.support.data.length);
  const support = new Float64Array(size);
  for (const part of [first, second]) {
    part.support.data.forEach((value, label) => {
      support[label]! += value;
    });
  }
  const hits = (name: 'rightBefore' | 'rightAfter') => {
    const [runs = 0] = first[name].shape;
    const data = new Float64Array(runs * size);
    for (const { data: part } of [first[name], second[name]]) {
      const width = part.length / runs;
      part.forEach((value, at) => {
        data[Math.floor(at / width) * size + (at % width)]! += value;
      });
    }
    return { data, shape: [runs, size] };
  };
  return {
    exemplarIndex: joined('exemplarIndex', offset),
    exemplarBefore: joined('exemplarBefore'),
    exemplarAfter: joined('exemplarAfter'),
    exemplarLabel: joined('exemplarLabel'),
    exemplars: sum('exemplars'),
    rightBefore: hits('rightBefore'),
    rightAfter: hits('rightAfter'),
    support: { data: support, shape: [size] },
    count: sum('count'),
    rows: sum('rows'),
  };
}

function largestOf(labels: Float64Array, weights: Float64Array): number {
  return labels.reduce((most, label, row) => (weights[row] === 0 ? most : Math.max(most, label)), 0);
}

/** Hits by run and label, [runs, classes]. */
function hitsOf(
  { data, shape: [runs = 0] }: HostStatistic,
  labels: Float64Array,
  weights: Float64Array,
  size: number,
): HostStatistic {
  const hits = new Float64Array(runs * size);
  for (let run = 0; run < runs; run++) {
    for (let row = 0; row < labels.length; row++) {
      if (weights[row] !== 0 && data[run * labels.length + row] === labels[row]) {
        hits[run * size + labels[row]!]! += weights[row]!;
      }
    }
  }
  return { data: hits, shape: [runs, size] };
}

/** The answer of most runs on each row that counts, of equally many the lowest class. */
function modesOf(where: string, { data, shape: [runs = 0] }: HostStatistic, weights: Float64Array): Float64Array {
  const rows = weights.length;
  return weights.map((weight, row) => {
    if (weight === 0) return 0;
    const votes = new Map<number, number>();
    let [mode, most] = [Infinity, 0];
    for (let run = 0; run < runs; run++) {
      const answer = data[run * rows + row]!;
      checkWhole(where, 'predictions', answer, 0);
      const count = (votes.get(answer) ?? 0) + 1;
      votes.set(answer, count);
      if (count > most || (count === most && answer < mode)) {
        most = count;
        mode = answer;
      }
    }
    return mode;
  });
}
