/**
 * What a similarity between two sets of activations of the same samples consists of: what is computed once for each set,
 * what once for each pair, how parts of a stream merge. One definition serves two sets, layer × layer and model × model.
 */
import type { Backend, KernelRepresentation } from '../../backend.ts';
import type { Metric } from '../../metric.ts';
import type { HostStatistics } from '../../metricState.ts';

/** What a form knows of one set of activations on the device. */
export type Representation<T> = KernelRepresentation<T, Readonly<Record<string, T>>>;

/** How many samples there are, and the widths of all activations that are compared, first ones and second ones. */
export interface Extents {
  readonly samples: number;
  readonly x: readonly number[];
  readonly y: readonly number[];
}

/** What a statistic of one set looks like. */
export interface SetStatisticForm {
  /**
   * Extents: numbers, `'features'` of the set, `'samples'`, or null for what differs from batch to batch. [] for a single
   * number.
   */
  readonly shape: readonly (number | 'features' | 'samples' | null)[];
  /** The power of the activations that it grows with: 2 for sums of their squares. */
  readonly degree: number;
  /** A `'count'` is at least 0. Default `'number'`. */
  readonly kind?: 'count' | 'number';
}

/** What a statistic of a pair looks like. */
export interface PairStatisticForm {
  /** Extents: numbers, the features of either set, or `'samples'`. [] for a single number. */
  readonly shape: readonly (number | 'features of x' | 'features of y' | 'samples')[];
  /** The powers of x and of y that it grows with. */
  readonly degree: readonly [x: number, y: number];
  /** A `'count'` is at least 0. Default `'number'`. */
  readonly kind?: 'count' | 'number';
}

/** Host statistics of one set of activations over a number of samples. */
export interface SetStatistics<Summary = unknown> {
  readonly samples: number;
  /** What the activations were divided by, a power of two: statistics are of what was left. */
  readonly unit: number;
  readonly statistics: HostStatistics<string>;
  /** What `summarize` made of them. */
  readonly summary: Summary;
}

/** Host statistics of a pair over a number of samples. */
export interface PairStatistics<Summary = unknown> {
  readonly samples: number;
  readonly form: PairForm;
  readonly x: SetStatistics<Summary>;
  readonly y: SetStatistics<Summary>;
  readonly xy: HostStatistics<string>;
}

/**
 * One way to compute a similarity: an object of a module's own, by whose identity a backend's kernel takes its place. A copy
 * with another method is another form, which no kernel knows.
 */
export interface PairForm<Settings = object> {
  /** `'features'`, `'gram'` …: which statistics it has. */
  readonly name: string;
  /** What kernels know this very form by; of a copy undefined. No kernel knows the form when left out. */
  markOf?(form: object): object | undefined;
  readonly sets: Readonly<Record<string, SetStatisticForm>>;
  readonly pairs: Readonly<Record<string, PairStatisticForm>>;
  /** Statistics of one set of activations [n, features], whose largest number is about 1. */
  represent<T>(backend: Backend<T>, activations: T, settings: Settings): Representation<T>;
  /** Statistics of a pair. */
  relate<T>(
    backend: Backend<T>,
    x: Representation<T>,
    y: Representation<T>,
    settings: Settings,
  ): Readonly<Record<string, T>>;
  /** A pair's statistics where both are one set; related as any other when left out. */
  ofItself?<Value>(statistics: Readonly<Record<string, Value>>): Readonly<Record<string, Value>>;
  /** Merges one set's statistics; their sum when left out. */
  mergeSets?(first: SetStatistics, second: SetStatistics): HostStatistics<string>;
  /** Merges a pair's statistics; their sum when left out. */
  mergePairs?(first: PairStatistics, second: PairStatistics): HostStatistics<string>;
}

/** The value of a pair whose samples are matched in other ways. */
export interface Matchings {
  /** The value where sample i of x goes with sample `order[i]` of y. */
  valueFor(order: Int32Array): number;
  /** The mean of it over all orders, where there is a closed form. */
  readonly expected?: number;
}

/** How a similarity serves a permutation test: nothing of a set is computed twice. */
export interface Rematching<Settings = object, Summary = unknown> {
  /** The form whose statistics hold what every order needs. */
  readonly form: PairForm<Settings>;
  /** Refuses activations that the form cannot serve; none when left out. */
  check?(extents: Extents): void;
  /** Made once for a pair. */
  matchingsOf(pair: PairStatistics<Summary>): Matchings;
}

/** What two activations' similarity consists of. */
export interface PairSimilarity<Result, Settings = object, Summary = unknown> {
  readonly name: string;
  /** Whether `value` grows with likeness, up to 1, or with distance, from 0. */
  readonly kind: 'similarity' | 'distance';
  /** The least number of samples in a batch. */
  readonly leastSamples: number;
  /** What the forms are told: checked options. */
  readonly settings: Settings;
  /** The ways to compute it. */
  readonly forms: readonly PairForm<Settings>[];
  /** Which of them serves activations of these extents; the first when left out. Refuses what none can serve. */
  choose?(extents: Extents): PairForm<Settings>;
  /** Why statistics of a form do not merge; they do when left out. */
  mergeError?(form: PairForm<Settings>): Error | undefined;
  /**
   * Whether a batch's samples, near 1 in size, are kept beside the statistics, as `kept`, [n, features]; they go where batches
   * merge, or are left out, [0, features]. Without it there is no such statistic.
   */
  keeps?(extents: Extents): boolean;
  /** What the results of all its pairs need of one set, made once. */
  summarize?(set: Omit<SetStatistics, 'summary'>, form: PairForm<Settings>): Summary;
  /** The result, by plain host arithmetic. */
  finish(pair: PairStatistics<Summary>): Result;
  /** The result with x and y exchanged; the same when left out. */
  mirror?(result: Result): Result;
  /** What `nullCalibration` takes; it refuses the similarity when left out. */
  readonly rematch?: Rematching<Settings, Summary>;
}

/** A metric of two sets of activations that also serves a matrix of many. */
export interface SimilarityMetric<Result> extends Metric<'x' | 'y', string, Result> {
  /** The similarity's parts, for `ckaMatrix`, `similarityMatrix` and `trainingPath`. */
  readonly pairs: PairSimilarity<Result>;
}

/** The form that serves activations of these extents. */
export function formFor<Settings>(
  { forms, choose }: Pick<PairSimilarity<unknown, Settings>, 'forms' | 'choose'>,
  extents: Extents,
): PairForm<Settings> {
  return choose?.(extents) ?? forms[0]!;
}
