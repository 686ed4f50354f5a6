import type { Backend, FusedKernel, Shape } from '../backend.ts';
import { kindError } from '../check.ts';
import { checkNumber, checkReshape, permutationOf } from '../memberArguments.ts';
import { flag, optional, readOptions, whole } from '../options.ts';
import type { GpuBuffer, GpuDevice } from './deviceTypes.ts';
import { elementwise, elementwiseOperations as operations } from './elementwise.ts';
import { gather, oneHot, replaceRows } from './indexing.ts';
import { fusedKernels } from './kernels/index.ts';
import { logSoftmax } from './kernels/logSoftmax.ts';
import { matMul } from './matMul.ts';
import { argSort, rowsInParts, scatterAlong, takeAlong } from './order.ts';
import type { KernelTiming } from './profiler.ts';
import { argMax, permute, reduce } from './reduction.ts';
import { createRuntime } from './runtime.ts';
import { createTensorStore, type WebgpuTensor } from './tensors.ts';

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
  type T = WebgpuTensor;
  const { add, subtract, multiply, divide, maximum, greater, where, exp, log, sqrt, abs } = operations;

  const backend: WebgpuBackend = {
    name: 'webgpu',
    device,
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
    fromBuffer: store.borrow,
    bufferOf(tensor) {
      const { buffer } = store.storageOf(tensor, 'bufferOf');
      runtime.flush();
      return buffer;
    },
    submit: () => void runtime.flush(),
    timings: runtime.timings,
    releaseMemory: store.clear,

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
    rowsInParts: (shape) => rowsInParts(store, shape),
    logSoftmax: (x) => logSoftmax(store, x, subgroupSize),
    get fusedKernels() {
      return kernels;
    },
  };
  const kernels = fusedKernels({ store, backend, subgroupSize, mostLanes: mostLanesOf(device) });
  return backend;
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
