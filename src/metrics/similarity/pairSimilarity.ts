/**
 * The frame of similarities between two sets of activations of the same samples: what is computed once for each set,
 * what once for each pair, how parts of a stream merge. One definition serves two sets, layer × layer and model × model.
 */
import type { Backend } from '../../backend.ts';
import { rangeError, shapeError } from '../../check.ts';
import type { Metric } from '../../metric.ts';
import type { HostStatistic, HostStatistics } from '../../metricState.ts';
import { missing } from '../../ops/scoreFaults.ts';

/** What a similarity knows of one set of activations on the device. */
export interface Representation<T> {
  /** Kept and merged. */
  readonly statistics: Readonly<Record<string, T>>;
  /** Used by `relate` alone. */
  readonly working: Readonly<Record<string, T>>;
}

/** Widths of all activations that are compared, first ones and second ones. */
export interface Widths {
  readonly x: readonly number[];
  readonly y: readonly number[];
}

/** Host statistics of a pair over a number of samples. */
export interface PairStatistics {
  readonly samples: number;
  readonly x: HostStatistics<string>;
  readonly y: HostStatistics<string>;
  readonly xy: HostStatistics<string>;
}

/** Host statistics of one set of activations over a number of samples. */
export interface SetStatistics {
  readonly samples: number;
  readonly statistics: HostStatistics<string>;
}

/** What two activations' similarity consists of. */
export interface PairSimilarity<Result> {
  readonly name: string;
  /** Whether `value` grows with likeness, up to 1, or with distance, from 0. */
  readonly kind: 'similarity' | 'distance';
  /** The least number of samples in a batch. */
  readonly leastSamples: number;
  /** The largest number of features, where there is one. */
  readonly greatestWidth?: number;
  /** Statistics of one set of activations [n, features]. */
  represent<T>(backend: Backend<T>, activations: T, widths: Widths): Representation<T>;
  /** Statistics of a pair. */
  relate<T>(backend: Backend<T>, x: Representation<T>, y: Representation<T>): Readonly<Record<string, T>>;
  /** Merges one set's statistics; their sum when left out. */
  mergeSets?(first: SetStatistics, second: SetStatistics): HostStatistics<string>;
  /** Merges a pair's statistics; their sum when left out. */
  mergePairs?(first: PairStatistics, second: PairStatistics): HostStatistics<string>;
  /** The result, by plain host arithmetic. */
  finish(pair: PairStatistics): Result;
  /** The result with x and y exchanged; the same when left out. */
  mirror?(result: Result): Result;
}

/** A metric of two sets of activations that also serves a matrix of many. */
export interface SimilarityMetric<Result> extends Metric<'x' | 'y', string, Result> {
  /** The similarity's parts, for `ckaMatrix`, `similarityMatrix` and `trainingPath`. */
  readonly pairs: PairSimilarity<Result>;
}

/** Statistics by set and by pair, in one flat record: `x0.products`, `x0y1.products`. */
const setKey = (side: 'x' | 'y', index: number): string => `${side}${index}.`;
const pairKey = (row: number, column: number): string => `x${row}y${column}.`;

function prefixed<Value>(prefix: string, record: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [prefix + name, value]));
}

/** The flat record's statistics by set and by pair. */
function grouped(statistics: HostStatistics<string>): (prefix: string) => HostStatistics<string> {
  const groups: Record<string, Record<string, HostStatistic>> = {};
  for (const [key, value] of Object.entries(statistics)) {
    const end = key.indexOf('.') + 1;
    const prefix = key.slice(0, end);
    groups[prefix] ??= {};
    groups[prefix][key.slice(end)] = value;
  }
  return (prefix) => groups[prefix] ?? {};
}

function sumOf(first: HostStatistics<string>, second: HostStatistics<string>): HostStatistics<string> {
  return Object.fromEntries(
    Object.entries(first).map(([name, { data, shape }]) => [
      name,
      { data: data.map((value, index) => value + second[name]!.data[index]!), shape },
    ]),
  );
}

const scalarStatistic = (value: number): HostStatistic => ({ data: Float64Array.of(value), shape: [] });

/** Requires [n, …] with at least one element. */
function checkActivations(where: string, argument: string, shape: readonly number[]): void {
  if (shape.length === 0 || shape.includes(0)) {
    throw shapeError(where, argument, 'of shape [n, features] with at least one element', shape);
  }
}

/** Activations as [n, features]: axes after the first are flattened. */
function flattened<T>(backend: Backend<T>, activations: T): T {
  const [rows = 1, ...rest] = backend.shapeOf(activations);
  return backend.reshape(activations, [rows, rest.reduce((product, extent) => product * extent, 1)]);
}

/** The cells of a matrix of similarities, and the samples they rest on. */
export interface SimilarityCells<Result> {
  readonly cells: readonly (readonly Result[])[];
  readonly samples: number;
}

/**
 * The methods of a metric that compares every set of `xNames` with every one of `yNames`. Where both are the same list,
 * each set is represented once and each pair related once.
 */
export function pairMethods<Name extends string, Result, Final>(
  similarity: PairSimilarity<Result>,
  name: string,
  xNames: readonly Name[],
  yNames: readonly Name[],
  assemble: (result: SimilarityCells<Result>) => Final,
): Pick<Metric<Name, string, Final>, 'check' | 'statistics' | 'faults' | 'merge' | 'finish'> {
  const symmetric = xNames === yNames;
  const pairs = xNames.flatMap((_, row) =>
    yNames.map((_, column) => [row, column] as const).filter(([, column]) => !symmetric || column >= row),
  );
  const ySide = symmetric ? 'x' : 'y';
  const names = [...new Set([...xNames, ...yNames])];

  const pairsOf = (statistics: HostStatistics<string>) => {
    const of = grouped(statistics);
    return (row: number, column: number): PairStatistics => ({
      samples: statistics.samples!.data[0]!,
      x: of(setKey('x', row)),
      y: of(setKey(ySide, column)),
      xy: of(pairKey(row, column)),
    });
  };

  return {
    check(backend, batch) {
      const record = batch as Readonly<Record<string, unknown>>;
      const shapeOf = (input: string) => backend.shapeOf(record[input] as never);
      const [rows = 0] = shapeOf(names[0]!);
      for (const input of names) {
        const shape = shapeOf(input);
        checkActivations(name, input, shape);
        if (shape[0] !== rows) {
          throw shapeError(name, input, `of as many samples as ${names[0]}, ${rows}`, shape);
        }
      }
      const { greatestWidth = Infinity } = similarity;
      for (const input of names) {
        const width = shapeOf(input)
          .slice(1)
          .reduce((product, extent) => product * extent, 1);
        if (width > greatestWidth) {
          const hint = 'Average over positions, or take a random projection, first.';
          throw rangeError(similarity.name, 'number of features', `at most ${greatestWidth}`, width, hint);
        }
      }
      if (rows < similarity.leastSamples) {
        throw rangeError(name, 'number of samples', `at least ${similarity.leastSamples} a batch`, rows);
      }
    },

    statistics(backend, batch) {
      const record = batch as Readonly<Record<string, never>>;
      type Tensor = ReturnType<typeof backend.scalar>;
      const flat = new Map<string, Tensor>(names.map((input) => [input, flattened(backend, record[input]!)]));
      const widthsOf = (list: readonly string[]) => list.map((input) => backend.shapeOf(flat.get(input)!)[1]!);
      const widths: Widths = { x: widthsOf(xNames), y: widthsOf(yNames) };
      const represented = new Map<string, Representation<Tensor>>(
        names.map((input) => [input, similarity.represent(backend, flat.get(input)!, widths)]),
      );
      const found: Record<string, Tensor> = {
        samples: backend.scalar(backend.shapeOf(flat.get(names[0]!)!)[0]!),
        // x − x is NaN for NaN and for both infinities.
        invalid: [...flat.values()]
          .map((value) => missing(backend, backend.subtract(value, value)))
          .reduce((total, count) => backend.add(total, count)),
      };
      const keep = (side: 'x' | 'y', list: readonly string[]) => {
        list.forEach((input, index) => {
          Object.assign(found, prefixed(setKey(side, index), represented.get(input)!.statistics));
        });
      };
      keep('x', xNames);
      if (!symmetric) keep('y', yNames);
      for (const [row, column] of pairs) {
        const x = represented.get(xNames[row]!)!;
        const y = represented.get(yNames[column]!)!;
        Object.assign(found, prefixed(pairKey(row, column), similarity.relate(backend, x, y)));
      }
      return found;
    },

    faults: { invalid: { argument: 'activations', expected: 'finite', counted: 'of NaN or ±Infinity' } },

    merge(first, second) {
      const samples = [first.samples!.data[0]!, second.samples!.data[0]!] as const;
      const merged: Record<string, HostStatistic> = {
        samples: scalarStatistic(samples[0] + samples[1]),
      };
      const [ofFirst, ofSecond] = [grouped(first), grouped(second)];
      const mergeSide = (side: 'x' | 'y', count: number) => {
        for (let index = 0; index < count; index++) {
          const key = setKey(side, index);
          const a = { samples: samples[0], statistics: ofFirst(key) };
          const b = { samples: samples[1], statistics: ofSecond(key) };
          const sets = similarity.mergeSets?.(a, b) ?? sumOf(a.statistics, b.statistics);
          Object.assign(merged, prefixed(key, sets));
        }
      };
      mergeSide('x', xNames.length);
      if (!symmetric) mergeSide('y', yNames.length);
      const [firstPair, secondPair] = [pairsOf(first), pairsOf(second)];
      for (const [row, column] of pairs) {
        const a = firstPair(row, column);
        const b = secondPair(row, column);
        const xy = similarity.mergePairs?.(a, b) ?? sumOf(a.xy, b.xy);
        Object.assign(merged, prefixed(pairKey(row, column), xy));
      }
      return merged;
    },

    finish(statistics) {
      const pairOf = pairsOf(statistics);
      const found = new Map(
        pairs.map(([row, column]) => [pairKey(row, column), similarity.finish(pairOf(row, column))]),
      );
      const mirror = similarity.mirror ?? ((result: Result) => result);
      const cell = (row: number, column: number): Result =>
        symmetric && column < row ? mirror(found.get(pairKey(column, row))!) : found.get(pairKey(row, column))!;
      return assemble({
        cells: xNames.map((_, row) => yNames.map((_, column) => cell(row, column))),
        samples: statistics.samples!.data[0]!,
      });
    },
  };
}

/** The methods of a metric of two sets of activations, `x` and `y`. */
export function twoSetMethods<Result>(
  similarity: PairSimilarity<Result>,
): Pick<
  SimilarityMetric<Result>,
  'inputs' | 'optionalInputs' | 'pairs' | 'check' | 'statistics' | 'faults' | 'merge' | 'finish'
> {
  return {
    inputs: ['x', 'y'],
    optionalInputs: [],
    pairs: similarity,
    ...pairMethods<'x' | 'y', Result, Result>(similarity, similarity.name, ['x'], ['y'], ({ cells }) => cells[0]![0]!),
  };
}
