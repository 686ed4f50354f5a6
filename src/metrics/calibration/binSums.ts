/** The three sums of each bin of confidence, on the device. */
import type { Backend, HostBackend } from '../../backend.ts';
import type { Rows } from '../../rowMetric.ts';
import type { BinEdges } from './binTable.ts';
import { binOf } from './hostBins.ts';

/** What a bin is known by: its rows, the sum of their confidences, the number of hits. */
export type BinSums<T> = Readonly<Record<'count' | 'confidence' | 'correct', T>>;

/** Edges as tensors' data: outermost ones beyond any probability, so that 0 and 1 (and 1.0000001) are in a bin. */
interface Bounds {
  readonly lower: Float32Array | Float64Array;
  readonly upper: Float32Array | Float64Array;
}

/**
 * Lower and upper edges of the bins.
 *
 * @param single Whether confidences are float32 numbers in double storage: then edges are rounded to float32 as well, so
 * that 0.3 in float32 (0.30000001) does not lie above the edge 3/10. A device in float32 rounds them by itself.
 */
export function boundsOf(boundaries: readonly number[], single: boolean): Bounds {
  const lower = [-1, ...boundaries.slice(1, -1)];
  const upper = [...boundaries.slice(1, -1), 2];
  const ArrayType = single ? Float32Array : Float64Array;
  return { lower: ArrayType.from(lower), upper: ArrayType.from(upper) };
}

/** 1 where a confidence lies in a bin, else 0; NaN lies in none. */
function membership<T>(backend: Backend<T>, confidence: T, lower: T, upper: T, edges: BinEdges): T {
  return edges === 'right'
    ? backend.subtract(backend.greater(confidence, lower), backend.greater(confidence, upper))
    : backend.subtract(backend.greater(upper, confidence), backend.greater(lower, confidence));
}

/** Sums of each bin, [bins], over rows with one confidence and one hit each, [rows]. */
export function topLabelSums<T>(
  backend: Backend<T>,
  confidence: T,
  correct: T,
  bounds: Bounds,
  edges: BinEdges,
  rows: Rows<T>,
): BinSums<T> {
  if (backend.readSync) {
    const column = (values: T) => backend.reshape(values, [rows.size, 1]);
    const sums = searchedSums(backend, column(confidence), column(correct), bounds, edges, rows);
    return mapSums(sums, (data) => backend.fromHost({ data, shape: [data.length] }));
  }
  const column = [rows.size, 1];
  const shape = [bounds.lower.length];
  const lower = backend.fromHost({ data: bounds.lower, shape });
  const upper = backend.fromHost({ data: bounds.upper, shape });
  const member = membership(backend, backend.reshape(confidence, column), lower, upper, edges);
  const sumOf = (values: T) => rows.sum(backend.multiply(member, backend.reshape(values, column)));
  return { count: rows.sum(member), confidence: sumOf(confidence), correct: sumOf(correct) };
}

/** Sums of each class and bin, [classes, bins], over probabilities and one-hot labels, [rows, classes]. */
export function classwiseSums<T>(
  backend: Backend<T>,
  probabilities: T,
  oneHotLabels: T,
  bounds: Bounds,
  edges: BinEdges,
  rows: Rows<T>,
): BinSums<T> {
  const classes = backend.shapeOf(probabilities)[1]!;
  const bins = bounds.lower.length;
  if (backend.readSync) {
    const sums = searchedSums(backend, probabilities, oneHotLabels, bounds, edges, rows);
    return mapSums(sums, (data) => backend.fromHost({ data, shape: [classes, bins] }));
  }
  // One bin at a time: a tensor [rows, classes, bins] would not fit for a hundred classes.
  const columns = Array.from({ length: bins }, (_, bin) => {
    const edge = (data: Float32Array | Float64Array) =>
      backend.fromHost({ data: data.slice(bin, bin + 1), shape: [1] });
    const member = membership(backend, probabilities, edge(bounds.lower), edge(bounds.upper), edges);
    return {
      count: rows.sum(member),
      confidence: rows.sum(backend.multiply(member, probabilities)),
      correct: rows.sum(backend.multiply(member, oneHotLabels)),
    };
  });
  const identity = backend.oneHot(
    backend.fromHost({ data: Float32Array.from({ length: bins }, (_, bin) => bin), shape: [bins] }),
    bins,
  );
  const assemble = (name: keyof BinSums<T>) =>
    columns
      .map((sums, bin) => {
        const position = backend.fromHost({ data: Float32Array.of(bin), shape: [1] });
        return backend.multiply(backend.reshape(sums[name], [classes, 1]), backend.gather(identity, position));
      })
      .reduce((whole, part) => backend.add(whole, part));
  return { count: assemble('count'), confidence: assemble('confidence'), correct: assemble('correct') };
}

/**
 * The same sums where values can be read, by a search for each number's bin: in float64, in time that hardly grows with
 * the number of bins, and without a tensor [rows, bins].
 *
 * @param confidence [rows, columns], as `correct`; each column has bins of its own, one after the other.
 */
function searchedSums<T>(
  backend: Backend<T>,
  confidence: T,
  correct: T,
  { lower, upper }: Bounds,
  edges: BinEdges,
  { weights }: Rows<T>,
): BinSums<Float64Array> {
  const read = (values: T) => (backend as HostBackend<T>).readSync(values).data;
  return tallied(
    { confidences: read(confidence), hits: read(correct), factors: weights && read(weights) },
    backend.shapeOf(confidence)[1]!,
    { lower, upper },
    edges,
  );
}

/** The sums of each column and bin of numbers [rows, columns], each row counted as its factor says. */
export function tallied(
  {
    confidences,
    hits,
    factors,
  }: {
    readonly confidences: ArrayLike<number>;
    readonly hits: ArrayLike<number>;
    readonly factors: ArrayLike<number> | undefined;
  },
  columns: number,
  { lower, upper }: Bounds,
  edges: BinEdges,
): BinSums<Float64Array> {
  const boundaries = [...lower, upper.at(-1)!];
  // A float32 confidence meets float32 edges, as it does on a device.
  const rounded = confidences instanceof Float32Array ? boundaries.map(Math.fround) : boundaries;
  const bins = lower.length;
  const sums = {
    count: new Float64Array(columns * bins),
    confidence: new Float64Array(columns * bins),
    correct: new Float64Array(columns * bins),
  };
  for (let row = 0, at = 0; at < confidences.length; row++) {
    const weight = factors === undefined ? 1 : factors[row]!;
    for (let column = 0; column < columns; column++, at++) {
      const value = confidences[at]!;
      // NaN lies in no bin; it is counted elsewhere.
      if (weight === 0 || Number.isNaN(value)) continue;
      const bin = column * bins + binOf(rounded, value, edges);
      sums.count[bin]! += weight;
      sums.confidence[bin]! += weight * value;
      sums.correct[bin]! += weight * hits[at]!;
    }
  }
  return sums;
}

function mapSums<From, To>(sums: BinSums<From>, map: (sum: From) => To): BinSums<To> {
  return { count: map(sums.count), confidence: map(sums.confidence), correct: map(sums.correct) };
}
