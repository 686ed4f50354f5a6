/** Reads from the device: those asked for in one go share one submit and one map. */
import type { Runtime } from './runtime.ts';
import type { Batch, Storage } from './storage.ts';
import { BufferUse, MAP_READ } from './usage.ts';

interface PendingRead {
  readonly storage: Storage;
  readonly bytes: number;
  readonly resolve: (data: Float32Array) => void;
  readonly reject: (reason: unknown) => void;
}

/** A function that brings the first `size` elements of a storage to the host. */
export function createReader(runtime: Runtime): (storage: Storage, size: number) => Promise<Float32Array> {
  const { device } = runtime;
  let pending: PendingRead[] = [];
  let staging: GPUBuffer | undefined;

  const acquireStaging = (bytes: number): GPUBuffer => {
    const kept = staging;
    if (kept && kept.size >= bytes) {
      staging = undefined;
      return kept;
    }
    const usage = BufferUse.mapRead | BufferUse.copyDestination;
    return device.createBuffer({ size: Math.max(4096, bytes), usage, label: 'dark-knowledge read' });
  };

  const readTogether = async (reads: readonly PendingRead[], again = false): Promise<void> => {
    let buffer: GPUBuffer | undefined;
    let batch: Batch | undefined;
    let open = reads;
    try {
      runtime.assertAlive();
      const total = reads.reduce((sum, { bytes }) => sum + bytes, 0);
      batch = runtime.flush((encoder) => {
        buffer = acquireStaging(total);
        let offset = 0;
        for (const { storage, bytes } of reads) {
          encoder.copyBufferToBuffer(storage.buffer, 0, buffer, offset, bytes);
          offset += bytes;
        }
      });
      const mapped = buffer!.mapAsync(MAP_READ);
      mapped.catch(() => undefined);
      // The verdicts first, on this batch and on each that wrote what is read: a mapping that fails because its batch
      // failed would hide the reason, and one that succeeds says nothing of the writers.
      const verdicts = [batch, ...reads.map(({ storage }) => storage.writer)].map((judge) => judge?.judged);
      await Promise.race([Promise.all(verdicts), runtime.lost]);
      if (batch.refused) throw batch.failure;
      await Promise.race([mapped, runtime.lost]);
      const range = buffer!.getMappedRange();
      let offset = 0;
      for (const { storage, bytes, resolve, reject } of reads) {
        const failure = storage.writer?.failure;
        if (failure) reject(failure);
        else resolve(new Float32Array(range.slice(offset, offset + bytes)));
        offset += bytes;
      }
      buffer!.unmap();
      if (staging === undefined && buffer!.size <= 16 * 2 ** 20) staging = buffer;
      else buffer!.destroy();
    } catch (error) {
      buffer?.destroy();
      // With the commands of a refused batch its copies fell away too; what sound batches wrote before is still there.
      const spared = batch?.refused && !again ? reads.filter(({ storage }) => storage.writer?.sound) : [];
      open = reads.filter((read) => !spared.includes(read));
      for (const { reject } of open) reject(error);
      if (spared.length > 0) void readTogether(spared, true);
    } finally {
      for (const { storage } of open) runtime.release(storage);
    }
  };

  const flushReads = (): void => {
    const reads = pending;
    pending = [];
    let group: PendingRead[] = [];
    let bytes = 0;
    for (const read of reads) {
      if (group.length > 0 && bytes + read.bytes > device.limits.maxBufferSize) {
        void readTogether(group);
        group = [];
        bytes = 0;
      }
      group.push(read);
      bytes += read.bytes;
    }
    void readTogether(group);
  };

  return (storage, size) =>
    new Promise((resolve, reject) => {
      runtime.assertAlive();
      if (size === 0) return resolve(new Float32Array(0));
      runtime.retain(storage);
      pending.push({ storage, bytes: 4 * size, resolve, reject });
      if (pending.length === 1) queueMicrotask(flushReads);
    });
}
