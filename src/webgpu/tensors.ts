/** The tensors of the `webgpu` backend, and how long they live. */
import type { RowDraw, Shape } from '../backend.ts';
import { describeShape, disposedError, kindError, rangeError } from '../check.ts';
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
  readonly owner: object;
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
  check(x: WebgpuTensor, operation: string): void;
  read(x: WebgpuTensor, copy: (x: WebgpuTensor) => WebgpuTensor): Promise<HostTensor>;
  scope<Result>(compute: () => Result): Result;
  dispose(x: WebgpuTensor): void;
  count(): number;
  /** Frees memory that no tensor uses. */
  clear(): void;
}

/** The tensors of one backend. */
export function createTensorStore(runtime: Runtime): TensorStore {
  const owner = {};
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

  const check = (x: WebgpuTensor, operation: string): void => {
    if (!isTensor(x)) throw kindError(operation, 'tensor', 'of this webgpu backend', x);
    if (x.disposed) throw disposedError(operation, 'tensor');
  };

  const storageOf = (x: WebgpuTensor, operation: string): Storage => {
    check(x, operation);
    x.storage ??= x.draw ? rowDraws.write(x.draw) : runtime.upload(Float32Array.of(x.constant!), operation);
    return x.storage;
  };

  const dispose = (x: WebgpuTensor): void => {
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
    dispose,
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
    fromHost({ data, shape }) {
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
      const bytes = 4 * sizeOf(shape);
      if ((buffer.usage & BufferUse.storage) === 0) {
        throw kindError('fromBuffer', 'buffer', 'made with GPUBufferUsage.STORAGE', `usage ${buffer.usage}`);
      }
      if (buffer.size < bytes || bytes === 0) {
        const expected = `of at least ${Math.max(4, bytes)} bytes for shape ${describeShape(shape)}`;
        throw rangeError('fromBuffer', 'buffer', expected, buffer.size);
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
      dispose(copied);
      return { data: await data, shape };
    },

    scope(compute) {
      const made = new Set<WebgpuTensor>();
      scopes.push(made);
      let result: ReturnType<typeof compute>;
      try {
        result = compute();
      } catch (error) {
        scopes.pop();
        for (const tensor of made) dispose(tensor);
        throw error;
      }
      scopes.pop();
      const kept = new Set<WebgpuTensor>();
      collect(result, isTensor, kept);
      const outer = scopes.at(-1);
      for (const tensor of made) {
        if (!kept.has(tensor)) dispose(tensor);
        else outer?.add(tensor);
      }
      return result;
    },
  };
}

/** The tensors that a value reaches through arrays and records. */
function collect(value: unknown, isTensor: (value: unknown) => value is WebgpuTensor, found: Set<WebgpuTensor>): void {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return;
  if (isTensor(value)) {
    found.add(value);
    return;
  }
  for (const part of Array.isArray(value) ? value : Object.values(value)) collect(part, isTensor, found);
}
