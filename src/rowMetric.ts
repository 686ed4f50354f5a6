/**
 * Metrics over rows: what a row is, which rows count and how much, and what is wrong with them, in one place. Masks and row
 * weights mean what they mean in losses: a row counts unless its weight is 0 or its label is `ignoreIndex`, and a row that
 * does not count may hold anything; a row of weight 2 counts as two rows.
 */
import type { Backend, Shape } from './backend.ts';
import { checkSameShape, checkWhole, kindError, rangeError } from './check.ts';
import type { Inputs } from './inputs.ts';
import type { Fault, Metric, StatisticsOn } from './metric.ts';
import type { HostStatistics, StateForm } from './metricState.ts';
import {
  checkLabels,
  checkLogits,
  checkMaskLabels,
  checkNumbers,
  checkOrdered,
  checkRowWeights,
} from './ops/checkRows.ts';
import { flatten, flattenRows } from './ops/flattenRows.ts';
import { effectiveRowWeights } from './ops/rowReduction.ts';
import { probabilityFault, probabilityFaults, scoreFault, scoreFaults } from './ops/scoreFaults.ts';
import { strayLabels, strayNumbers, strayWeights } from './ops/strayValues.ts';
import type { OptionReader } from './options.ts';
import { countedTimes, summands, sumOfRows, weightsColumn } from './rowSummands.ts';

/**
 * What an input holds: `'scores'` [..., classes], logits or whatever ranks like them; `'probabilities'` [..., classes];
 * `'labels'` [...], whole numbers below the number of classes (any, where no input has classes); `'numbers'` [...], finite;
 * `'ordered'` [...], of which only the order counts: infinities too.
 */
export type RowInput = 'scores' | 'probabilities' | 'labels' | 'numbers' | 'ordered';

/** Options of every metric over rows. */
export interface RowMetricOptions {
  /** Rows whose label is this number do not count. Default: none, so that a label out of range is an error. */
  readonly ignoreIndex?: number | null;
}

/** The reader of `ignoreIndex`, for `readOptions`. */
export function rowMask(): { readonly ignoreIndex: OptionReader<number | null> } {
  return {
    ignoreIndex(where, name, given) {
      if (given === undefined || given === null) return null;
      checkWhole(where, name, given as number, -(2 ** 31));
      return given as number;
    },
  };
}

/** The rows of a batch on a backend. */
export interface Rows<T> {
  /** The number of rows, whether they count or not. */
  readonly size: number;
  /** One weight a row, 0 for one that does not count, [rows]; undefined where all count alike. */
  readonly weights: T | undefined;
  /** Σ w·x over the rows, of x [rows] or [rows, n]. */
  sum(values: T): T;
  /** Σ w, the number of rows where there are no weights. */
  total(): T | number;
}

/** What every metric over rows states for itself, wherever its statistics are made. */
export interface RowMetricFrame<Input extends string, Optional extends string, Statistic extends string, Result> {
  readonly name: string;
  /** What kernels know the metric by: the factory, or an object of its own. */
  readonly reference: object;
  /** Checked and complete, with `ignoreIndex`. */
  readonly options: Readonly<Record<string, unknown>> & { readonly ignoreIndex: number | null };
  readonly inputs: Readonly<Record<Input, RowInput>>;
  readonly optionalInputs?: Readonly<Record<Optional, RowInput>>;
  /** Whether inputs with classes need only have the same rows; their shapes are equal otherwise. */
  readonly classesMayDiffer?: boolean;
  /** Whether columns are labels that do not exclude each other: there may be one, and a row may be −Infinity throughout. */
  readonly columnsAreLabels?: boolean;
  /** Shapes and values beyond those of rows: two classes, an option that the number of classes bounds. */
  check?<T>(backend: Backend<T>, batch: Inputs<Input, Optional, T>): void;
  /** Faults that the statistics count beyond NaN in the scores. */
  readonly faults?: Readonly<Record<string, Fault>>;
  /**
   * Numbers of each row, and the statistics of those that count: what a bootstrap needs of statistics that are no plain
   * `rows.sum`, of which the frame knows by itself.
   */
  readonly kept?: {
    /** Numbers of each row, by name; undefined where this batch has none that would do. */
    rows<T>(
      backend: Backend<T>,
      batch: Inputs<Input, Optional, T>,
      rows: Rows<T>,
    ): Readonly<Record<string, T>> | undefined;
    /** The statistics of those rows, each with its weight. */
    statistics(rows: HostStatistics<string>, weights: Float64Array): HostStatistics<Statistic>;
  };
  readonly state: StateForm<Statistic>;
  /** Two states as one; their sums, when left out. */
  merge?(first: HostStatistics<Statistic>, second: HostStatistics<Statistic>): HostStatistics<Statistic>;
  /** The result, by plain arithmetic on the host. */
  finish(statistics: HostStatistics<Statistic>): Result;
}

/** What a metric over rows states for itself. */
export interface RowMetric<Input extends string, Optional extends string, Statistic extends string, Result>
  extends RowMetricFrame<Input, Optional, Statistic, Result> {
  /** Statistics of a batch whose inputs are [rows, classes] or [rows]; rows that do not count hold zeros. */
  statistics<T>(backend: Backend<T>, batch: Inputs<Input, Optional, T>, rows: Rows<T>): StatisticsOn<Statistic, T>;
  /** Statistics of fixed size from what was read, on the host. */
  condense?(read: HostStatistics<string>): HostStatistics<Statistic>;
}

type FrameInput = 'labels' | 'rowWeights';

/** The metric: the frame checks, flattens, masks and weighs. */
export function rowMetric<Input extends string, Statistic extends string, Result, Optional extends string = never>(
  own: RowMetric<Input, Optional, Statistic, Result>,
): Metric<Input, Statistic, Result, Optional | Exclude<FrameInput, Input>> {
  const { name, options } = own;
  const kinds: Readonly<Record<string, RowInput>> = { ...own.inputs, ...own.optionalInputs };
  const known = Object.keys(kinds);
  const inputs = Object.keys(own.inputs) as Input[];
  const frameInputs = ['labels', 'rowWeights'].filter((input) => !known.includes(input));
  const optionalInputs = [...Object.keys(own.optionalInputs ?? {}), ...frameInputs];
  const labelled = known.filter((input) => kinds[input] === 'labels');
  type Given<T> = Readonly<Record<string, T | undefined>>;

  /** The given inputs of some kinds, in the metric's order. */
  const present = <T>(batch: Given<T>, ...wanted: readonly RowInput[]): readonly string[] =>
    known.filter((input) => batch[input] !== undefined && wanted.includes(kinds[input]!));
  const weightsOf = <T>(backend: Backend<T>, { labels, rowWeights }: Given<T>): T | undefined => {
    const weights = effectiveRowWeights(backend, options, { labels, rowWeights });
    return weights && flatten(backend, weights);
  };

  /** Inputs as [rows, classes] and [rows], cleared where they do not count. */
  const flatBatch = <T>(backend: Backend<T>, batch: Given<T>) => {
    const weights = weightsOf(backend, batch);
    const flat: Record<string, T> = {};
    for (const input of present(batch, 'scores', 'probabilities', 'labels', 'numbers', 'ordered')) {
      const wide = kinds[input] === 'scores' || kinds[input] === 'probabilities';
      const value = wide ? flattenRows(backend, batch[input]!) : flatten(backend, batch[input]!);
      flat[input] = weights === undefined ? value : cleared(backend, value, weights, kinds[input] === 'probabilities');
    }
    return { flat, size: backend.shapeOf(Object.values(flat)[0]!)[0]!, weights };
  };

  return {
    name,
    reference: own.reference,
    options,
    inputs,
    optionalInputs: optionalInputs as (Optional | Exclude<FrameInput, Input>)[],

    check<T>(backend: Backend<T>, given: Inputs<Input, Optional, T>) {
      const batch = given as Given<T>;
      const { shape, classes } = rowsOf(backend, name, batch, present(batch, 'scores', 'probabilities'), known, own);
      const { labels, rowWeights } = batch;
      checkRowWeights(backend, name, rowWeights, shape);
      const counts = { labels, rowWeights, ignoreIndex: options.ignoreIndex };
      for (const input of labelled) {
        if (batch[input] !== undefined) checkLabels(backend, name, input, batch[input], shape, classes, counts);
      }
      for (const input of present(batch, 'numbers')) checkNumbers(backend, name, input, batch[input]!, shape, counts);
      for (const input of present(batch, 'ordered')) checkOrdered(backend, name, input, batch[input]!, shape, counts);
      if (options.ignoreIndex !== null) checkMaskLabels(backend, name, labels, shape, options.ignoreIndex);
      own.check?.(backend, given);
    },

    statistics<T>(backend: Backend<T>, given: Inputs<Input, Optional, T>) {
      const batch = given as Given<T>;
      const { flat, size, weights } = flatBatch(backend, batch);
      const found = own.statistics(backend, flat as Inputs<Input, Optional, T>, rowsFrom(backend, size, weights));
      const tables = (kind: RowInput) => present(batch, kind).map((input) => flat[input]!);
      return {
        ...scoreFaults(backend, tables('scores'), own.columnsAreLabels),
        ...probabilityFaults(backend, tables('probabilities')),
        ...found,
      };
    },

    rows<T>(backend: Backend<T>, given: Inputs<Input, Optional, T>) {
      const { flat, size, weights } = flatBatch(backend, given as Given<T>);
      const rows = rowsFrom(backend, size, weights);
      const batch = flat as Inputs<Input, Optional, T>;
      if (own.condense !== undefined) return own.statistics(backend, batch, rows) as Readonly<Record<string, T>>;
      const kept =
        own.kept === undefined
          ? summands(backend, rows, Object.keys(own.state), (noting) => own.statistics(backend, batch, noting))
          : own.kept.rows(backend, batch, rows);
      return kept && (weights === undefined ? kept : { ...kept, [weightsColumn]: weights });
    },
    fromRows(rows, times) {
      const { [weightsColumn]: weights, ...kept } = rows;
      const counts = countedTimes(weights, times);
      if (own.condense !== undefined) {
        return own.condense({ ...kept, [weightsColumn]: { data: counts, shape: [counts.length] } });
      }
      return own.kept?.statistics(kept, counts) ?? sumOfRows(kept, counts);
    },

    // What `check` reads at once on the host is counted where reading would wait.
    inspect<T>(backend: Backend<T>, given: Inputs<Input, Optional, T>) {
      if (backend.readSync) return {};
      const batch = given as Given<T>;
      const weights = weightsOf(backend, batch);
      const counts: Record<string, T> = {};
      const [scores] = present(batch, 'scores', 'probabilities');
      const classes = scores === undefined ? undefined : backend.shapeOf(batch[scores]!).at(-1)!;
      for (const input of present(batch, 'labels')) {
        counts[`stray ${input}`] = strayLabels(backend, flatten(backend, batch[input]!), classes, weights);
      }
      for (const input of present(batch, 'numbers', 'ordered')) {
        const numbers = flatten(backend, batch[input]!);
        counts[`stray ${input}`] = strayNumbers(backend, numbers, weights, kinds[input] === 'ordered');
      }
      if (batch.rowWeights !== undefined) counts['stray rowWeights'] = strayWeights(backend, batch.rowWeights);
      return counts;
    },

    faults: {
      ...probabilityFault,
      ...scoreFault(known.filter((input) => kinds[input] === 'scores' || kinds[input] === 'probabilities')),
      'stray rowWeights': { argument: 'rowWeights', expected: 'finite numbers of at least 0', counted: 'others' },
      ...Object.fromEntries(
        known
          .filter((input) => ofOne[kinds[input]!] !== undefined)
          .map((input) => [`stray ${input}`, strayFault(input, kinds[input]!)]),
      ),
      ...own.faults,
    },
    ...(own.condense && { condense: own.condense }),
    state: own.state,
    ...(own.merge && { merge: own.merge }),
    finish: own.finish,
  };
}

/** What inputs with one number a row must be. */
const ofOne: Readonly<Partial<Record<RowInput, string>>> = {
  labels: 'whole numbers from 0, below the number of classes',
  numbers: 'finite numbers',
  ordered: 'free of NaN',
};

const strayFault = (argument: string, kind: RowInput): Fault => ({
  argument,
  expected: ofOne[kind]!,
  counted: 'others',
});

/** The shape of the rows, the same for all inputs, and the number of classes where an input has them. */
function rowsOf<T>(
  backend: Backend<T>,
  where: string,
  batch: Readonly<Record<string, T | undefined>>,
  wide: readonly string[],
  known: readonly string[],
  { classesMayDiffer, columnsAreLabels }: { readonly classesMayDiffer?: boolean; readonly columnsAreLabels?: boolean },
): { readonly shape: Shape; readonly classes: number } {
  const [first, ...others] = wide;
  if (first !== undefined) {
    const shape = checkLogits(backend, where, first, batch[first]!, -1, columnsAreLabels ? 1 : 2);
    for (const other of others) {
      const given = backend.shapeOf(batch[other]!);
      if (classesMayDiffer) checkSameShape(where, `rows of ${other}`, given.slice(0, -1), `rows of ${first}`, shape);
      else checkSameShape(where, other, given, first, backend.shapeOf(batch[first]!));
    }
    return { shape, classes: backend.shapeOf(batch[first]!).at(-1)! };
  }
  const narrow = known.find((input) => batch[input] !== undefined);
  if (narrow === undefined) throw kindError(where, 'inputs', `one of ${known.join(', ')}`, 'none');
  return { shape: backend.shapeOf(batch[narrow]!), classes: Infinity };
}

/** Rows that do not count as zeros, or as even probabilities: what they held must not reach a sum. */
function cleared<T>(backend: Backend<T>, values: T, weights: T, even: boolean): T {
  const [rows = 0, classes] = backend.shapeOf(values);
  const filler = backend.scalar(even && classes !== undefined ? 1 / classes : 0);
  return backend.where(classes === undefined ? weights : backend.reshape(weights, [rows, 1]), values, filler);
}

function rowsFrom<T>(backend: Backend<T>, size: number, weights: T | undefined): Rows<T> {
  return {
    size,
    weights,
    sum(values) {
      if (weights === undefined) return backend.sum(values, { axis: 0 });
      const wide = backend.shapeOf(values).length > 1;
      const column = wide ? backend.reshape(weights, [size, 1]) : weights;
      return backend.sum(backend.where(column, backend.multiply(column, values), backend.scalar(0)), { axis: 0 });
    },
    total: () => (weights === undefined ? size : backend.sum(weights)),
  };
}

/** The weight of all rows that count; refuses a stream in which none does, since a mean over none is not defined. */
export function requireRows(where: string, count: number): number {
  if (!(count > 0)) throw rangeError(where, 'number of rows that count', 'at least 1', count);
  return count;
}
