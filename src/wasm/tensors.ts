/** Tensors in linear memory: shared storage, scopes, and the way between host and memory. */
import type { Shape } from '../backend.ts';
import { disposedError } from '../check.ts';
import { checkHostTensor, foreignError, type Owner } from '../memberArguments.ts';
import { tensorsIn } from '../reach.ts';
import { type HostTensor, sizeOf } from '../tensor.ts';
import type { Pointer } from './assemblyExports.ts';
import { firstFreeByte, type KernelInstance } from './instance.ts';
import { type Arena, makeArena } from './memory.ts';

/** A block of numbers that one or more tensors show. */
interface Storage {
  readonly pointer: Pointer;
  readonly size: number;
  /** Results of sums keep their float64 digits until they are read or used. */
  readonly precision: 'float32' | 'float64';
  /** Tensors that show it; at 0 it is freed. */
  references: number;
  /** A float32 copy of float64 storage, made when an operation needs one. */
  rounded: Pointer | undefined;
}

/** A tensor of the `wasm` backend. Its numbers live in the backend's memory until it is disposed. */
export interface WasmTensor {
  readonly shape: Shape;
  /** @internal */
  readonly storage: Storage;
  /** @internal */
  readonly owner: Owner;
  /** @internal */
  readonly state: { disposed: boolean };
}

/** Everything that makes, finds and frees tensors. */
export interface TensorStore {
  readonly arena: Arena;
  /** A new tensor, its numbers not yet written. */
  make(shape: Shape, precision?: 'float32' | 'float64'): WasmTensor;
  /** A tensor of another shape on the same numbers. */
  share(tensor: WasmTensor, shape: Shape): WasmTensor;
  /** Refuses a tensor that is disposed or another backend's, by the names of the caller's member and argument. */
  check(operation: string, tensor: WasmTensor, argument: string): void;
  /** Where a live tensor's float32 numbers are; checked as by `check`. */
  pointerTo(operation: string, tensor: WasmTensor, argument?: string): Pointer;
  /** Where a tensor made as float64 keeps its numbers. */
  doublesOf(tensor: WasmTensor): Float64Array;
  /** A tensor's float32 numbers in place. Valid until the next tensor is made. */
  view(operation: string, tensor: WasmTensor, argument?: string): Float32Array;
  /** A block that is freed when `use` returns. */
  withScratch<Result>(bytes: number, use: (pointer: Pointer) => Result): Result;
  isTensor(value: unknown): value is WasmTensor;
  shapeOf(tensor: WasmTensor): Shape;
  isDisposed(tensor: WasmTensor): boolean;
  dispose(tensor: WasmTensor): void;
  scope<Result>(compute: () => Result): Result;
  fromHost(host: HostTensor): WasmTensor;
  toHost(tensor: WasmTensor): HostTensor;
  count(): number;
}

/** Makes the store of one backend. */
export function makeTensorStore({ memory }: KernelInstance): TensorStore {
  const arena = makeArena(memory, firstFreeByte);
  const owner: Owner = { backend: 'wasmBackend' };
  const storages = new Map<Pointer, Storage>();
  const scopes: WasmTensor[][] = [];
  let alive = 0;

  function enlist(shape: Shape, storage: Storage): WasmTensor {
    const tensor: WasmTensor = { shape, storage, owner, state: { disposed: false } };
    storage.references++;
    alive++;
    scopes.at(-1)?.push(tensor);
    return tensor;
  }

  function make(shape: Shape, precision: 'float32' | 'float64' = 'float32'): WasmTensor {
    const size = sizeOf(shape);
    const pointer = arena.allocate(size * (precision === 'float64' ? 8 : 4));
    const storage: Storage = { pointer, size, precision, references: 0, rounded: undefined };
    storages.set(pointer, storage);
    return enlist(shape, storage);
  }

  const isTensor = (value: unknown): value is WasmTensor =>
    typeof value === 'object' && value !== null && (value as Partial<WasmTensor>).owner === owner;

  /** The tensor, if it is this backend's. */
  function own(operation: string, tensor: WasmTensor, argument = 'tensor'): WasmTensor {
    if (isTensor(tensor)) return tensor;
    throw foreignError(owner, operation, argument, tensor);
  }

  function free(tensor: WasmTensor): void {
    if (tensor.state.disposed) return;
    tensor.state.disposed = true;
    alive--;
    const { storage } = tensor;
    if (--storage.references > 0) return;
    storages.delete(storage.pointer);
    arena.free(storage.pointer);
    if (storage.rounded !== undefined) arena.free(storage.rounded);
  }

  function requireLive(operation: string, tensor: WasmTensor, argument = 'tensor'): Storage {
    const { state, storage } = own(operation, tensor, argument);
    if (state.disposed) throw disposedError(`${owner.backend}.${operation}`, argument);
    return storage;
  }

  function doublesOf({ storage }: WasmTensor): Float64Array {
    return arena.doubles().subarray(storage.pointer / 8, storage.pointer / 8 + storage.size);
  }

  function pointerTo(operation: string, tensor: WasmTensor, argument?: string): Pointer {
    const storage = requireLive(operation, tensor, argument);
    if (storage.precision === 'float32') return storage.pointer;
    if (storage.rounded === undefined) {
      storage.rounded = arena.allocate(storage.size * 4);
      arena.floats().set(doublesOf(tensor), storage.rounded / 4);
    }
    return storage.rounded;
  }

  function view(operation: string, tensor: WasmTensor, argument?: string): Float32Array {
    const start = pointerTo(operation, tensor, argument) / 4;
    return arena.floats().subarray(start, start + tensor.storage.size);
  }

  return {
    arena,
    make,
    share: (tensor, shape) => enlist(shape, requireLive('reshape', tensor)),
    check: requireLive,
    pointerTo,
    doublesOf,
    view,
    withScratch(bytes, use) {
      const pointer = arena.allocate(bytes);
      try {
        return use(pointer);
      } finally {
        arena.free(pointer);
      }
    },
    isTensor,
    shapeOf: (tensor) => own('shapeOf', tensor).shape,
    isDisposed: (tensor) => own('isDisposed', tensor).state.disposed,
    dispose: (tensor) => free(own('dispose', tensor)),
    scope(compute) {
      const made: WasmTensor[] = [];
      const depth = scopes.push(made);
      let kept = new Set<WasmTensor>();
      try {
        const result = compute();
        kept = tensorsIn(result, isTensor);
        return result;
      } finally {
        scopes.length = depth - 1;
        const outer = scopes.at(-1);
        for (const tensor of made) {
          if (tensor.state.disposed) continue;
          if (!kept.has(tensor)) free(tensor);
          else outer?.push(tensor);
        }
      }
    },
    fromHost(host) {
      checkHostTensor('wasmBackend.fromHost', host);
      const { data } = host;
      const shape = host.shape.slice();
      const isOwn = data.buffer === memory.buffer;
      if (isOwn && data instanceof Float32Array) {
        const known = storages.get(data.byteOffset);
        if (known?.precision === 'float32' && known.size === data.length) return enlist(shape, known);
      }
      // Making a tensor may grow memory, which empties every view of it.
      const source = isOwn ? data.slice() : data;
      const tensor = make(shape);
      arena.floats().set(source, tensor.storage.pointer / 4);
      return tensor;
    },
    toHost(tensor) {
      const storage = requireLive('read', tensor);
      const data = storage.precision === 'float64' ? doublesOf(tensor) : view('read', tensor);
      return { data: data.slice(), shape: tensor.shape };
    },
    count: () => alive,
  };
}
