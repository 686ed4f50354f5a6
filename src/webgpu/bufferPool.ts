/** Buffers kept for reuse, by size class, up to a number of bytes. */

/** A pool of storage buffers. */
export interface BufferPool {
  /** A kept buffer of at least `bytes` bytes, if there is one; its contents are undefined. */
  take(bytes: number, accept?: (buffer: GPUBuffer) => boolean): GPUBuffer | undefined;
  /** A new buffer of at least `bytes` bytes. */
  create(bytes: number): GPUBuffer;
  /** Takes a buffer back; beyond the cap it is destroyed, once the commands that use it were submitted. */
  release(buffer: GPUBuffer): void;
  /** Takes out a buffer that the device had no memory for: it must not be handed out again. */
  reject(buffer: GPUBuffer): void;
  /** Destroys what was released beyond the cap. Called after each submit. */
  destroyExcess(): void;
  /** Destroys every pooled buffer. */
  clear(): void;
  /** Bytes kept for reuse. */
  readonly pooledBytes: () => number;
}

/**
 * The size that a request is rounded up to: eight steps between one power of two and the next, so that at most an eighth
 * is wasted and nearly equal sizes share buffers.
 */
export function sizeClass(bytes: number): number {
  if (bytes <= 256) return 256;
  const step = 2 ** Math.max(8, Math.floor(Math.log2(bytes)) - 3);
  return Math.ceil(bytes / step) * step;
}

/** A pool of buffers with one usage. */
export function createBufferPool(device: GPUDevice, usage: number, capBytes: number, label: string): BufferPool {
  const free = new Map<number, GPUBuffer[]>();
  const excess: GPUBuffer[] = [];
  const rejected = new WeakSet<GPUBuffer>();
  let pooledBytes = 0;
  // Close to the device's limit, rounding up would ask for too much.
  const sizeFor = (bytes: number): number =>
    Math.min(sizeClass(bytes), Math.max(Math.floor(device.limits.maxBufferSize / 4) * 4, Math.ceil(bytes / 4) * 4));
  return {
    take(bytes, accept = () => true) {
      const candidates = free.get(sizeFor(bytes)) ?? [];
      const at = candidates.findLastIndex(accept);
      if (at < 0) return undefined;
      const [taken] = candidates.splice(at, 1);
      pooledBytes -= taken!.size;
      return taken;
    },
    create: (bytes) => device.createBuffer({ size: sizeFor(bytes), usage, label }),
    release(buffer) {
      if (rejected.has(buffer) || pooledBytes + buffer.size > capBytes) {
        excess.push(buffer);
        return;
      }
      pooledBytes += buffer.size;
      const candidates = free.get(buffer.size);
      if (candidates) candidates.push(buffer);
      else free.set(buffer.size, [buffer]);
    },
    reject(buffer) {
      rejected.add(buffer);
      const candidates = free.get(buffer.size) ?? [];
      const at = candidates.indexOf(buffer);
      if (at < 0) return;
      candidates.splice(at, 1);
      pooledBytes -= buffer.size;
      excess.push(buffer);
    },
    destroyExcess() {
      for (const buffer of excess.splice(0)) buffer.destroy();
    },
    clear() {
      for (const buffers of free.values()) for (const buffer of buffers) buffer.destroy();
      free.clear();
      pooledBytes = 0;
      for (const buffer of excess.splice(0)) buffer.destroy();
    },
    pooledBytes: () => pooledBytes,
  };
}
