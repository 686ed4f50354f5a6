/** The backend on WebAssembly's linear memory. */
import type { FusedKernel, HostBackend, Shape } from '../backend.ts';
import { kindError } from '../check.ts';
import { fusedMembers } from '../fusion/fused.ts';
import { recordedKernels } from '../fusion/handKernels.ts';
import { makeRecorder } from '../fusion/record.ts';
import type { Execute, RecordedTensor, Recorder } from '../fusion/recorder.ts';
import { checkExtents, checkNumber } from '../memberArguments.ts';
import { flag, optional, readOptions, whole } from '../options.ts';
import { elementwiseMembers } from './elementwise.ts';
import { type FusionHost, type WasmExecutor, wasmExecutor } from './fusion/host.ts';
import { type KernelInstance, moduleBytes, relaxedSimdIsSupported, startKernels, wasmIsSupported } from './instance.ts';
import { lossKernels, metricKernels } from './kernels/index.ts';
import type { KernelHost } from './kernels/rows.ts';
import { layoutMembers } from './layoutMembers.ts';
import { matMulMember, squaredDistancesMember } from './matMul.ts';
import type { Arena } from './memory.ts';
import { openRows, orderMembers } from './order.ts';
import { reductionMembers } from './reductions.ts';
import { makeTensorStore, type WasmTensor as StoredTensor, type TensorStore } from './tensors.ts';
import { type AddedModule, oneThread, startThreads, type Threads } from './threads.ts';
import { planBytes } from './walk.ts';
import { checkThreads } from './workers.ts';

/** Options of `wasmBackend`. */
export interface WasmBackendOptions {
  /**
   * Uses fused multiply-add (relaxed SIMD). Results stay within the same tolerance, but their last digits may differ
   * between machines. Default: where the engine has it.
   */
  readonly relaxedSimd?: boolean;
  /**
   * Threads for large work, the calling one among them. The others start in the background and join when they are
   * ready. In browsers the page must be cross-origin isolated. Default 1.
   */
  readonly threads?: number;
}

/** A tensor of the `wasm` backend. Its numbers live in the backend's memory until it is disposed. */
export type WasmTensor = RecordedTensor<StoredTensor>;

/** A backend whose tensors live in its own linear memory. */
export interface WasmBackend extends HostBackend<WasmTensor> {
  readonly readSync: NonNullable<HostBackend<WasmTensor>['readSync']>;
  readonly isDisposed: (tensor: WasmTensor) => boolean;
  readonly tensorCount: () => number;
  /** Whether this instance runs the build with fused multiply-add. */
  readonly relaxedSimd: boolean;
  /** A tensor to be filled through `viewOf`, so that data made in place is never copied. */
  allocate(shape: Shape): WasmTensor;
  /** A tensor's numbers in place. Valid until the next tensor is made: memory may move when it grows. */
  viewOf(tensor: WasmTensor): Float32Array;
  /** Bytes that live tensors occupy. */
  byteCount(): number;
  /** How many threads take part in large work now: those that were asked for, once they have started. */
  threadCount(): number;
  /** Ends the threads, where there are any; the backend goes on with one. */
  close(): void;
}

/**
 * Makes a backend of SIMD kernels in WebAssembly. Each backend owns an instance and its memory; when the backend is no
 * longer reachable, both go.
 *
 * @throws TypeError where the engine has no WebAssembly SIMD or may not compile it (see `wasmIsSupported`).
 * @example
 * const backend = wasmBackend();
 * const value = backend.scope(() => backend.readSync(evaluateOn(backend, klDivergence(), batch).value).data[0]);
 */
// @__NO_SIDE_EFFECTS__
export function wasmBackend(options: WasmBackendOptions = {}): WasmBackend {
  const { relaxedSimd, threads } = readOptions('wasmBackend', options, {
    relaxedSimd: optional(flag()),
    threads: whole(1, 1, 256),
  });
  const given = { threads, ...(relaxedSimd !== undefined && { relaxedSimd }) };
  return backendWith((host) => [...lossKernels(host), ...metricKernels(host)], withThreads(given));
}

/** The options with what their number of threads asks for. */
export function withThreads({ threads = 1, ...options }: WasmBackendOptions): WasmOptions {
  checkThreads(threads);
  return threads === 1 ? options : { ...options, threading: severalThreads(threads) };
}

/** What a backend of one's own choice of kernels is opened with: whoever needs no other threads bundles none. */
export type WasmOptions = Omit<WasmBackendOptions, 'threads'> & { readonly threading?: Threading };

/** How a backend comes by its threads: whether their memory is shared, and what starts them on an instance. */
export interface Threading {
  readonly shared: boolean;
  start(instance: KernelInstance, arena: Arena): Threads;
}

const callingThread: Threading = { shared: false, start: oneThread };

/** The calling thread and others. */
function severalThreads(count: number): Threading {
  return { shared: true, start: (instance, arena) => startThreads(instance, count, arena) };
}

/** A backend with some of the kernels by hand: the plain-name runners of losses leave the metrics' out, and so do bundles. */
export function backendWith(
  kernelsByHand: (host: KernelHost) => readonly FusedKernel<StoredTensor>[],
  options: WasmOptions = {},
): WasmBackend {
  return openWasm(kernelsByHand, options).backend;
}

/** The parts of a backend, which tests look into. */
export interface WasmParts {
  readonly backend: WasmBackend;
  /** The backend that computes at once, on the same memory. */
  readonly eager: HostBackend<StoredTensor>;
  readonly recorder: Recorder<StoredTensor>;
  readonly executor: WasmExecutor;
  readonly store: TensorStore;
}

/** What tests put into a backend. */
export interface WasmInternals {
  readonly planning?: NonNullable<FusionHost['planning']>;
  /** Wraps what computes recorded graphs. */
  readonly around?: (execute: Execute<StoredTensor>, eager: HostBackend<StoredTensor>) => Execute<StoredTensor>;
}

/** Makes a backend, and keeps its parts in sight. */
export function openWasm(
  kernelsByHand: (host: KernelHost) => readonly FusedKernel<StoredTensor>[],
  options: WasmOptions = {},
  { planning = {}, around = (execute) => execute }: WasmInternals = {},
): WasmParts {
  if (!wasmIsSupported()) {
    const expected = 'one with WebAssembly SIMD that lets it be compiled';
    const hint = "Use cpuBackend there; a content-security policy allows it by 'wasm-unsafe-eval'.";
    throw kindError('wasmBackend', 'engine', expected, 'one without', hint);
  }
  const { relaxedSimd = relaxedSimdIsSupported(), threading = callingThread } = options;
  if (relaxedSimd && !relaxedSimdIsSupported()) {
    throw kindError('wasmBackend', 'relaxedSimd', 'false where the engine lacks relaxed SIMD', relaxedSimd);
  }
  const instance = startKernels(relaxedSimd, threading.shared);
  const store = makeTensorStore(instance);
  const { memory } = instance;
  const threads = threading.start(instance, store.arena);
  const eager = eagerBackend(instance, store, threads);
  const executor = wasmExecutor({ store, memory, threads, relaxed: relaxedSimd, eager, planning });
  let bytesOfModules = 0;
  const start = (text: string): AddedModule => {
    const before = store.arena.bytes();
    const module = threads.add(moduleBytes(text, relaxedSimd, threading.shared));
    bytesOfModules += store.arena.bytes() - before;
    return module;
  };
  const execute = around(executor.execute, eager);
  const recorder = makeRecorder<StoredTensor>({ backend: 'wasmBackend' }, eager, execute, { transposes: true });

  const backend: WasmBackend = {
    ...fusedMembers('wasmBackend', eager, recorder),
    readSync: (tensor) => ({ ...eager.readSync(recorder.storedOf('read', tensor)), shape: tensor.shape }),
    isDisposed: recorder.isDisposed,
    tensorCount: recorder.count,
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
    relaxedSimd,
    allocate(shape) {
      checkExtents('wasmBackend.allocate', shape);
      return recorder.wrap(store.make([...shape]));
    },
    viewOf(tensor) {
      // What was recorded reads the numbers as they are now, not as they will be.
      recorder.flushAll();
      return store.view('viewOf', recorder.storedOf('viewOf', tensor));
    },
    byteCount: () => store.arena.bytes() - executor.ownBytes() - bytesOfModules,
    threadCount: threads.available,
    close: threads.close,
    fusedKernels: recordedKernels(
      eager,
      recorder,
      kernelsByHand({ kernels: instance.kernels, store, threads, backend: eager, start }),
    ),
  };
  return { backend, eager, recorder, executor, store };
}

/** The contract's members on the kernels of `assembly/`, each of which runs at once. */
function eagerBackend({ kernels }: KernelInstance, store: TensorStore, threads: Threads): HostBackend<StoredTensor> {
  const plan = store.arena.allocate(planBytes);
  const layout = layoutMembers(kernels, store, plan);
  return {
    name: 'wasm',
    scope: store.scope,
    dispose: store.dispose,
    isTensor: store.isTensor,
    fromHost: store.fromHost,
    scalar(value) {
      checkNumber('wasmBackend.scalar', value);
      const made = store.make([]);
      store.arena.floats()[made.storage.pointer / 4] = value;
      return made;
    },
    shapeOf: store.shapeOf,
    read: async (tensor) => store.toHost(tensor),
    readSync: store.toHost,
    isDisposed: store.isDisposed,
    tensorCount: store.count,

    ...elementwiseMembers(kernels, store, plan),
    ...reductionMembers(kernels, store, layout.transpose),
    ...layout,
    ...orderMembers(kernels, store),
    matMul: matMulMember({ kernels, store, threads }),
    squaredDistances: squaredDistancesMember({ kernels, store, threads }),
  };
}
