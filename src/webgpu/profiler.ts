/** Time and bytes of each kernel by timestamp queries. */
import { BufferUse, MAP_READ } from './usage.ts';

/** One run of a kernel. */
export interface KernelTiming {
  readonly kernel: string;
  readonly nanoseconds: number;
  /** Bytes of the buffers that it reads and writes, each counted once. */
  readonly bytes: number;
}

export interface Profiler {
  /** The descriptor of a timed compute pass. */
  pass(kernel: string, bytes: number): GPUComputePassDescriptor;
  /** Ends a batch: copies its timestamps out. */
  resolve(encoder: GPUCommandEncoder): void;
  /** The timings since the last call. */
  timings(): Promise<readonly KernelTiming[]>;
}

const CAPACITY = 2048;

/** Needs a device with the feature `timestamp-query`. */
export function createProfiler(device: GPUDevice): Profiler {
  if (!device.features.has('timestamp-query')) {
    throw new TypeError(
      "webgpuBackend: device must have the feature 'timestamp-query' where profile is set, got none.",
    );
  }
  const querySet = device.createQuerySet({ type: 'timestamp', count: CAPACITY });
  const resolved = device.createBuffer({ size: 8 * CAPACITY, usage: BufferUse.queryResolve | BufferUse.copySource });
  let open: { kernel: string; bytes: number }[] = [];
  let batches: { readonly passes: typeof open; readonly staging: GPUBuffer }[] = [];
  return {
    pass(kernel, bytes) {
      const at = 2 * open.length;
      open.push({ kernel, bytes });
      return { timestampWrites: { querySet, beginningOfPassWriteIndex: at, endOfPassWriteIndex: at + 1 } };
    },
    resolve(encoder) {
      if (open.length === 0) return;
      const bytes = 16 * open.length;
      const staging = device.createBuffer({ size: bytes, usage: BufferUse.mapRead | BufferUse.copyDestination });
      encoder.resolveQuerySet(querySet, 0, 2 * open.length, resolved, 0);
      encoder.copyBufferToBuffer(resolved, 0, staging, 0, bytes);
      batches.push({ passes: open, staging });
      open = [];
    },
    async timings() {
      const taken = batches;
      batches = [];
      const all = taken.map(async ({ passes, staging }) => {
        await staging.mapAsync(MAP_READ);
        const stamps = new BigInt64Array(staging.getMappedRange().slice(0));
        staging.destroy();
        return passes.map(({ kernel, bytes }, at) => ({
          kernel,
          bytes,
          nanoseconds: Number(stamps[2 * at + 1]! - stamps[2 * at]!),
        }));
      });
      return (await Promise.all(all)).flat();
    },
  };
}
