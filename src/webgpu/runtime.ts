/**
 * Runs kernels on a borrowed device: dispatches are queued and submitted many at a time, pipelines are kept, buffers are
 * pooled, limits are met by splitting, and every error of the device reaches a promise.
 */
import { describeShape, rangeError } from '../check.ts';
import { sizeOf } from '../tensor.ts';
import { type BufferPool, createBufferPool } from './bufferPool.ts';
import { guarded, watchLoss } from './deviceErrors.ts';
import { boundRange, type KernelCall, spread, unitsPerDispatch } from './dispatch.ts';
import { createPipelines, type Pipeline } from './pipelines.ts';
import { createProfiler, type KernelTiming, type Profiler } from './profiler.ts';
import { uniformBytes } from './program.ts';
import { awaitVerdict, type Batch, createBatch, dependOn, type Storage } from './storage.ts';
import { BufferUse } from './usage.ts';

/** Options of the runtime, which are those of `webgpuBackend`. */
export interface RuntimeOptions {
  readonly poolBytes: number;
  readonly batchSize: number;
  readonly profile: boolean;
}

interface Queued {
  readonly pipeline: Pipeline;
  readonly entries: readonly GPUBindGroupEntry[];
  readonly uniforms: ArrayBuffer;
  readonly groups: readonly [number, number];
  readonly bytes: number;
}

export interface Runtime {
  readonly device: GPUDevice;
  /** New device memory; an extent beyond the device's limits is an error before any work. */
  allocate(shape: readonly number[], owner: string): Storage;
  /** Device memory with the given numbers. */
  upload(data: Float32Array<ArrayBuffer>, owner: string): Storage;
  retain(storage: Storage): void;
  release(storage: Storage): void;
  run(call: KernelCall): void;
  /** Submits what is queued. */
  flush(finish?: (encoder: GPUCommandEncoder) => void): Batch;
  /** Throws when the device is lost. */
  assertAlive(): void;
  /** Rejects when the device is lost. */
  readonly lost: Promise<never>;
  readonly profiler: Profiler | undefined;
  readonly pool: BufferPool;
  timings(): Promise<readonly KernelTiming[]>;
  /** Frees pooled buffers. */
  clear(): void;
}

const UNIFORM_SLOT = 256;

/** Runs kernels on `device`. */
export function createRuntime(device: GPUDevice, options: RuntimeOptions): Runtime {
  const { limits } = device;
  const storageUse = BufferUse.storage | BufferUse.copySource | BufferUse.copyDestination;
  const pool = createBufferPool(device, storageUse, options.poolBytes, 'dark-knowledge');
  const profiler = options.profile ? createProfiler(device) : undefined;
  const pipelineFor = createPipelines(device);
  const uniformBuffer = device.createBuffer({
    size: UNIFORM_SLOT * 4 * options.batchSize,
    usage: BufferUse.uniform | BufferUse.copyDestination,
    label: 'dark-knowledge uniforms',
  });
  let queue: Queued[] = [];
  let uniformBytesQueued = 0;
  let batch = createBatch();
  let scheduled = false;
  const { lost, isLost, assertAlive } = watchLoss(device);
  // A buffer that the unsubmitted commands use must not be written by the queue, which runs ahead of them.
  let touched = new Set<GPUBuffer>();

  const flush: Runtime['flush'] = (finish) => {
    const submitted = batch;
    if (queue.length === 0 && finish === undefined) return submitted;
    const commands = queue;
    queue = [];
    const names = [...submitted.kernels].join(', ') || 'read';
    const { failure } = guarded(device, ['validation', 'out-of-memory', 'internal'], `kernel '${names}'`, () => {
      const encoder = device.createCommandEncoder({ label: names });
      if (commands.length > 0) encode(encoder, commands);
      finish?.(encoder);
      device.queue.submit([encoder.finish()]);
    });
    submitted.concerns.add(failure);
    awaitVerdict(submitted);
    uniformBytesQueued = 0;
    touched = new Set();
    batch = createBatch();
    pool.destroyExcess();
    return submitted;
  };

  const encode = (encoder: GPUCommandEncoder, commands: readonly Queued[]): void => {
    const uniforms = new Uint8Array(uniformBytesQueued);
    let offset = 0;
    const offsets = commands.map((command) => {
      uniforms.set(new Uint8Array(command.uniforms), offset);
      const at = offset;
      offset += slotBytes(command.uniforms.byteLength);
      return at;
    });
    device.queue.writeBuffer(uniformBuffer, 0, uniforms);
    let pass = profiler ? undefined : encoder.beginComputePass();
    commands.forEach(({ pipeline, entries, uniforms: values, groups, bytes }, at) => {
      const { program } = pipeline;
      if (profiler) pass = encoder.beginComputePass(profiler.pass(program.name, bytes));
      pass!.setPipeline(pipeline.pipeline);
      const resource = { buffer: uniformBuffer, offset: offsets[at]!, size: values.byteLength };
      pass!.setBindGroup(
        0,
        device.createBindGroup({
          label: program.name,
          layout: pipeline.layout,
          entries: [{ binding: 0, resource }, ...entries],
        }),
      );
      pass!.dispatchWorkgroups(...groups);
      if (profiler) pass!.end();
    });
    if (!profiler) pass!.end();
    profiler?.resolve(encoder);
  };

  const checkAllocation = (bytes: number, shape: readonly number[], owner: string): void => {
    if (bytes > limits.maxBufferSize) {
      throw rangeError(
        owner,
        `result of shape ${describeShape(shape)}`,
        `of at most ${limits.maxBufferSize} bytes (the device's maxBufferSize)`,
        bytes,
        'Ask for a device with larger limits (requestWebgpuDevice does) or split the batch.',
      );
    }
  };

  const acquire = (bytes: number, owner: string, accept?: (buffer: GPUBuffer) => boolean): Storage => {
    let buffer = pool.take(bytes, accept);
    if (buffer === undefined) {
      const made = guarded(device, ['out-of-memory', 'validation'], `memory for '${owner}'`, () => pool.create(bytes));
      const { result, failure } = made;
      batch.concerns.add(failure);
      failure.then((error) => {
        if (error) pool.reject(result);
      });
      buffer = result;
    }
    return { buffer, bytes, owned: true, references: 1, writer: batch };
  };

  const allocate: Runtime['allocate'] = (shape, owner) => {
    assertAlive();
    const bytes = Math.max(4, 4 * sizeOf(shape));
    checkAllocation(bytes, shape, owner);
    return acquire(bytes, owner);
  };

  return {
    device,
    pool,
    profiler,
    lost,
    assertAlive,
    allocate,
    flush,

    upload(data, owner) {
      assertAlive();
      const bytes = Math.max(4, data.byteLength);
      checkAllocation(bytes, [data.length], owner);
      const storage = acquire(bytes, owner, (candidate) => !touched.has(candidate));
      if (data.byteLength > 0) device.queue.writeBuffer(storage.buffer, 0, data);
      return storage;
    },

    retain(storage) {
      storage.references++;
    },
    release(storage) {
      storage.references--;
      if (storage.references === 0 && storage.owned && !isLost()) pool.release(storage.buffer);
    },

    run(call) {
      assertAlive();
      if (call.units === 0) return;
      const pipeline = pipelineFor(call.key, call.build);
      const { program } = pipeline;
      const bindings = [...call.reads, ...call.writes];
      const step = unitsPerDispatch(program.name, call, limits);
      for (let first = 0; first < call.units; first += step) {
        const units = Math.min(step, call.units - first);
        const values = uniformBytes(program, units, first, call.uniforms ?? {});
        const slot = slotBytes(values.byteLength);
        if (queue.length >= options.batchSize || uniformBytesQueued + slot > uniformBuffer.size) flush();
        let bytes = 0;
        const entries = bindings.map((binding, at) => {
          const range = boundRange(binding, first, units);
          bytes += range.size;
          return { binding: at + 1, resource: { buffer: binding.storage.buffer, ...range } };
        });
        queue.push({
          pipeline,
          entries,
          uniforms: values,
          groups: spread(program.name, call.groups(units), limits),
          bytes,
        });
        uniformBytesQueued += slot;
        batch.kernels.add(program.name);
        if (pipeline.failure) batch.concerns.add(pipeline.failure);
        for (const { storage } of bindings) touched.add(storage.buffer);
        // A tensor may be written in parts, by one batch after another.
        for (const { storage } of bindings) dependOn(batch, storage);
        for (const { storage } of call.writes) storage.writer = batch;
      }
      if (!scheduled) {
        // Work is never left unsent: at the latest when the caller's synchronous code ends.
        scheduled = true;
        queueMicrotask(() => {
          scheduled = false;
          if (!isLost()) flush();
        });
      }
    },

    async timings() {
      flush();
      return profiler ? profiler.timings() : [];
    },
    clear() {
      flush();
      pool.clear();
    },
  };
}

function slotBytes(bytes: number): number {
  return Math.ceil(bytes / UNIFORM_SLOT) * UNIFORM_SLOT;
}
