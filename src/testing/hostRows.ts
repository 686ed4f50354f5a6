/** Batches of host arrays by rows: cut, put in another order, and with rows beside them that must not count. */
import { kindError } from '../check.ts';
import type { InputNames } from '../inputs.ts';
import { list, type OptionReader, text } from '../options.ts';
import { type HostTensor, sizeOf, type TensorLike, toHostTensor } from '../tensor.ts';

/** Inputs by name. */
export type HostBatch = Readonly<Record<string, HostTensor>>;

/** Which inputs are not rows of numbers. */
export interface RowInputs {
  /** Inputs that are not cut by rows: parameters, tables, a memory's bank. */
  readonly whole?: readonly string[];
  /** Inputs of whole numbers (labels, groups, row numbers): a row that must not count repeats another one's. Default `labels`. */
  readonly indices?: readonly string[];
}

/** Both lists, with their defaults. */
export type CheckedRowInputs = Required<RowInputs>;

/** Readers of both, for `readOptions`. */
export const rowInputReaders: Readonly<Record<keyof RowInputs, OptionReader<readonly string[]>>> = {
  whole: names([]),
  indices: names(['labels']),
};

function names(fallback: readonly string[]): OptionReader<readonly string[]> {
  const read = list(text());
  return (where, name, given) => (given === undefined ? fallback : read(where, name, given));
}

/** The inputs that a loss or metric asks for, in float64 where they hold rounded numbers: nothing is lost to rounding. */
export function hostBatch(owner: InputNames, given: Readonly<Record<string, TensorLike | undefined>>): HostBatch {
  const batch: Record<string, HostTensor> = {};
  for (const name of [...owner.inputs, ...owner.optionalInputs]) {
    const value = given[name];
    if (value === undefined || value === null) continue;
    const { data, shape } = toHostTensor(value, owner.name, name);
    batch[name] = { data: data instanceof Float32Array ? Float64Array.from(data) : data.slice(), shape };
  }
  return batch;
}

/** The number of rows that the inputs have in common. */
export function rowCount(where: string, batch: HostBatch, { whole }: CheckedRowInputs): number {
  const [first, ...others] = Object.entries(batch).filter(([name]) => !whole.includes(name));
  const rows = first?.[1].shape[0];
  if (first === undefined || rows === undefined || rows < 2) {
    throw kindError(where, 'inputs', 'of at least two rows', first?.[1].shape);
  }
  for (const [name, { shape }] of others) {
    if (shape[0] === rows) continue;
    throw kindError(
      where,
      name,
      `of ${rows} rows, as ${first[0]}`,
      shape,
      'Name it in the option whole where it has none.',
    );
  }
  return rows;
}

/** The rows of these numbers, in this order. */
export function takeRows(batch: HostBatch, { whole }: CheckedRowInputs, rows: ArrayLike<number>): HostBatch {
  return mapInputs(batch, (host, name) => (whole.includes(name) ? host : rowsOf(host, rows)));
}

/**
 * The batch and the same again, whose numbers are NaN. `mask` says what the second half's mask is: in `name`, `value`
 * everywhere.
 */
export function withSpoiledRows(
  batch: HostBatch,
  { whole, indices }: CheckedRowInputs,
  mask: { readonly name: string; readonly value: number },
): HostBatch {
  return mapInputs(batch, (host, name) => {
    if (whole.includes(name)) return host;
    const spoiled = name === mask.name ? mask.value : indices.includes(name) ? undefined : Number.NaN;
    const data = new Float64Array(2 * host.data.length);
    data.set(host.data);
    if (spoiled === undefined) data.set(host.data, host.data.length);
    else data.fill(spoiled, host.data.length);
    return { data, shape: [2 * host.shape[0]!, ...host.shape.slice(1)] };
  });
}

/** Weights of the rows, all equal: in the shape of those that are given, else of the labels, else one a row. */
export function equalWeights(batch: HostBatch, rows: number, weight: number): HostTensor {
  const shape = batch.rowWeights?.shape ?? batch.labels?.shape ?? [rows];
  return { data: new Float64Array(sizeOf(shape)).fill(weight), shape };
}

function rowsOf({ data, shape }: HostTensor, rows: ArrayLike<number>): HostTensor {
  const size = sizeOf(shape.slice(1));
  const taken = new Float64Array(rows.length * size);
  for (let at = 0; at < rows.length; at++)
    taken.set(data.subarray(rows[at]! * size, (rows[at]! + 1) * size), at * size);
  return { data: taken, shape: [rows.length, ...shape.slice(1)] };
}

function mapInputs(batch: HostBatch, change: (host: HostTensor, name: string) => HostTensor): HostBatch {
  return Object.fromEntries(Object.entries(batch).map(([name, host]) => [name, change(host, name)]));
}
