/**
 * Scores of anchors against rows of a bank, a few anchors at a time: temporaries stay within a fixed number of bytes,
 * whatever the number of candidates. The tensor [anchors, candidates, dimension] is never made.
 *
 * Where candidates are few among the rows, the rows are gathered. Where they are many and known to the host, each anchor
 * is scored against the whole bank and every score counts as often as it was drawn: a plain matrix product, which on some
 * devices is a hundred times faster than a gather.
 */
import type { Backend } from '../backend.ts';
import { sizeOf } from '../tensor.ts';
import { logSumExp } from './logSumExp.ts';
import { replaceRows } from './replaceRows.ts';

/** Elements of the largest temporary: large enough that each step is worth its overhead. */
const chunkElements = 2 ** 20;

/** The whole bank is scored up to this many rows for each candidate. */
const wholeBankRatio = 4;

/** Some anchors and their candidates. What is done element by element to `scores` may be handed to the three others. */
export interface ContrastChunk<T> {
  /** Dot products of anchor and candidate. */
  readonly scores: T;
  /** Σ over the candidates, [anchors]. */
  sum(values: T): T;
  /** log Σ exp over the candidates, [anchors]. */
  logSumExp(values: T): T;
  /** Σ coefficient·row over the candidates, [anchors, dimension]. */
  weightedRows(coefficients: T): T;
}

type Named<T, Name extends string> = Readonly<Record<Name, T>>;

/**
 * Computes named results for each anchor from its scores.
 *
 * @param anchors [anchors, dimension].
 * @param bank [size, dimension].
 * @param candidates Row numbers of the bank, [anchors, candidates].
 * @param compute Results of a chunk, each with the chunk's anchors along the first axis.
 * @param combine Joins results of the same anchors over different candidates; adds, when left out.
 * @returns The results, each with all anchors along the first axis.
 */
export function foldContrasts<T, Name extends string>(
  backend: Backend<T>,
  anchors: T,
  bank: T,
  candidates: T,
  compute: (chunk: ContrastChunk<T>) => Named<T, Name>,
  combine: (a: T, b: T) => T = backend.add,
): Named<T, Name> {
  const [count = 1, width = 1] = backend.shapeOf(candidates);
  const [size = 1, dimension = 1] = backend.shapeOf(bank);
  if (backend.readSync !== undefined && size <= wholeBankRatio * width) {
    const drawn = backend.readSync(candidates).data;
    const perChunk = Math.max(1, Math.floor(chunkElements / size));
    return foldAnchors(backend, count, perChunk, (positions) => {
      const counts = countCandidates(drawn, positions, width, size);
      return compute(wholeBank(backend, some(backend, anchors, positions), bank, backend.fromHost(counts)));
    });
  }
  const perChunk = Math.max(1, Math.floor(chunkElements / (width * dimension)));
  const widthPerChunk = Math.max(1, Math.floor(chunkElements / dimension));
  return foldAnchors(backend, count, perChunk, (positions) => {
    const chosen = some(backend, anchors, positions);
    const indices = some(backend, candidates, positions);
    const score = (fewer: T): Named<T, Name> => compute(gathered(backend, chosen, bank, fewer));
    return widthPerChunk >= width ? score(indices) : foldCandidates(backend, indices, widthPerChunk, score, combine);
  });
}

/** Candidates gathered row by row: scores [anchors, candidates]. */
function gathered<T>(backend: Backend<T>, anchors: T, bank: T, indices: T): ContrastChunk<T> {
  const [count = 1, width = 1] = backend.shapeOf(indices);
  const dimension = backend.shapeOf(bank)[1]!;
  const rows = backend.gather(bank, indices);
  const products = backend.matMul(rows, backend.reshape(anchors, [count, dimension, 1]));
  return {
    scores: backend.reshape(products, [count, width]),
    sum: (values) => backend.sum(values, { axis: -1 }),
    logSumExp: (values) => logSumExp(backend, values),
    weightedRows: (coefficients) =>
      backend.reshape(backend.matMul(backend.reshape(coefficients, [count, 1, width]), rows), [count, dimension]),
  };
}

/** All rows, each as often as it was drawn: scores [size, anchors], so that only small matrices are transposed. */
function wholeBank<T>(backend: Backend<T>, anchors: T, bank: T, counts: T): ContrastChunk<T> {
  const counted = (values: T): T => backend.multiply(values, counts);
  return {
    scores: backend.matMul(bank, anchors, { transposeB: true }),
    sum: (values) => backend.sum(counted(values), { axis: 0 }),
    logSumExp(values) {
      const drawn = backend.where(counts, values, backend.scalar(-Infinity));
      const largest = backend.max(drawn, { axis: 0, keepDims: true });
      const total = backend.sum(counted(backend.exp(backend.subtract(drawn, largest))), { axis: 0 });
      return backend.add(backend.reshape(largest, backend.shapeOf(total)), backend.log(total));
    },
    weightedRows: (coefficients) => backend.matMul(counted(coefficients), bank, { transposeA: true }),
  };
}

/** How often each row was drawn, [size, anchors]. */
function countCandidates(
  drawn: ArrayLike<number>,
  positions: Int32Array,
  width: number,
  size: number,
): { readonly data: Float32Array; readonly shape: readonly number[] } {
  const data = new Float32Array(size * positions.length);
  positions.forEach((position, column) => {
    for (let k = position * width; k < (position + 1) * width; k++) data[drawn[k]! * positions.length + column]! += 1;
  });
  return { data, shape: [size, positions.length] };
}

/** Results of all anchors, from chunks of them. */
function foldAnchors<T, Name extends string>(
  backend: Backend<T>,
  count: number,
  perChunk: number,
  compute: (positions: Int32Array) => Named<T, Name>,
): Named<T, Name> {
  let total: Named<T, Name> | undefined;
  for (let from = 0; from < count; from += perChunk) {
    const positions = range(from, Math.min(from + perChunk, count));
    const previous = total;
    total = backend.scope(() => {
      const part = compute(positions);
      if (positions.length === count) return part;
      return mapRecord(part, (value, name) => {
        const whole = previous?.[name] ?? zeros(backend, [count, ...backend.shapeOf(value).slice(1)]);
        return replaceRows(backend, whole, positions, value);
      });
    });
    if (previous !== undefined) disposeAll(backend, previous);
  }
  return total!;
}

/** For a single anchor whose candidates do not fit at once. */
function foldCandidates<T, Name extends string>(
  backend: Backend<T>,
  indices: T,
  widthPerChunk: number,
  score: (indices: T) => Named<T, Name>,
  combine: (a: T, b: T) => T,
): Named<T, Name> {
  const width = backend.shapeOf(indices)[1]!;
  const flat = backend.reshape(indices, [width]);
  let total: Named<T, Name> | undefined;
  for (let from = 0; from < width; from += widthPerChunk) {
    const positions = range(from, Math.min(from + widthPerChunk, width));
    const previous = total;
    total = backend.scope(() => {
      const part = score(backend.reshape(some(backend, flat, positions), [1, positions.length]));
      return previous === undefined ? part : mapRecord(part, (value, name) => combine(previous[name], value));
    });
    if (previous !== undefined) disposeAll(backend, previous);
  }
  return total!;
}

/** Some rows; the tensor itself where they are all of them. */
function some<T>(backend: Backend<T>, x: T, positions: Int32Array): T {
  if (positions.length === backend.shapeOf(x)[0]) return x;
  return backend.gather(x, backend.fromHost({ data: positions, shape: [positions.length] }));
}

function mapRecord<T, Name extends string>(
  record: Named<T, Name>,
  change: (value: T, name: Name) => T,
): Named<T, Name> {
  const names = Object.keys(record) as Name[];
  return Object.fromEntries(names.map((name) => [name, change(record[name], name)])) as Named<T, Name>;
}

function disposeAll<T>(backend: Backend<T>, record: Readonly<Record<string, T>>): void {
  for (const value of Object.values(record) as T[]) backend.dispose(value);
}

function range(from: number, to: number): Int32Array {
  return Int32Array.from({ length: to - from }, (_, index) => from + index);
}

function zeros<T>(backend: Backend<T>, shape: readonly number[]): T {
  const size = sizeOf(shape);
  return backend.fromHost({ data: new Float32Array(size), shape });
}
