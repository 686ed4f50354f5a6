/** The tensors of the `webgpu` backend, and how long they live. */
import type { RowDraw, Shape } from '../backend.ts';
import { describeShape, disposedError, kindError, rangeError } from '../check.ts';
import { checkExtents, checkHostTensor, foreignError, type Owner } from '../memberArguments.ts';
import { tensorsIn } from '../reach.ts';
import { type HostTensor, sizeOf } from '../tensor.ts';
import { createReader } from './reader.ts';
import { createRowDraws, type DeviceRowDraw } from './rowDraws.ts';
import type { Runtime } from './runtime.ts';
import type { Storage } from './storage.ts';
import { BufferUse } from './usage.ts';

/** A tensor on a GPU: float32 numbers, row-major, in a `GPUBuffer`. */
export interface WebgpuTensor {
  readonly shape: Shape;
  /** The buffer and who shares it; undefined while the tensor is only a number on the host, or a draw of rows. */
  storage: Storage | undefined;
  /** The number of a tensor with one element that the host knows: it needs no upload and goes into kernels as it is. */
  readonly constant: number | undefined;
  /** How the numbers come about where they are rows drawn at random: a kernel may draw them itself. */
  readonly draw: DeviceRowDraw | undefined;
  /** Identifies the backend that made it. */
  readonly owner: Owner;
  disposed: boolean;
}

/** Makes, shares, frees and reads tensors. */
export interface TensorStore {
  readonly runtime: Runtime;
  isTensor(value: unknown): value is WebgpuTensor;
  /** A tensor for a kernel to write. */
  make(shape: Shape, owner: string): WebgpuTensor;
  /** A tensor with one element, known on the host. */
  constant(value: number, shape: Shape): WebgpuTensor;
  /** Rows drawn at random, as far as a kernel asks for them. */
  drawRows(draw: RowDraw): WebgpuTensor;
  fromHost(tensor: HostTensor): WebgpuTensor;
  /** Another view of the same numbers. */
  share(x: WebgpuTensor, shape: Shape): WebgpuTensor;
  borrow(buffer: GPUBuffer, shape: Shape): WebgpuTensor;
  /** The tensor's memory, made at first use of a constant or a draw. Refuses tensors that are freed or not this backend's. */
  storageOf(x: WebgpuTensor, operation: string): Storage;
  /** Refuses a tensor that is freed or another backend's, by the names of the caller's member and argument. */
  check(x: WebgpuTensor, operation: string, argument?: string): void;
  shapeOf(x: WebgpuTensor): Shape;
  isDisposed(x: WebgpuTensor): boolean;
  read(x: WebgpuTensor, copy: (x: WebgpuTensor) => WebgpuTensor): Promise<HostTensor>;
  scope<Result>(compute: () => Result): Result;
  dispose(x: WebgpuTensor): void;
  count(): number;
  /** Frees memory that no tensor uses. */
  clear(): void;
}

/** The tensors of one backend. */
export function createTensorStore(runtime: Runtime): TensorStore {
  const owner: Owner = { backend: 'webgpuBackend' };
  const readStorage = createReader(runtime);
  const rowDraws = createRowDraws(runtime);
  const scopes: Set<WebgpuTensor>[] = [];
  let alive = 0;

  const register = (
    shape: Shape,
    storage: Storage | undefined,
    { constant, draw }: Partial<Pick<WebgpuTensor, 'constant' | 'draw'>> = {},
  ): WebgpuTensor => {
    const made: WebgpuTensor = { shape: [...shape], storage, constant, draw, owner, disposed: false };
    // Printing or comparing a tensor must not walk into the device.
    Object.defineProperty(made, 'owner', { enumerable: false });
    alive++;
    scopes.at(-1)?.add(made);
    return made;
  };

  const isTensor = (value: unknown): value is WebgpuTensor =>
    typeof value === 'object' && value !== null && (value as Partial<WebgpuTensor>).owner === owner;

  /** The tensor, if it is this backend's. */
  const own = (x: WebgpuTensor, operation: string, argument = 'tensor'): WebgpuTensor => {
    if (isTensor(x)) return x;
    throw foreignError(owner, operation, argument, x);
  };

  const check = (x: WebgpuTensor, operation: string, argument = 'tensor'): void => {
    if (own(x, operation, argument).disposed) throw disposedError(`${owner.backend}.${operation}`, argument);
  };

  const storageOf = (x: WebgpuTensor, operation: string): Storage => {
    check(x, operation);
    x.storage ??= x.draw ? rowDraws.write(x.draw) : runtime.upload(Float32Array.of(x.constant!), operation);
    return x.storage;
  };

  const free = (x: WebgpuTensor): void => {
    if (x.disposed) return;
    x.disposed = true;
    alive--;
    for (const scope of scopes) scope.delete(x);
    if (x.storage) runtime.release(x.storage);
    if (x.draw) rowDraws.release(x.draw);
  };

  return {
    runtime,
    isTensor,
    check,
    storageOf,
    shapeOf: (x) => own(x, 'shapeOf').shape,
    isDisposed: (x) => own(x, 'isDisposed').disposed,
    dispose: (x) => free(own(x, 'dispose')),
    count: () => alive,
    clear() {
      rowDraws.clear();
      runtime.clear();
    },

    make: (shape, operation) => register(shape, runtime.allocate(shape, operation)),
    constant: (value, shape) => register(shape, undefined, { constant: Math.fround(value) }),
    drawRows(draw) {
      const placed = rowDraws.place(draw);
      return register([placed.samples, placed.count], undefined, { draw: placed });
    },
    fromHost(host) {
      checkHostTensor('webgpuBackend.fromHost', host);
      const { data, shape } = host;
      if (data.length === 1) return register(shape, undefined, { constant: Math.fround(data[0]!) });
      const numbers =
        data instanceof Float32Array && data.buffer instanceof ArrayBuffer
          ? (data as Float32Array<ArrayBuffer>)
          : Float32Array.from(data);
      return register(shape, runtime.upload(numbers, 'fromHost'));
    },
    share(x, shape) {
      const { constant } = x;
      if (constant !== undefined && x.storage === undefined) return register(shape, undefined, { constant });
      const storage = storageOf(x, 'share');
      runtime.retain(storage);
      return register(shape, storage, { constant });
    },
    borrow(buffer, shape) {
      runtime.assertAlive();
      const where = 'webgpuBackend.fromBuffer';
      const bytes = 4 * checkExtents(where, shape);
      if (typeof buffer?.usage !== 'number') throw kindError(where, 'buffer', 'a GPUBuffer', buffer);
      if ((buffer.usage & BufferUse.storage) === 0) {
        throw kindError(where, 'buffer', 'made with GPUBufferUsage.STORAGE', `usage ${buffer.usage}`);
      }
      if (buffer.size < bytes || bytes === 0) {
        const expected = `of at least ${Math.max(4, bytes)} bytes for shape ${describeShape(shape)}`;
        throw rangeError(where, 'buffer', expected, buffer.size);
      }
      return register(shape, { buffer, bytes, owned: false, references: 1, writer: undefined });
    },

    async read(x, copy) {
      check(x, 'read');
      runtime.assertAlive();
      const { shape } = x;
      if (x.constant !== undefined) return { data: Float32Array.of(x.constant), shape };
      const storage = storageOf(x, 'read');
      if ((storage.buffer.usage & BufferUse.copySource) !== 0) {
        return { data: await readStorage(storage, sizeOf(shape)), shape };
      }
      const copied = copy(x);
      const data = readStorage(copied.storage!, sizeOf(shape));
      free(copied);
      return { data: await data, shape };
    },

    scope(compute) {
      const made = new Set<WebgpuTensor>();
      const depth = scopes.push(made);
      let kept = new Set<WebgpuTensor>();
      try {
        const result = compute();
        kept = tensorsIn(result, isTensor);
        return result;
      } finally {
        scopes.length = depth - 1;
        const outer = scopes.at(-1);
        for (const tensor of made) {
          if (!kept.has(tensor)) free(tensor);
          else outer?.add(tensor);
        }
      }
    },
  };
}
