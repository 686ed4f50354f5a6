/** The three sums of each bin of confidence, on the device. */
import type { Backend } from '../../backend.ts';
import type { HostTensor } from '../../tensor.ts';
import type { BinEdges } from './binTable.ts';
import { binOf } from './hostBins.ts';

/** What a bin is known by: its rows, the sum of their confidences, the number of hits. */
export interface BinSums<T> {
  readonly count: T;
  readonly confidence: T;
  readonly correct: T;
}

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

/** From so many bins on, hosts search for a row's bin: a tensor [rows, bins] would fill the memory. */
const searchedBins = 1000;

/** Sums of each bin, [bins], over rows with one confidence each, [rows]. */
export function topLabelSums<T>(
  backend: Backend<T>,
  confidence: T,
  correct: T,
  bounds: Bounds,
  edges: BinEdges,
): BinSums<T> {
  if (bounds.lower.length >= searchedBins && backend.readSync) {
    return searchedSums(backend, backend.readSync(confidence), backend.readSync(correct), bounds, edges);
  }
  const column = [backend.shapeOf(confidence)[0]!, 1];
  const shape = [bounds.lower.length];
  const lower = backend.fromHost({ data: bounds.lower, shape });
  const upper = backend.fromHost({ data: bounds.upper, shape });
  const member = membership(backend, backend.reshape(confidence, column), lower, upper, edges);
  const sumOf = (values: T) => backend.sum(backend.multiply(member, backend.reshape(values, column)), { axis: 0 });
  return { count: backend.sum(member, { axis: 0 }), confidence: sumOf(confidence), correct: sumOf(correct) };
}

/** The same sums by a search for each row's bin. */
function searchedSums<T>(
  backend: Backend<T>,
  confidence: HostTensor,
  correct: HostTensor,
  { lower, upper }: Bounds,
  edges: BinEdges,
): BinSums<T> {
  const boundaries = [...lower, upper.at(-1)!];
  // A float32 confidence meets float32 edges, as it does on a device.
  const rounded = confidence.data instanceof Float32Array ? boundaries.map(Math.fround) : boundaries;
  const sums = [0, 1, 2].map(() => new Float64Array(lower.length)) as [Float64Array, Float64Array, Float64Array];
  confidence.data.forEach((value, row) => {
    const bin = binOf(rounded, value, edges);
    sums[0][bin]! += 1;
    sums[1][bin]! += value;
    sums[2][bin]! += correct.data[row]!;
  });
  const [count, total, hits] = sums.map((data) => backend.fromHost({ data, shape: [data.length] }));
  return { count: count!, confidence: total!, correct: hits! };
}

/** Sums of each class and bin, [classes, bins], over probabilities and one-hot labels, [rows, classes]. */
export function classwiseSums<T>(
  backend: Backend<T>,
  probabilities: T,
  oneHotLabels: T,
  bounds: Bounds,
  edges: BinEdges,
): BinSums<T> {
  const classes = backend.shapeOf(probabilities)[1]!;
  const bins = bounds.lower.length;
  // One bin at a time: a tensor [rows, classes, bins] would not fit for a hundred classes.
  const columns = Array.from({ length: bins }, (_, bin) => {
    const edge = (data: Float32Array | Float64Array) =>
      backend.fromHost({ data: data.slice(bin, bin + 1), shape: [1] });
    const member = membership(backend, probabilities, edge(bounds.lower), edge(bounds.upper), edges);
    return {
      count: backend.sum(member, { axis: 0 }),
      confidence: backend.sum(backend.multiply(member, probabilities), { axis: 0 }),
      correct: backend.sum(backend.multiply(member, oneHotLabels), { axis: 0 }),
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
