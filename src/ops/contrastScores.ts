/**
 * Scores of anchors against rows of a bank, a few anchors at a time: what is gathered stays within a fixed number of
 * bytes, whatever the number of candidates. The tensor [anchors, candidates, dimension] is never made.
 */
import type { Backend } from '../backend.ts';
import { replaceRows } from './replaceRows.ts';

/** Gathered rows at one time, in float32: large enough that each step is worth its overhead. */
const chunkElements = 2 ** 20;

/** Some anchors with all their candidates, or one anchor with some of them. */
export interface ContrastChunk<T> {
  /** [anchors, candidates, dimension]. */
  readonly rows: T;
  /** Dot products of anchor and candidate, [anchors, candidates]. */
  readonly scores: T;
}

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
  compute: (chunk: ContrastChunk<T>) => Readonly<Record<Name, T>>,
  combine: (a: T, b: T) => T = backend.add,
): Readonly<Record<Name, T>> {
  const [count = 1, width = 1] = backend.shapeOf(candidates);
  const dimension = backend.shapeOf(bank)[1]!;
  const perChunk = Math.min(count, Math.max(1, Math.floor(chunkElements / (width * dimension))));
  const widthPerChunk = Math.min(width, Math.max(1, Math.floor(chunkElements / dimension)));

  const score = (some: T, indices: T): Readonly<Record<Name, T>> => {
    const [anchorCount = 1, candidateCount = 1] = backend.shapeOf(indices);
    const rows = backend.gather(bank, indices);
    const columns = backend.reshape(some, [anchorCount, dimension, 1]);
    const scores = backend.reshape(backend.matMul(rows, columns), [anchorCount, candidateCount]);
    return compute({ rows, scores });
  };
  if (perChunk === count && widthPerChunk === width) return backend.scope(() => score(anchors, candidates));

  let total: Readonly<Record<Name, T>> | undefined;
  for (let from = 0; from < count; from += perChunk) {
    const positions = range(from, Math.min(from + perChunk, count));
    const previous = total;
    total = backend.scope(() => {
      const rowNumbers = backend.fromHost({ data: positions, shape: [positions.length] });
      const some = backend.gather(anchors, rowNumbers);
      const indices = backend.gather(candidates, rowNumbers);
      const part =
        widthPerChunk === width
          ? score(some, indices)
          : foldCandidates(backend, indices, widthPerChunk, (fewer) => score(some, fewer), combine);
      return mapRecord(part, (value, name) => {
        const shape = [count, ...backend.shapeOf(value).slice(1)];
        const whole = previous?.[name] ?? zeros(backend, shape);
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
  score: (indices: T) => Readonly<Record<Name, T>>,
  combine: (a: T, b: T) => T,
): Readonly<Record<Name, T>> {
  const width = backend.shapeOf(indices)[1]!;
  const flat = backend.reshape(indices, [width]);
  let total: Readonly<Record<Name, T>> | undefined;
  for (let from = 0; from < width; from += widthPerChunk) {
    const positions = range(from, Math.min(from + widthPerChunk, width));
    const previous = total;
    total = backend.scope(() => {
      const some = backend.gather(flat, backend.fromHost({ data: positions, shape: [positions.length] }));
      const part = score(backend.reshape(some, [1, positions.length]));
      return previous === undefined ? part : mapRecord(part, (value, name) => combine(previous[name], value));
    });
    if (previous !== undefined) disposeAll(backend, previous);
  }
  return total!;
}

function mapRecord<T, Name extends string>(
  record: Readonly<Record<Name, T>>,
  change: (value: T, name: Name) => T,
): Readonly<Record<Name, T>> {
  const names = Object.keys(record) as Name[];
  return Object.fromEntries(names.map((name) => [name, change(record[name], name)])) as Record<Name, T>;
}

function disposeAll<T>(backend: Backend<T>, record: Readonly<Record<string, T>>): void {
  for (const value of Object.values(record)) backend.dispose(value);
}

function range(from: number, to: number): Int32Array {
  return Int32Array.from({ length: to - from }, (_, index) => from + index);
}

function zeros<T>(backend: Backend<T>, shape: readonly number[]): T {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return backend.fromHost({ data: new Float32Array(size), shape });
}
