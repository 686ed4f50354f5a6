/** Device memory behind tensors, and the health of the work that wrote it. */
import type { GpuBuffer } from './deviceTypes.ts';

/** Commands that are submitted together, and what the device says of them. */
export interface Batch {
  /** Names of the kernels in it, for error messages. */
  readonly kernels: Set<string>;
  /** What the device may yet say against it: of its programs, its memory, at last of the commands. */
  readonly concerns: Set<Promise<Error | undefined>>;
  /** Batches that wrote what this one reads or goes on writing. Emptied once they are judged. */
  readonly parents: Set<Batch>;
  /** Resolves when the device has judged it, and all that it depends on; never rejects. Undefined until it is submitted. */
  judged: Promise<void> | undefined;
  /** Whether the device refused it: then none of its commands was done. */
  refused: boolean;
  /** Why it was refused, or a batch that it depends on; known once it is judged. */
  failure: Error | undefined;
  /** Whether it was judged and has no failure. */
  sound: boolean;
}

/** A buffer, shared by the tensors that see the same numbers. */
export interface Storage {
  readonly buffer: GpuBuffer;
  /** Bytes in use, from the buffer's start. */
  readonly bytes: number;
  /** False for a caller's buffer: it is never destroyed, pooled or written. */
  readonly owned: boolean;
  references: number;
  /** The batch that last wrote it. */
  writer: Batch | undefined;
}

export function createBatch(): Batch {
  return {
    kernels: new Set(),
    concerns: new Set(),
    parents: new Set(),
    judged: undefined,
    refused: false,
    failure: undefined,
    sound: false,
  };
}

/** Makes a batch depend on what wrote a storage before it. */
export function dependOn(batch: Batch, { writer }: Storage): void {
  if (writer && writer !== batch && !writer.sound) batch.parents.add(writer);
}

/** Waits for the verdict on a batch whose commands were submitted: its own concerns first, since they name the cause. */
export function awaitVerdict(batch: Batch): void {
  batch.judged = (async () => {
    const own = (await Promise.all(batch.concerns)).find((error) => error !== undefined);
    const parents = [...batch.parents];
    await Promise.all(parents.map(({ judged }) => judged));
    batch.refused = own !== undefined;
    batch.failure = own ?? parents.find(({ failure }) => failure !== undefined)?.failure;
    batch.sound = batch.failure === undefined;
    batch.parents.clear();
    batch.concerns.clear();
  })();
}
