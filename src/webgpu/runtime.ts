/**
 * Runs kernels on a borrowed device: dispatches are queued and submitted many at a time, pipelines are kept, buffers are
 * pooled, limits are met by splitting, and every error of the device reaches a promise.
 */
import { describeShape, rangeError } from '../check.ts';
import { sizeOf } from '../tensor.ts';
import { type BufferPool, createBufferPool } from './bufferPool.ts';
import { createProfiler, type KernelTiming, type Profiler } from './profiler.ts';
import { type KernelProgram, sourceOf, uniformBytes } from './program.ts';
import { type Batch, createBatch, type Storage, settle } from './storage.ts';
import { BufferUse } from './usage.ts';

/** A buffer as a kernel sees it. */
export interface Binding {
  readonly storage: Storage;
  /** Elements for each unit of work, where a part of the units needs only a part of the buffer; 0 where it needs all. */
  readonly perUnit: number;
}

/** One use of a kernel. */
export interface KernelCall {
  /** Names the program: equal keys have equal programs. */
  readonly key: string;
  readonly build: () => KernelProgram;
  readonly reads: readonly Binding[];
  readonly writes: readonly Binding[];
  readonly uniforms?: Readonly<Record<string, number>>;
  /** Units of work: elements, rows, tiles. A dispatch does units firstUnit … firstUnit + units − 1. */
  readonly units: number;
  /** Workgroups for a number of units. */
  readonly groups: (units: number) => number;
}

/** Options of the runtime, which are those of `webgpuBackend`. */
export interface RuntimeOptions {
  readonly poolBytes: number;
  readonly batchSize: number;
  readonly profile: boolean;
}

interface Pipeline {
  readonly program: KernelProgram;
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  /** The error of its compilation; undefined once it is known to be sound. */
  failure: Promise<Error | undefined> | undefined;
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
  const pipelines = new Map<string, Pipeline>();
  const layouts = new Map<string, GPUBindGroupLayout>();
  const uniformBuffer = device.createBuffer({
    size: UNIFORM_SLOT * 4 * options.batchSize,
    usage: BufferUse.uniform | BufferUse.copyDestination,
    label: 'dark-knowledge uniforms',
  });
  let queue: Queued[] = [];
  let uniformBytesQueued = 0;
  let batch = createBatch();
  let scheduled = false;
  let lossMessage: string | undefined;
  // A buffer that the unsubmitted commands use must not be written by the queue, which runs ahead of them.
  let touched = new Set<GPUBuffer>();

  const lost = device.lost.then(({ reason, message }) => {
    lossMessage = `webgpuBackend: device must be alive, got a lost one (${reason}: ${message || 'no message'}). Request a new device and make a new backend.`;
    throw new Error(lossMessage);
  });
  lost.catch(() => undefined);

  const assertAlive = (): void => {
    if (lossMessage !== undefined) throw new Error(lossMessage);
  };

  /** Runs `work` and gives its error to the current batch's results. */
  const guarded = <Result>(filters: readonly GPUErrorFilter[], what: string, work: () => Result) => {
    for (const filter of filters) device.pushErrorScope(filter);
    const result = work();
    const failure = Promise.all(filters.map(() => device.popErrorScope())).then(
      (errors) => {
        const error = errors.find((found) => found !== null);
        return error ? new Error(`webgpuBackend: ${what} failed: ${error.message}`) : undefined;
      },
      (reason: unknown) => new Error(`webgpuBackend: ${what} failed: ${String(reason)}`),
    );
    return { result, failure };
  };
  const concerns = (target: Batch, failure: Promise<Error | undefined>): void => {
    const before = target.judged;
    target.judged = (async () => {
      await before;
      const error = await failure;
      if (error) target.failure ??= error;
    })();
  };

  const layoutFor = (reads: number, writes: number): GPUBindGroupLayout => {
    const key = `${reads},${writes}`;
    const known = layouts.get(key);
    if (known) return known;
    const types: GPUBufferBindingType[] = [
      'uniform',
      ...Array<GPUBufferBindingType>(reads).fill('read-only-storage'),
      ...Array<GPUBufferBindingType>(writes).fill('storage'),
    ];
    const made = device.createBindGroupLayout({
      entries: types.map((type, binding) => ({ binding, visibility: 4, buffer: { type } })),
    });
    layouts.set(key, made);
    return made;
  };

  const pipelineFor = (key: string, build: () => KernelProgram): Pipeline => {
    const known = pipelines.get(key);
    if (known) return known;
    const program = build();
    const layout = layoutFor(program.reads.length, program.writes.length);
    const { result: pipeline, failure } = guarded(['validation', 'internal'], `kernel '${program.name}'`, () =>
      device.createComputePipeline({
        label: program.name,
        layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
        compute: {
          module: device.createShaderModule({ code: sourceOf(program), label: program.name }),
          entryPoint: 'main',
        },
      }),
    );
    const made: Pipeline = { program, pipeline, layout, failure };
    failure.then((error) => {
      if (error === undefined) made.failure = undefined;
    });
    pipelines.set(key, made);
    return made;
  };

  const flush: Runtime['flush'] = (finish) => {
    const submitted = batch;
    if (queue.length === 0 && finish === undefined) return submitted;
    const commands = queue;
    queue = [];
    const names = [...submitted.kernels].join(', ') || 'read';
    const { failure } = guarded(['validation', 'out-of-memory', 'internal'], `kernel '${names}'`, () => {
      const encoder = device.createCommandEncoder({ label: names });
      if (commands.length > 0) encode(encoder, commands);
      finish?.(encoder);
      device.queue.submit([encoder.finish()]);
    });
    concerns(submitted, failure);
    submitted.judged = submitted.judged!.then(() => settle(submitted));
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
      const made = guarded(['out-of-memory', 'validation'], `memory for '${owner}'`, () => pool.create(bytes));
      concerns(batch, made.failure);
      buffer = made.result;
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
      if (storage.references === 0 && storage.owned && lossMessage === undefined) pool.release(storage.buffer);
    },

    run(call) {
      assertAlive();
      if (call.units === 0) return;
      const pipeline = pipelineFor(call.key, call.build);
      const { program } = pipeline;
      const bindings = [...call.reads, ...call.writes];
      const step = unitsPerDispatch(program.name, call, bindings, limits);
      for (let first = 0; first < call.units; first += step) {
        const units = Math.min(step, call.units - first);
        const values = uniformBytes(program, units, first, call.uniforms ?? {});
        const slot = slotBytes(values.byteLength);
        if (queue.length >= options.batchSize || uniformBytesQueued + slot > uniformBuffer.size) flush();
        let bytes = 0;
        const entries = bindings.map(({ storage, perUnit }, at) => {
          const offset = 4 * first * perUnit;
          const size = perUnit === 0 ? storage.bytes : Math.min(4 * units * perUnit, storage.bytes - offset);
          bytes += size;
          return { binding: at + 1, resource: { buffer: storage.buffer, offset, size } };
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
        if (pipeline.failure) concerns(batch, pipeline.failure);
        for (const { storage } of bindings) touched.add(storage.buffer);
        for (const { storage } of call.reads) {
          if (storage.writer && storage.writer !== batch && !storage.writer.sound) batch.parents.add(storage.writer);
        }
        for (const { storage } of call.writes) storage.writer = batch;
      }
      if (!scheduled) {
        // Work is never left unsent: at the latest when the caller's synchronous code ends.
        scheduled = true;
        queueMicrotask(() => {
          scheduled = false;
          if (lossMessage === undefined) flush();
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

/** Workgroups in one or two dimensions, since each holds only so many. */
function spread(name: string, groups: number, { maxComputeWorkgroupsPerDimension: most }: GPUSupportedLimits) {
  if (groups <= most) return [groups, 1] as const;
  const rows = Math.ceil(groups / most);
  if (rows > most) throw rangeError(name, 'number of workgroups', `at most ${most}² on this device`, groups);
  return [Math.ceil(groups / rows), rows] as const;
}

/** How many units of work one dispatch may do, by the size of what it binds. */
function unitsPerDispatch(
  name: string,
  call: KernelCall,
  bindings: readonly Binding[],
  { maxStorageBufferBindingSize: most, minStorageBufferOffsetAlignment }: GPUSupportedLimits,
): number {
  let units = call.units;
  for (const { storage, perUnit } of bindings) {
    if (storage.bytes <= most) continue;
    if (perUnit === 0) {
      throw tooLarge(name, storage.bytes, most);
    }
    units = Math.min(units, Math.floor(most / (4 * perUnit)));
  }
  if (units === call.units) return units;
  // Every part begins at an offset that the device takes: a multiple of 64 elements, or whatever the device says.
  const alignment = minStorageBufferOffsetAlignment / 4;
  const aligned = Math.max(
    ...bindings.map(({ perUnit }) => (perUnit === 0 ? 1 : alignment / commonDivisor(perUnit, alignment))),
  );
  const whole = Math.floor(units / aligned) * aligned;
  if (whole === 0) throw tooLarge(name, Math.max(...bindings.map(({ storage }) => storage.bytes)), most);
  return whole;
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}

function tooLarge(name: string, bytes: number, most: number): RangeError {
  return rangeError(
    name,
    'tensor',
    `of at most ${most} bytes here (the device's maxStorageBufferBindingSize)`,
    bytes,
    'Ask for a device with larger limits (requestWebgpuDevice does) or split the batch.',
  );
}
