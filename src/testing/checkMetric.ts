/** The check of a metric of one's own: every way to compute it gives the same, and what must not matter does not. */
import type { Backend } from '../backend.ts';
import { rangeError } from '../check.ts';
import { cpuBackend } from '../cpu/index.ts';
import { type Accumulator, accumulate, measure, restore } from '../hostMetric.ts';
import { type AnyMetric, type BatchOf, stateFromRead, statisticsOf, widen } from '../metric.ts';
import type { HostStatistics } from '../metricState.ts';
import { flag, positive, readOptions, whole } from '../options.ts';
import { randomPermutation } from '../random.ts';
import type { HostTensor, TensorLike } from '../tensor.ts';
import { type Claim, checkClaims, expectSame } from './claims.ts';
import {
  type CheckedRowInputs,
  equalWeights,
  type HostBatch,
  hostBatch,
  type RowInputs,
  rowCount,
  rowInputReaders,
  takeRows,
  withSpoiledRows,
} from './hostRows.ts';
import { type Handle, strictBackend } from './strictBackend.ts';

/** Options of `checkMetric`. */
export interface CheckMetricOptions extends RowInputs {
  /** False where the definition does not add up over batches. Default true. */
  readonly streams?: boolean;
  /** Whether the order of the rows must not matter: checked where asked. Default false. */
  readonly permutations?: boolean;
  /** Rows of the smallest part that the metric takes. Default 1. */
  readonly leastRows?: number;
  /** Largest difference between two results, relative to max(1, |number|). Default 1e-9. */
  readonly tolerance?: number;
}

/** What `checkMetric` found. */
export interface MetricCheck {
  /** What was checked, and holds. */
  readonly passed: readonly string[];
}

type Running = Accumulator<HostBatch, unknown>;

/**
 * Checks a metric on a batch, in float64 on the host:
 *
 * - as a stream of batches, merged from parts in every order and grouping, and restored from JSON halfway, it is what it is in
 *   one go; parts that were merged stay as they were, and statistics do not grow with the batch;
 * - it is the same on a device whose tensors cannot be read without waiting, leaves no tensor behind there and uses none that
 *   was freed; inputs stay as they were;
 * - with the input `rowWeights`: weights of 1 are as none, and rows of weight 0 do not count, whatever they hold. With the
 *   option `ignoreIndex`: neither do rows whose label it is;
 * - where asked (`permutations`), rows in another order change nothing.
 *
 * @param metric The metric.
 * @param batch Host arrays of at least three rows along their first axis (`whole` names those that have none), without the
 *   faults that the metric refuses. Where `rowWeights` are neither one a row nor in the shape of the labels, give them.
 * @returns What was checked.
 * @throws Error that lists every check that does not hold, with both numbers.
 * @example
 * checkMetric(accuracy(), { logits: [[2, 1], [0, 3], [1, 0]], labels: [0, 1, 1] }, { permutations: true });
 */
export function checkMetric<M extends AnyMetric>(
  metric: M,
  batch: BatchOf<M, TensorLike>,
  options: CheckMetricOptions = {},
): MetricCheck {
  const where = 'checkMetric';
  const { streams, permutations, leastRows, tolerance, ...rowInputs } = readOptions(where, options, {
    ...rowInputReaders,
    streams: flag(true),
    permutations: flag(false),
    leastRows: whole(1, 1),
    tolerance: positive(1e-9),
  });
  const plain: AnyMetric = metric;
  const given = hostBatch(plain, batch);
  const rows = rowCount(where, given, rowInputs);
  // A copy each time, so that a metric that writes into its inputs is caught once, by its own check.
  const compute = (from: HostBatch): unknown => measure(plain, hostBatch(plain, from));
  const expected = compute(given);
  const same = (got: unknown): void => expectSame(got, expected, tolerance);

  const claims: Claim[] = [
    ...(streams ? streamClaims(plain, partsOf(given, rowInputs, rows, leastRows), same) : []),
    ...deviceClaims(plain, given, same),
    ...maskClaims(plain, given, rowInputs, rows, (from) => same(compute(from))),
    {
      what: 'its inputs stay as they were',
      check() {
        const used = hostBatch(plain, given);
        measure(plain, used);
        expectSame(used, given, 0, 'the inputs');
      },
    },
  ];
  if (permutations) {
    claims.push({
      what: 'the order of rows does not matter',
      check() {
        for (let seed = 0; seed < 3; seed++) {
          same(compute(takeRows(given, rowInputs, randomPermutation(seed, rows))));
        }
      },
    });
  }
  return { passed: checkClaims(where, metric.name, claims) };
}

/** Three parts (two where the rows are few), of unequal size where they allow it. */
function partsOf(batch: HostBatch, inputs: CheckedRowInputs, rows: number, leastRows: number): readonly HostBatch[] {
  if (rows < 2 * leastRows)
    throw rangeError('checkMetric', 'rows', `at least ${2 * leastRows}, to make parts of`, rows);
  const first = Math.max(leastRows, Math.floor(rows / 4));
  const second = Math.max(leastRows, Math.floor((rows - first) / 2));
  const cuts = [0, first, ...(first + second <= rows - leastRows ? [first + second] : []), rows];
  return cuts.slice(1).map((end, at) => {
    const start = cuts[at]!;
    return takeRows(
      batch,
      inputs,
      Array.from({ length: end - start }, (_, row) => start + row),
    );
  });
}

function streamClaims(metric: AnyMetric, parts: readonly HostBatch[], same: (got: unknown) => void): readonly Claim[] {
  const of = (...batches: readonly HostBatch[]): Running => {
    const running: Running = accumulate(metric);
    for (const batch of batches) running.update(batch);
    return running;
  };
  const joined = (...all: readonly Running[]): Running => {
    const running: Running = accumulate(metric);
    for (const one of all) running.merge(one);
    return running;
  };
  return [
    { what: 'a stream of batches is the batch', check: () => same(of(...parts).compute()) },
    {
      what: 'merged in any order, parts are the batch',
      check() {
        for (const order of ordersOf(parts)) same(joined(...order.map((part) => of(part))).compute());
      },
    },
    {
      what: 'merged in any grouping, parts are the batch',
      check() {
        const [first, ...others] = parts.map((part) => of(part));
        same(joined(first!, joined(...others)).compute());
        same(joined(joined(...others), first!).compute());
      },
    },
    {
      what: 'what was merged stays as it was',
      check() {
        const [first, second] = [of(parts[0]!), of(parts.at(-1)!)];
        const before = JSON.stringify([first, second]);
        joined(first, second).update(parts[0]!);
        expectSame(JSON.stringify([first, second]), before, 0, 'the states of the parts');
        const oracle = cpuBackend({ precision: 'float64' });
        const [a, b] = [parts[0]!, parts.at(-1)!].map((part) =>
          statisticsRead(oracle, metric, part, oracle.readSync),
        ) as [HostStatistics<string>, HostStatistics<string>];
        const numbers = structuredClone([a, b]);
        metric.merge?.(a, b);
        expectSame([a, b], numbers, 0, 'the statistics of the parts');
      },
    },
    {
      what: 'restored from JSON halfway, a stream is the batch',
      check() {
        const half = of(parts[0]!);
        const restored: Running = restore(metric, JSON.parse(JSON.stringify(half)));
        for (const part of parts.slice(1)) restored.update(part);
        same(restored.compute());
      },
    },
    {
      what: 'statistics do not grow with the batch',
      check() {
        const shapes = (...batches: readonly HostBatch[]): unknown =>
          Object.entries(of(...batches).toJSON().statistics ?? {}).map(([name, { shape }]) => ({ name, shape }));
        expectSame(shapes(...parts), shapes(parts[0]!), 0, 'the statistics');
      },
    },
  ];
}

/** Statistics in float64, as the frame reads them from a backend; `numbersOf` brings a tensor to the host. */
function statisticsRead<T>(
  backend: Backend<T>,
  metric: AnyMetric,
  batch: HostBatch,
  numbersOf: (x: T) => HostTensor,
): HostStatistics<string> {
  const isNumber = (value: T | number): value is number => typeof value === 'number';
  const statistics = Object.entries(statisticsOf(backend, metric, batch));
  const read = statistics.map(([name, value]) => [name, widen(isNumber(value) ? value : numbersOf(value))]);
  for (const [, value] of statistics) if (!isNumber(value)) backend.dispose(value);
  return stateFromRead(metric, Object.fromEntries(read));
}

function ordersOf<Item>(items: readonly Item[]): readonly (readonly Item[])[] {
  if (items.length < 2) return [items];
  return items.flatMap((item, at) => ordersOf(items.toSpliced(at, 1)).map((rest) => [item, ...rest]));
}

function deviceClaims(metric: AnyMetric, batch: HostBatch, same: (got: unknown) => void): readonly Claim[] {
  // Not by `read`, which would wait.
  const measureOn = (backend: Backend<Handle>): void =>
    same(metric.finish(statisticsRead(backend, metric, batch, ({ numbers }) => numbers!)));
  return [
    {
      what: 'where tensors are freed, nothing is left behind, and nothing freed is used',
      check() {
        const backend = strictBackend();
        for (let call = 0; call < 2; call++) measureOn(backend);
        if (backend.tensorCount() > 0) throw new Error(`no tensor must be left, got ${backend.tensorCount()}.`);
      },
    },
    {
      what: 'where tensors cannot be read without waiting, it is the same',
      check: () => measureOn(strictBackend(false)),
    },
  ];
}

function maskClaims(
  metric: AnyMetric,
  batch: HostBatch,
  inputs: CheckedRowInputs,
  rows: number,
  checkSame: (batch: HostBatch) => void,
): readonly Claim[] {
  const claims: Claim[] = [];
  const weighted: HostBatch = { ...batch, rowWeights: batch.rowWeights ?? equalWeights(batch, rows, 1) };
  if (metric.optionalInputs.includes('rowWeights')) {
    if (batch.rowWeights === undefined) {
      claims.push({ what: 'row weights of 1 are as none', check: () => checkSame(weighted) });
    }
    claims.push({
      what: 'rows of weight 0 do not count, whatever they hold',
      check: () => checkSame(withSpoiledRows(weighted, inputs, { name: 'rowWeights', value: 0 })),
    });
  }
  const { ignoreIndex } = metric.options as { readonly ignoreIndex?: unknown };
  if (typeof ignoreIndex === 'number' && batch.labels !== undefined) {
    claims.push({
      what: `rows with the label ${ignoreIndex} do not count, whatever they hold`,
      check: () => checkSame(withSpoiledRows(batch, inputs, { name: 'labels', value: ignoreIndex })),
    });
  }
  return claims;
}
