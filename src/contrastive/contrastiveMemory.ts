/** The memory of `crd`: a bank with a row for each sample, or a queue of the latest embeddings, for both networks. */
import type { Backend } from '../backend.ts';
import { checkIsBackend, checkRoom, checkSameShape, kindError, rangeError } from '../check.ts';
import { type Inputs, inputsOn } from '../inputs.ts';
import type { Form, Loss } from '../loss.ts';
import { checkProjections } from '../losses/contrastive/checkCrd.ts';
import { projectionInputs } from '../losses/contrastive/crdOptions.ts';
import { embed, type ProjectionInput } from '../losses/contrastive/embedding.ts';
import { type ContrastInput, estimatePartitionsOn, type Partitions } from '../losses/contrastive/estimatePartitions.ts';
import { replaceRows } from '../ops/replaceRows.ts';
import { type OptionReader, readOptions, whole, word } from '../options.ts';
import { deriveSeed, randomUniform } from '../random.ts';
import type { HostTensor, TensorLike } from '../tensor.ts';
import { type ChangedRows, changedRows, hostRows, type MixedRows, mixRows, queueRows } from './memoryRows.ts';
import { type ContrastiveMemoryState, checkState } from './memoryState.ts';

/** Options of `ContrastiveMemory`. */
export interface ContrastiveMemoryOptions {
  /** M: rows of each bank. The number of training samples, or the length of the queue. At most 2²⁴. */
  readonly size: number;
  /** The width of the embeddings. Default 128. */
  readonly dimension?: number;
  /** `'bank'`: a row for each sample; `'queue'`: the latest embeddings, for data too large for a bank. Default `'bank'`. */
  readonly kind?: 'bank' | 'queue';
  /** A bank's row keeps this share of itself in an update. In [0, 1): with 1 it would never change. Default 0.5. A queue replaces whole rows. */
  readonly momentum?: number;
  /** A whole number; the same seed gives the same rows to begin with. Default 0. */
  readonly seed?: number;
}

/** The tensors of a memory, under the names of the inputs of `crd`. */
export interface MemoryTensors<T> extends Partitions<T> {
  readonly studentBank: T;
  readonly teacherBank: T;
}

/** A memory on a backend; `Saved` is its state, or a promise of it. */
export interface MemoryOn<T, Saved> {
  readonly kind: 'bank' | 'queue';
  readonly size: number;
  readonly dimension: number;
  /**
   * The current tensors, borrowed: they stay valid until the next `update`, `load` or `dispose`, the partitions until they
   * are estimated, and are NaN before that.
   */
  tensors(): MemoryTensors<T>;
  /**
   * Estimates the partitions of a `crd` loss on a batch and keeps them; does nothing once they are there, so it may be
   * called at every step.
   *
   * @param inputs The loss's inputs, but for the memory's own tensors.
   */
  estimatePartitions<
    Input extends string,
    Differentiable extends string,
    Optional extends string,
    LossForm extends Form,
  >(
    loss: Loss<Input, Differentiable, Optional, LossForm>,
    inputs: Inputs<Exclude<ContrastInput<Input>, 'studentBank' | 'teacherBank'>, Optional, T | TensorLike>,
  ): void;
  /**
   * Takes in a batch's embeddings: of a bank the rows at `indices` become w ← unit(momentum·w + (1 − momentum)·v), of a
   * queue the oldest rows become v. Several samples of one row enter as their mean, in whatever order. Call it with the
   * parameters that the loss was computed with, before the optimizer changes them. Samples of weight 0 do not enter.
   *
   * @param inputs Features and projections of both sides; for a bank `indices` [batch], the samples' rows, as a host array.
   * An embedding that is not finite, of features with a NaN say, never enters: on the host it is refused, on a device, which
   * is not waited for, its row stays as it was and `save` refuses it.
   *
   * @throws RangeError for a row outside the memory, a batch larger than it, or an embedding that is not finite; TypeError
   *   for shapes that do not fit. The memory is then as it was.
   */
  update(
    inputs: Inputs<ProjectionInput, never, T | TensorLike> & {
      readonly indices?: TensorLike;
      readonly rowWeights?: TensorLike;
    },
  ): void;
  /**
   * Copies the state to the host.
   *
   * @throws RangeError (on a device, by its promise) where an update since the last `load` brought embeddings that are not
   *   finite.
   */
  save(): Saved;
  /**
   * Goes on from a saved state.
   *
   * @throws TypeError when it is of another shape or kind. The memory is then as it was.
   */
  load(state: ContrastiveMemoryState): void;
  /** Frees the tensors. */
  dispose(): void;
}

/** A memory on any backend. */
export type ContrastiveMemoryOn<T> = MemoryOn<T, Promise<ContrastiveMemoryState>>;

/** Makes a memory; `save` is the host's or the device's way of reading one. */
export function makeMemory<T, Saved>(
  backend: Backend<T>,
  where: string,
  options: ContrastiveMemoryOptions,
  save: (
    tensors: MemoryTensors<T>,
    finish: (read: MemoryTensors<HostTensor>) => ContrastiveMemoryState,
    faults: T,
  ) => Saved,
): MemoryOn<T, Saved> {
  const { size, dimension, kind, momentum, seed } = readOptions(where, options, {
    // Row numbers travel in float32 tensors, which hold whole numbers up to 2²⁴.
    size: whole(1, undefined, 2 ** 24),
    dimension: whole(1, 128),
    kind: word(['bank', 'queue'], 'bank'),
    momentum: share,
    seed: whole(0, 0),
  });
  checkRoom(where, 'size · dimension', [size, dimension], size * dimension);
  const shape = [size, dimension];
  const initialBank = (part: number): T => {
    const bound = 1 / Math.sqrt(dimension / 3);
    const partSeed = deriveSeed(seed, part);
    const draw = (_: unknown, index: number): number => bound * (2 * randomUniform(partSeed, index) - 1);
    return backend.fromHost({ data: Float32Array.from({ length: size * dimension }, draw), shape });
  };
  const kept = (tensor: T): T => {
    backend.keep?.(tensor);
    return tensor;
  };
  let tensors: MemoryTensors<T> = {
    studentBank: kept(initialBank(0)),
    teacherBank: kept(initialBank(1)),
    studentLogPartition: kept(backend.scalar(Number.NaN)),
    teacherLogPartition: kept(backend.scalar(Number.NaN)),
  };
  let estimated = false;
  let next = 0;
  /** Rows whose embeddings were not finite, where an update does not wait to know. */
  let faults = kept(backend.scalar(0));
  const replaceFaults = (count: T): void => {
    backend.dispose(faults);
    faults = kept(count);
  };
  const replace = (name: keyof MemoryTensors<T>, tensor: T): void => {
    const previous = tensors[name];
    tensors = { ...tensors, [name]: kept(tensor) };
    backend.dispose(previous);
  };

  return {
    kind,
    size,
    dimension,
    tensors: () => tensors,

    estimatePartitions(loss, inputs) {
      if (estimated) return;
      const all = { ...inputs, studentBank: tensors.studentBank, teacherBank: tensors.teacherBank };
      const found = estimatePartitionsOn(backend, loss as never, all as never) as Partitions<T>;
      for (const [name, partition] of Object.entries(found) as [string, T][]) {
        const value = backend.readSync?.(partition).data[0] ?? 0;
        if (!Number.isFinite(value)) throw rangeError(`${where}.estimatePartitions`, name, 'a finite number', value);
      }
      replace('studentLogPartition', found.studentLogPartition);
      replace('teacherLogPartition', found.teacherLogPartition);
      estimated = true;
    },

    update(inputs) {
      let changed: ChangedRows | undefined;
      const after = backend.scope(() => {
        const owner = { name: `${where}.update`, inputs: projectionInputs, optionalInputs: ['rowWeights'] as const };
        const placed = inputsOn(backend, owner, inputs as Inputs<ProjectionInput, 'rowWeights', T | TensorLike>);
        const shapes = checkProjections(backend, owner.name, placed);
        checkSameShape(owner.name, 'the projections', [shapes.dimension], "the memory's dimension", [dimension]);
        const rows = hostRows(backend, owner.name, inputs);
        const indices = kind === 'bank' ? rows.indices : queueRows(rows.rowWeights, shapes.batch, next, size);
        changed = changedRows(owner.name, { ...rows, indices }, shapes.batch, size);
        if (changed.positions.length === 0) return undefined;
        const mixed = (bank: T, side: 'student' | 'teacher'): MixedRows<T> =>
          mixRows(backend, bank, changed!, embed(backend, side, placed).directions, kind === 'bank' ? momentum : 0);
        const student = mixed(tensors.studentBank, 'student');
        const teacher = mixed(tensors.teacherBank, 'teacher');
        refuseFaults(backend, owner.name, student.faults, teacher.faults);
        const counted = backend.add(faults, backend.add(student.faults, teacher.faults));
        return { student: student.rows, teacher: teacher.rows, counted };
      });
      if (changed === undefined || after === undefined) return;
      replaceFaults(after.counted);
      const { positions } = changed;
      // One bank at a time: no more than one of them exists twice.
      for (const side of ['student', 'teacher'] as const) {
        const bank = tensors[`${side}Bank`];
        replace(
          `${side}Bank`,
          backend.scope(() => replaceRows(backend, bank, positions, after[side])),
        );
        backend.dispose(after[side]);
      }
      if (kind === 'queue') next = (next + positions.length) % size;
    },

    save: () =>
      save(
        tensors,
        (read) => ({
          kind,
          studentBank: read.studentBank,
          teacherBank: read.teacherBank,
          studentLogPartition: estimated ? read.studentLogPartition.data[0]! : null,
          teacherLogPartition: estimated ? read.teacherLogPartition.data[0]! : null,
          next,
        }),
        faults,
      ),

    load(state) {
      const loading = `${where}.load`;
      checkState(loading, state, kind, shape);
      const { studentBank, teacherBank, studentLogPartition, teacherLogPartition } = state;
      const copy = ({ data }: HostTensor): T => backend.fromHost({ data: Float32Array.from(data), shape });
      replace('studentBank', copy(studentBank));
      replace('teacherBank', copy(teacherBank));
      estimated = studentLogPartition !== null && teacherLogPartition !== null;
      replace('studentLogPartition', backend.scalar(studentLogPartition ?? Number.NaN));
      replace('teacherLogPartition', backend.scalar(teacherLogPartition ?? Number.NaN));
      next = state.next;
      replaceFaults(backend.scalar(0));
    },

    dispose() {
      for (const tensor of [...(Object.values(tensors) as T[]), faults]) backend.dispose(tensor);
    },
  };
}

/**
 * Makes a memory for `crd` on any backend: rows uniform over ±1/√(dimension/3), of the size of a unit vector, until
 * `update` replaces them. On tfjs it may be made and used inside `tf.tidy`, which does not free it: `dispose` does.
 *
 * @returns The memory, whose `save` promises the state.
 * @throws RangeError for an option out of range.
 * @example
 * const memory = ContrastiveMemoryOn(tfjsBackend(), { size: 50_000, dimension: 128, seed: 1 });
 * memory.estimatePartitions(loss, batch);
 * const { gradients } = valueAndGradientsOn(backend, loss, { ...batch, ...memory.tensors() });
 * memory.update({ ...batch, indices });
 */
// @__NO_SIDE_EFFECTS__
export function ContrastiveMemoryOn<T>(backend: Backend<T>, options: ContrastiveMemoryOptions): ContrastiveMemoryOn<T> {
  checkIsBackend('ContrastiveMemoryOn', backend);
  return makeMemory(backend, 'ContrastiveMemoryOn', options, async (tensors, finish, faults) => {
    const names = Object.keys(tensors) as (keyof MemoryTensors<T>)[];
    const [counted, ...values] = await Promise.all(
      [faults, ...names.map((name) => tensors[name])].map((tensor) => backend.read(tensor)),
    );
    if (counted!.data[0] !== 0) throw embeddingError('ContrastiveMemoryOn.update', counted!.data[0]!);
    return finish(copied(Object.fromEntries(names.map((name, index) => [name, values[index]!]))));
  });
}

/** The share of itself that a row keeps, in [0, 1). */
const share: OptionReader<number> = (where, name, given = 0.5) => {
  if (typeof given !== 'number') throw kindError(where, name, 'a number', given);
  if (!(given >= 0 && given < 1)) throw rangeError(where, name, 'in [0, 1)', given, 'With 1 no row would ever change.');
  return given;
};

/** Refuses embeddings that are not finite where they can be read at once. */
function refuseFaults<T>(backend: Backend<T>, where: string, ...faults: readonly T[]): void {
  for (const count of faults) {
    const found = backend.readSync?.(count).data[0] ?? 0;
    if (found !== 0) throw embeddingError(where, found);
  }
}

function embeddingError(where: string, rows: number): RangeError {
  const hint =
    'Features or projections hold NaN, Infinity or numbers near the limits of float32. Those rows are as they were.';
  return rangeError(where, 'embeddings', 'finite', `rows of the memory that would not be: ${rows}`, hint);
}

/** Copies, so that a state does not change with the memory. */
export function copied(read: Readonly<Record<string, HostTensor>>): MemoryTensors<HostTensor> {
  const copies = Object.entries(read).map(([name, { data, shape }]) => [
    name,
    { data: Float32Array.from(data), shape },
  ]);
  return Object.fromEntries(copies) as MemoryTensors<HostTensor>;
}
