import { kindError, rangeError } from '../../check.ts';
import type { Metric } from '../../metric.ts';
import { type HostStatistics, numberOf, type StateForm } from '../../metricState.ts';
import { type OptionReader, optional, readOptions, whole, word } from '../../options.ts';
import { type HostTensor, tensor } from '../../tensor.ts';
import { cka } from './cka.ts';
import { checkExtentsKept, keptRows } from './keptRows.ts';
import { pairMethods } from './pairMetric.ts';
import type {
  Extents,
  Matchings,
  PairSimilarity,
  PairStatistics,
  Rematching,
  SetStatistics,
  SimilarityMetric,
} from './pairSimilarity.ts';
import { sampleOrders } from './sampleOrders.ts';
import { namedSimilarity } from './similarityOption.ts';

/** A similarity (or distance) of two sets of activations, [n, features] each in float64, as a plain function. */
export type SimilarityFunction = (x: HostTensor, y: HostTensor) => number;

/** Options of `nullCalibration`. */
export interface NullCalibrationOptions {
  /**
   * What is tested: a similarity such as `cka()` or `nearestNeighborAgreement()`, or a function. Default, and what `'cka'`
   * stands for, `cka()`.
   */
  readonly of?: 'cka' | SimilarityMetric<{ readonly value: number }> | SimilarityFunction;
  /** Orders that are tried, at least 1; all of them where the samples have no more. Default 999. */
  readonly permutations?: number;
  /** Default 0. */
  readonly seed?: number;
  /** Of a function: whether its value grows with likeness (default) or with distance. */
  readonly kind?: 'similarity' | 'distance';
}

/** What `nullCalibration` returns. */
export interface NullCalibrationResult {
  /** Of the samples as they are matched. */
  readonly value: number;
  /** Of each order that was tried. */
  readonly null: readonly number[];
  readonly nullMean: number;
  /** Over their number less 1; 0 for a single one. */
  readonly nullStandardDeviation: number;
  /** `value` less `nullMean`, in standard deviations; null where those are 0. */
  readonly z: number | null;
  /** (1 + orders that are as alike as the given one, or more)/(1 + orders): the probability of it where nothing is common. */
  readonly pValue: number;
  /** (value − nullMean)/(1 − nullMean): 0 for chance, 1 for likeness itself. Null for distances, and where `nullMean` is 1. */
  readonly excess: number | null;
  /** The mean over all orders, where there is a closed form, as for `cka`; else null. */
  readonly expectedNull: number | null;
  /** Whether all orders were tried. */
  readonly exact: boolean;
  readonly permutations: number;
  readonly samples: number;
}

type Kind = 'similarity' | 'distance';

/** A pair as the frame leaves it: its value for every order. */
interface Tested extends Matchings {
  readonly samples: number;
}

/**
 * What chance gives for a similarity, by permutation: the samples of y are matched with those of x in other orders, in which
 * nothing but size, width and spread of both sets is common to them, and the similarity is computed for each. It is exact
 * where all orders are tried, and needs nothing to be known of the activations.
 *
 * Inputs: `x` and `y`, [n, …]; optional `permutations`, [m, n], orders of one's own: in each, sample i of x goes with sample
 * order[i] of y. One batch, on any backend; the orders are tried in float64 on the host, and what depends on one set alone, a
 * Gram matrix, its eigenvectors, neighbours, ranks, is computed once. `cka` says mean and deviation over all orders by itself,
 * without a draw; a p-value takes this.
 *
 * @returns `{ value, null, nullMean, nullStandardDeviation, z, pValue, excess, expectedNull, exact, permutations, samples }`.
 * @throws RangeError for NaN or infinite activations, for orders that are none, and for a function's value that is no number.
 * @example
 * const { pValue, excess } = measure(nullCalibration({ of: nearestNeighborAgreement() }), { x, y });
 * @see Phipson and Smyth, "Permutation p-values should never be zero", 2010.
 */
// @__NO_SIDE_EFFECTS__
export function nullCalibration(
  options: NullCalibrationOptions = {},
): Metric<'x' | 'y', string, NullCalibrationResult, 'permutations'> {
  const name = 'nullCalibration';
  const { of, permutations, seed, kind } = readOptions(name, options, {
    of: tested,
    permutations: whole(1, 999),
    seed: whole(0, 0),
    kind: optional(word(['similarity', 'distance'])),
  });
  const { similarity, direction } = rematched(name, of, kind);
  const frame = pairMethods<'x' | 'y', Tested, Tested>(similarity, name, ['x'], ['y'], ({ cells }) => cells[0]![0]!);
  const [state] = frame.state as readonly [StateForm<string>];
  return {
    name,
    reference: nullCalibration,
    options: { of: typeof of === 'function' ? 'a function' : namedSimilarity(of), permutations, seed, kind: direction },
    inputs: ['x', 'y'],
    optionalInputs: ['permutations'],
    ...frame,
    // A view of its own: the caller's tensor stays the caller's when the statistics are freed.
    statistics: (backend, batch) => ({
      ...frame.statistics(backend, batch),
      ...(batch.permutations !== undefined && {
        permutations: backend.reshape(batch.permutations, backend.shapeOf(batch.permutations)),
      }),
    }),
    state: [state, { ...state, permutations: numberOf([null, null]) }],
    merge() {
      throw rangeError(name, 'samples', 'of one batch', 'a second one', 'The orders run over all samples.');
    },
    finish({ permutations: given, ...statistics }: HostStatistics<string>) {
      const pair = frame.finish(statistics);
      const { isExact, count, orders } =
        given === undefined ? sampleOrders(pair.samples, permutations, seed) : givenOrders(name, given, pair.samples);
      return calibrated(pair, Array.from(orders(), pair.valueFor), direction, isExact, count);
    },
  };
}

/** Values that differ by no more than their rounding are equal: many orders give the same. */
const rounding = 1e-12;

function calibrated(
  { valueFor, expected, samples }: Tested,
  values: readonly number[],
  kind: Kind,
  exact: boolean,
  permutations: number,
): NullCalibrationResult {
  const value = valueFor(Int32Array.from({ length: samples }, (_, index) => index));
  const mean = values.reduce((sum, one) => sum + one, 0) / values.length;
  const squares = values.reduce((sum, one) => sum + (one - mean) ** 2, 0);
  const deviation = values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0;
  const slack = rounding * values.reduce((most, one) => Math.max(most, Math.abs(one)), Math.abs(value));
  const hits = values.filter((one) => (kind === 'similarity' ? one >= value - slack : one <= value + slack)).length;
  return {
    value,
    null: values,
    nullMean: mean,
    nullStandardDeviation: deviation,
    z: deviation > slack ? (value - mean) / deviation : null,
    pValue: (1 + hits) / (1 + permutations),
    excess: kind === 'similarity' && mean !== 1 ? (value - mean) / (1 - mean) : null,
    expectedNull: expected ?? null,
    exact,
    permutations,
    samples,
  };
}

/** Orders of the caller's. */
function givenOrders(where: string, { data, shape }: HostTensor, samples: number) {
  const [count = 0, length] = shape;
  if (shape.length !== 2 || length !== samples || count === 0) {
    throw rangeError(where, 'permutations', `of shape [orders, ${samples}]`, shape);
  }
  const orders = Array.from({ length: count }, (_, row) =>
    Int32Array.from(data.subarray(row * samples, (row + 1) * samples)),
  );
  for (const order of orders) {
    const isOrder = new Set(order).size === samples && order.every((place) => place >= 0 && place < samples);
    if (!isOrder) throw rangeError(where, 'permutations', `orders of 0 … ${samples - 1}`, Array.from(order));
  }
  return { isExact: false, count, orders: () => orders };
}

/** The similarity whose result is its value for every order, and the way in which it grows. */
function rematched(
  where: string,
  of: SimilarityMetric<{ readonly value: number }> | SimilarityFunction,
  kind: Kind | undefined,
): { readonly similarity: PairSimilarity<Tested>; readonly direction: Kind } {
  const source = typeof of === 'function' ? functionSimilarity(where, of) : of.pairs;
  const { rematch } = source;
  if (rematch === undefined) {
    const hint = 'Pass a function: (x, y) => measure(similarity, { x, y }).value.';
    throw rangeError(where, 'of', 'a similarity that serves other orders of its samples', source.name, hint);
  }
  const direction = typeof of === 'function' ? (kind ?? 'similarity') : source.kind;
  if (kind !== undefined && kind !== direction)
    throw rangeError(where, 'kind', `'${direction}', as of ${source.name}`, kind);
  const { form } = rematch;
  const similarity: PairSimilarity<Tested> = {
    name: where,
    kind: source.kind,
    leastSamples: Math.max(2, source.leastSamples),
    settings: source.settings,
    forms: [form],
    choose(extents: Extents) {
      rematch.check?.(extents);
      return form;
    },
    ...(source.summarize && {
      summarize: (set: Omit<SetStatistics, 'summary'>) => source.summarize!(set, form),
    }),
    finish: (pair) => ({ ...rematch.matchingsOf(pair), samples: pair.samples }),
  };
  return { similarity, direction };
}

/** A plain function as a similarity: it gets the activations as they are, those of y in every order. */
function functionSimilarity(where: string, compute: SimilarityFunction): PairSimilarity<unknown> {
  const form = keptRows(where);
  const rematch: Rematching = {
    form,
    check: (extents) => checkExtentsKept(where, extents),
    matchingsOf({ x, y }: PairStatistics) {
      const [first, second] = [rowsOf(x), rowsOf(y)];
      const [samples, width] = second.shape as readonly [number, number];
      return {
        valueFor(order) {
          const data = new Float64Array(second.data.length);
          order.forEach((sample, row) => {
            data.set(second.data.subarray(sample * width, (sample + 1) * width), row * width);
          });
          const value: unknown = compute(first, tensor(data, [samples, width]));
          if (typeof value !== 'number') throw kindError(where, "of's value", 'a number', value);
          if (!Number.isFinite(value)) throw rangeError(where, "of's value", 'finite', value);
          return value;
        },
      };
    },
  };
  return {
    name: 'a function',
    kind: 'similarity',
    leastSamples: 1,
    settings: {},
    forms: [form],
    finish: () => 0,
    rematch,
  };
}

/** Activations in their own unit, by a power of two that loses nothing. */
function rowsOf({ unit, statistics }: SetStatistics): HostTensor {
  const { data, shape } = statistics.rows!;
  return { data: data.map((value) => value * unit), shape };
}

/** The reader of what is tested. */
const tested: OptionReader<SimilarityMetric<{ readonly value: number }> | SimilarityFunction> = (
  where,
  name,
  given,
) => {
  if (given === undefined || given === 'cka') return cka();
  if (isFunction(given)) return given;
  if (isSimilarity(given)) return given;
  throw kindError(where, name, 'a similarity such as cka(), or a function', given);
};

function isFunction(given: unknown): given is SimilarityFunction {
  return typeof given === 'function';
}

function isSimilarity(given: unknown): given is SimilarityMetric<{ readonly value: number }> {
  return Array.isArray((given as Partial<SimilarityMetric<unknown>> | null)?.pairs?.forms);
}
