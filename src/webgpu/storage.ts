/** Device memory behind tensors, and the health of the work that wrote it. */

/** Commands that are submitted together, and whether the device took them. */
export interface Batch {
  /** What went wrong, once known. */
  failure: Error | undefined;
  /** Batches whose results this one read. Emptied once they are known to be sound. */
  readonly parents: Set<Batch>;
  /** Names of the kernels in it, for error messages. */
  readonly kernels: Set<string>;
  /** Resolves when the device has judged the batch; never rejects. */
  judged: Promise<void> | undefined;
  sound: boolean;
}

/** A buffer, shared by the tensors that see the same numbers. */
export interface Storage {
  readonly buffer: GPUBuffer;
  /** Bytes in use, from the buffer's start. */
  readonly bytes: number;
  /** False for a caller's buffer: it is never destroyed, pooled or written. */
  readonly owned: boolean;
  references: number;
  /** The batch that last wrote it. */
  writer: Batch | undefined;
}

export function createBatch(): Batch {
  return { failure: undefined, parents: new Set(), kernels: new Set(), judged: undefined, sound: false };
}

/** The failure of a batch, or of one that it depends on. */
export function failureOf(batch: Batch | undefined): Error | undefined {
  if (batch === undefined || batch.sound) return undefined;
  if (batch.failure) return batch.failure;
  for (const parent of batch.parents) {
    const failure = failureOf(parent);
    if (failure) return failure;
  }
  return undefined;
}

/** Records that the device took a batch, and forgets parents that are sound. */
export function settle(batch: Batch): void {
  for (const parent of batch.parents) if (parent.sound) batch.parents.delete(parent);
  if (batch.failure === undefined && batch.parents.size === 0) batch.sound = true;
}
