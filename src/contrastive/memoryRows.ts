/** Which rows of a memory a batch changes, and to what. */
import type { Backend } from '../backend.ts';
import { checkSameShape, kindError, rangeError } from '../check.ts';
import { unitRows } from '../ops/unitRows.ts';
import { type HostTensor, type TensorLike, toHostTensor } from '../tensor.ts';

/** A batch's row numbers and weights, on the host. */
export interface HostRows {
  readonly indices: ArrayLike<number> | undefined;
  readonly rowWeights: ArrayLike<number> | undefined;
}

/** Reads the two inputs that decide which rows change. They must be on the host: nothing here waits for a device. */
export function hostRows<T>(
  backend: Backend<T>,
  where: string,
  inputs: { readonly indices?: TensorLike | undefined; readonly rowWeights?: TensorLike | undefined },
): HostRows {
  const read = (name: 'indices' | 'rowWeights'): ArrayLike<number> | undefined => {
    const value = inputs[name];
    if (value === undefined) return undefined;
    if (!backend.isTensor(value)) return toHostTensor(value, where, name).data;
    if (backend.readSync === undefined) throw kindError(where, name, 'a host array', 'a tensor of the device');
    return backend.readSync(value).data;
  };
  return { indices: read('indices'), rowWeights: read('rowWeights') };
}

/** The rows of a queue that a batch's samples take, from `next` on and round; one of weight 0 takes none. */
export function queueRows(
  rowWeights: ArrayLike<number> | undefined,
  batch: number,
  next: number,
  size: number,
): readonly number[] {
  let taken = 0;
  return Array.from({ length: batch }, (_, sample) => (next + (rowWeights?.[sample] === 0 ? taken : taken++)) % size);
}

/** The rows that change, each once, and the share of every sample in them. */
export interface ChangedRows {
  readonly positions: Int32Array;
  /** [positions, batch]: each row a mean over the samples of that position. */
  readonly shares: HostTensor;
}

/** Groups the samples of a batch by row. */
export function changedRows(
  where: string,
  { indices, rowWeights }: HostRows,
  batch: number,
  size: number,
): ChangedRows {
  if (indices === undefined) throw kindError(where, 'indices', 'given', indices);
  checkSameShape(where, 'indices', [indices.length], 'the batch', [batch]);
  if (rowWeights !== undefined) checkSameShape(where, 'rowWeights', [rowWeights.length], 'the batch', [batch]);
  if (batch > size) throw rangeError(where, 'the batch', `no larger than the memory, ${size} rows`, batch);
  const samplesOf = new Map<number, number[]>();
  for (let sample = 0; sample < batch; sample++) {
    const row = indices[sample]!;
    if (!(Number.isInteger(row) && row >= 0 && row < size)) {
      throw rangeError(where, 'indices', `rows of the memory, whole numbers in [0, ${size})`, row);
    }
    if (rowWeights?.[sample] === 0) continue;
    const samples = samplesOf.get(row);
    if (samples === undefined) samplesOf.set(row, [sample]);
    else samples.push(sample);
  }
  const shares = new Float32Array(samplesOf.size * batch);
  [...samplesOf.values()].forEach((samples, position) => {
    for (const sample of samples) shares[position * batch + sample] = 1 / samples.length;
  });
  return {
    positions: Int32Array.from(samplesOf.keys()),
    shares: { data: shares, shape: [samplesOf.size, batch] },
  };
}

/** New rows, and how many of them stayed as they were because an embedding was not finite, a scalar. */
export interface MixedRows<T> {
  readonly rows: T;
  readonly faults: T;
}

/** The new rows: unit(momentum·row + (1 − momentum)·mean of its samples' embeddings). */
export function mixRows<T>(
  backend: Backend<T>,
  bank: T,
  { positions, shares }: ChangedRows,
  embeddings: T,
  momentum: number,
): MixedRows<T> {
  const zero = backend.scalar(0);
  const ofSamples = backend.fromHost(shares);
  const size = backend.sum(backend.abs(embeddings), { axis: 1, keepDims: true });
  const finite = backend.greater(backend.scalar(Infinity), size);
  const entering = backend.matMul(ofSamples, backend.where(finite, embeddings, zero));
  const spoiled = backend.greater(backend.matMul(ofSamples, backend.subtract(backend.scalar(1), finite)), zero);
  const rows = backend.gather(bank, backend.fromHost({ data: positions, shape: [positions.length] }));
  const kept = backend.multiply(rows, backend.scalar(momentum));
  const mixed = unitRows(backend, backend.add(kept, backend.multiply(entering, backend.scalar(1 - momentum))));
  return { rows: backend.where(spoiled, rows, mixed.directions), faults: backend.sum(spoiled) };
}
