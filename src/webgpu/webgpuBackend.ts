import type { Backend, FusedKernel, Shape } from '../backend.ts';
import { kindError } from '../check.ts';
import { fusedMembers } from '../fusion/fused.ts';
import { recordedKernels } from '../fusion/handKernels.ts';
import { makeRecorder } from '../fusion/record.ts';
import type { Execute, RecordedTensor, Recorder } from '../fusion/recorder.ts';
import { checkNumber, checkReshape, permutationOf } from '../memberArguments.ts';
import { flag, optional, readOptions, whole } from '../options.ts';
import type { GpuBuffer, GpuDevice } from './deviceTypes.ts';
import { elementwise, elementwiseOperations as operations } from './elementwise.ts';
import { type WebgpuExecutor, type WebgpuExecutorOptions, webgpuExecutor } from './fusion/host.ts';
import type { DeviceShape } from './fusion/walk.ts';
import { gather, oneHot, replaceRows } from './indexing.ts';
import { fusedKernels } from './kernels/index.ts';
import { matMul } from './matMul.ts';
import { argSort, openRows, scatterAlong, takeAlong } from './order.ts';
import type { KernelTiming } from './profiler.ts';
import { argMax, permute, reduce } from './reduction.ts';
import { createRuntime } from './runtime.ts';
import { createTensorStore, type WebgpuTensor as StoredTensor, type TensorStore } from './tensors.ts';

/** A tensor of the `webgpu` backend. Its numbers are on the device until it is disposed. */
export type WebgpuTensor = RecordedTensor<StoredTensor>;

/** Options of `webgpuBackend`. */
export interface WebgpuBackendOptions {
  /** Bytes of freed buffers that are kept for reuse. Default 256 MiB. */
  readonly poolBytes?: number;
  /** Kernels that are submitted together at most. Default 64. */
  readonly batchSize?: number;
  /** Whether subgroup functions are used. Default: where the device has the feature and subgroups of 16 lanes or more. */
  readonly subgroups?: boolean;
  /** Times every kernel by timestamp queries, for `timings()`. Default false. */
  readonly profile?: boolean;
}

/** The `webgpu` backend: the contract, and the way to and from the caller's buffers. */
export interface WebgpuBackend extends Backend<WebgpuTensor> {
  readonly tensorCount: () => number;
  readonly isDisposed: (tensor: WebgpuTensor) => boolean;
  readonly fusedKernels: readonly FusedKernel<WebgpuTensor>[];
  /** The device, which stays the caller's. */
  readonly device: GpuDevice;
  /**
   * A tensor over a caller's buffer of float32 numbers, without a copy. The buffer is only read, and never destroyed.
   * Call `submit()` before you write to it again.
   */
  fromBuffer(buffer: GpuBuffer, shape: Shape): WebgpuTensor;
  /**
   * The buffer that holds a tensor's numbers from its start, without a copy; it may be larger than the tensor. What
   * computes it has been submitted. It is valid until the tensor is disposed.
   */
  bufferOf(tensor: WebgpuTensor): GpuBuffer;
  /** Submits queued kernels now. Otherwise that happens at the next read, after `batchSize` kernels, or in a microtask. */
  submit(): void;
  /** Time and bytes of each kernel since the last call; empty without the option `profile`. */
  timings(): Promise<readonly KernelTiming[]>;
  /** Destroys the buffers kept for reuse, and what draws of rows keep. The backend stays usable. */
  releaseMemory(): void;
}

/**
 * A backend on a GPU device of the caller's, in a browser or in Node. It imports no package and takes no ownership: the
 * device, and buffers passed in, are never destroyed.
 *
 * Kernels are queued and submitted many at a time; reads asked for together share one submit. An error of the device
 * (validation, out of memory) rejects the reads that depend on it and names the kernel; when the device is lost, pending
 * reads reject and later calls throw.
 *
 * In Node, keep the GPU object (`create([])` of the npm package `webgpu`) in a variable for as long as its device is in use,
 * since the device does not keep it alive; destroy the device at the end (`device.destroy()`) and the process ends by itself.
 *
 * @param device A `GPUDevice`; `requestWebgpuDevice` requests a suitable one.
 * @throws RangeError, at an operation, when a tensor exceeds the device's limits.
 * @example
 * const backend = webgpuBackend(await requestWebgpuDevice());
 * const { value, gradients } = valueAndGradientsOn(backend, klDivergence(), { studentLogits, teacherLogits });
 * const { data } = await backend.read(value);
 * @see https://www.w3.org/TR/webgpu/ and https://www.w3.org/TR/WGSL/
 */
// @__NO_SIDE_EFFECTS__
export function webgpuBackend(device: GpuDevice, options: WebgpuBackendOptions = {}): WebgpuBackend {
  return openWebgpuParts(device, options).backend;
}

/** The parts of a backend, which tests look into. */
export interface WebgpuParts {
  readonly backend: WebgpuBackend;
  /** The backend that computes at once, on the same device. */
  readonly eager: Backend<StoredTensor>;
  readonly recorder: Recorder<StoredTensor>;
  readonly executor: WebgpuExecutor;
  readonly store: TensorStore;
}

/** What tests put into a backend. */
export interface WebgpuInternals {
  readonly planning?: NonNullable<WebgpuExecutorOptions['planning']>;
  /** Wraps what computes recorded graphs. */
  readonly around?: (execute: Execute<StoredTensor>, eager: Backend<StoredTensor>) => Execute<StoredTensor>;
}

/** Makes a backend, and keeps its parts in sight. */
export function openWebgpuParts(
  device: GpuDevice,
  options: WebgpuBackendOptions = {},
  { planning = {}, around = (execute) => execute }: WebgpuInternals = {},
): WebgpuParts {
  if (typeof device?.createComputePipeline !== 'function') {
    throw kindError('webgpuBackend', 'device', 'a GPUDevice', device, 'requestWebgpuDevice() requests one.');
  }
  const { poolBytes, batchSize, subgroups, profile } = readOptions('webgpuBackend', options, {
    poolBytes: whole(0, 256 * 2 ** 20),
    batchSize: whole(1, 64),
    subgroups: optional(flag()),
    profile: flag(false),
  });
  const subgroupSize = subgroupSizeOf(device, subgroups);
  const runtime = createRuntime(device, { poolBytes, batchSize, profile });
  const store = createTensorStore(runtime);
  const eager = eagerBackend(store);
  const executor = webgpuExecutor({ store, device: deviceShape(device, subgroupSize), planning });
  const recorder = makeRecorder<StoredTensor>({ backend: 'webgpuBackend' }, eager, around(executor.execute, eager));

  const backend: WebgpuBackend = {
    ...fusedMembers('webgpuBackend', eager, recorder),
    isDisposed: recorder.isDisposed,
    tensorCount: recorder.count,
    device,
    fromBuffer: (buffer, shape) => recorder.wrap(store.borrow(buffer, shape)),
    bufferOf(tensor) {
      // What was recorded reads the numbers as they are now, not as its owner may write them.
      recorder.flushAll();
      const { buffer } = store.storageOf(recorder.storedOf('bufferOf', tensor), 'bufferOf');
      runtime.flush();
      return buffer;
    },
    submit: () => void runtime.flush(),
    timings: runtime.timings,
    releaseMemory: store.clear,
    rowsInParts(shape) {
      const { made, write, complete } = openRows(store, shape);
      const whole = recorder.wrap(made);
      return {
        write: (rows) => write(recorder.storedOf('rowsInParts', rows, 'rows')),
        finish() {
          complete();
          return whole;
        },
      };
    },
    fusedKernels: recordedKernels(
      eager,
      recorder,
      fusedKernels({ store, backend: eager, subgroupSize, mostLanes: mostLanesOf(device) }),
    ),
  };
  return { backend, eager, recorder, executor, store };
}

/** The contract's members, each of which runs at once. */
function eagerBackend(store: TensorStore): Backend<StoredTensor> {
  type T = StoredTensor;
  const { add, subtract, multiply, divide, maximum, greater, where, exp, log, sqrt, abs } = operations;
  return {
    name: 'webgpu',
    scope: store.scope,
    dispose: store.dispose,
    isTensor: store.isTensor,
    isDisposed: store.isDisposed,
    tensorCount: store.count,

    fromHost: store.fromHost,
    scalar(value) {
      checkNumber('webgpuBackend.scalar', value);
      return store.constant(value, []);
    },
    shapeOf: store.shapeOf,
    read: (tensor) => store.read(tensor, (x) => elementwise(store, operations.copy, [x])),

    add: (a: T, b: T) => elementwise(store, add, [a, b]),
    subtract: (a: T, b: T) => elementwise(store, subtract, [a, b]),
    multiply(a: T, b: T) {
      // A factor of 1 is the commonest upstream gradient, and no work.
      store.check(a, 'multiply', 'a');
      store.check(b, 'multiply', 'b');
      if (b.constant === 1 && b.shape.length === 0) return store.share(a, a.shape);
      if (a.constant === 1 && a.shape.length === 0) return store.share(b, b.shape);
      return elementwise(store, multiply, [a, b]);
    },
    divide: (a: T, b: T) => elementwise(store, divide, [a, b]),
    maximum: (a: T, b: T) => elementwise(store, maximum, [a, b]),
    greater: (a: T, b: T) => elementwise(store, greater, [a, b]),
    where: (condition: T, a: T, b: T) => elementwise(store, where, [condition, a, b]),
    exp: (x: T) => elementwise(store, exp, [x]),
    log: (x: T) => elementwise(store, log, [x]),
    sqrt: (x: T) => elementwise(store, sqrt, [x]),
    abs: (x: T) => elementwise(store, abs, [x]),

    sum: (x, reduceOptions) => reduce(store, 'sum', x, reduceOptions),
    max: (x, reduceOptions) => reduce(store, 'max', x, reduceOptions),
    argMax: (x) => argMax(store, x),

    reshape(x, shape) {
      store.check(x, 'reshape', 'x');
      checkReshape('webgpuBackend.reshape', x.shape, shape);
      return store.share(x, shape);
    },
    transpose(x, permutation) {
      store.check(x, 'transpose', 'x');
      return permute(store, x, permutationOf('webgpuBackend.transpose', x.shape.length, permutation));
    },
    matMul: (a, b, matMulOptions) => matMul(store, a, b, matMulOptions),

    oneHot: (indices, depth) => oneHot(store, indices, depth),
    gather: (x, indices) => gather(store, x, indices),
    replaceRows: (x, positions, replacement) => replaceRows(store, x, positions, replacement),
    drawRows: store.drawRows,
    argSort: (x) => argSort(store, x),
    takeAlong: (x, indices) => takeAlong(store, x, indices),
    scatterAlong: (indices, updates, size) => scatterAlong(store, indices, updates, size),
  };
}

/** What generated kernels are made for. */
function deviceShape(device: GpuDevice, subgroupSize: number): DeviceShape {
  const { maxComputeWorkgroupStorageSize, maxStorageBuffersPerShaderStage } = device.limits;
  // Four numbers a lane are joined, each in two places.
  const room = 2 ** Math.floor(Math.log2(maxComputeWorkgroupStorageSize / 32));
  return {
    subgroupSize,
    mostLanes: Math.min(mostLanesOf(device), room),
    mostBuffers: maxStorageBuffersPerShaderStage,
    mostWrites: maxStorageBuffersPerShaderStage,
  };
}

/** The smallest subgroup that kernels may meet; 0 where they do without. */
function subgroupSizeOf(device: GpuDevice, wanted: boolean | undefined): number {
  const smallest = device.adapterInfo?.subgroupMinSize ?? 0;
  if (!device.features.has('subgroups')) {
    if (wanted) throw kindError('webgpuBackend', 'device', "one with the feature 'subgroups'", 'a device without');
    return 0;
  }
  // Subgroups of four lanes, as software drivers have, save nothing.
  return (wanted ?? smallest >= 16) ? Math.max(1, smallest) : 0;
}

/** A power of two, as joining lanes in two steps wants it. */
function mostLanesOf({ limits }: GpuDevice): number {
  const most = Math.min(limits.maxComputeInvocationsPerWorkgroup, limits.maxComputeWorkgroupSizeX, 1024);
  return 2 ** Math.floor(Math.log2(most));
}
