/** What the contract says of lifetimes: arguments are borrowed, storage may be shared, and reading leaves nothing behind. */
import type { Backend, RowsInParts } from '../backend.ts';
import { logSoftmax } from '../ops/logSoftmax.ts';
import { type HostTensor, tensor } from '../tensor.ts';
import { expectations, numbers } from './expectations.ts';
import { expectEqual } from './expectEqual.ts';
import { type ConformanceCase, on, values } from './requirements.ts';

/** Every member that makes a tensor of tensors. */
const members: readonly (readonly [name: string, make: <T>(b: Backend<T>, x: T, y: T) => T])[] = [
  ['add', (b, x, y) => b.add(x, y)],
  ['subtract', (b, x, y) => b.subtract(x, y)],
  ['multiply', (b, x, y) => b.multiply(x, y)],
  ['divide', (b, x, y) => b.divide(x, y)],
  ['maximum', (b, x, y) => b.maximum(x, y)],
  ['greater', (b, x, y) => b.greater(x, y)],
  ['where', (b, x, y) => b.where(x, y, x)],
  ['exp', (b, x) => b.exp(x)],
  ['log', (b, x) => b.log(x)],
  ['sqrt', (b, x) => b.sqrt(x)],
  ['abs', (b, x) => b.abs(x)],
  ['sum', (b, x) => b.sum(x, { axis: [0] })],
  ['sum over everything', (b, x) => b.sum(x)],
  ['sum over no axis', (b, x) => b.sum(x, { axis: [] })],
  ['max', (b, x) => b.max(x, { axis: 0, keepDims: true })],
  ['argMax', (b, x) => b.argMax(x)],
  ['reshape', (b, x) => b.reshape(x, [4])],
  ['reshape to the same shape', (b, x) => b.reshape(x, [2, 2])],
  ['transpose', (b, x) => b.transpose(x)],
  ['matMul', (b, x, y) => b.matMul(x, y, { transposeA: true })],
  ['oneHot', (b, x) => b.oneHot(x, 2)],
  ['gather', (b, x, y) => b.gather(x, y)],
  ['logSoftmax', (b, x) => (b.logSoftmax ? b.logSoftmax(x) : b.scope(() => logSoftmax(b, x)))],
  ['replaceRows', (b, x, y) => (b.replaceRows ? b.replaceRows(x, [1, 0], y) : b.add(x, y))],
  ['squaredDistances', (b, x) => (b.squaredDistances ? b.squaredDistances(x) : b.abs(x))],
  ['argSort', (b, x) => (b.argSort ? b.argSort(x) : b.abs(x))],
  ['takeAlong', (b, x, y) => (b.takeAlong ? b.takeAlong(x, y) : b.add(x, y))],
  ['scatterAlong', (b, x, y) => (b.scatterAlong ? b.scatterAlong(x, y, 3) : b.add(x, y))],
  ['rowsInParts', (b, x) => (b.rowsInParts ? written(b.rowsInParts([2, 2]), x) : b.abs(x))],
];

function written<T>(parts: RowsInParts<T>, rows: T): T {
  parts.write(rows);
  return parts.finish();
}

/** The requirements on lifetimes, for one backend. */
export function lifetimeCases<T>(backend: Backend<T>): readonly ConformanceCase[] {
  const { count, expectCount, expectRead } = expectations(backend);

  return [
    {
      title: 'arguments are borrowed: operations leave them as they were',
      check: async () => {
        for (const [name, make] of members) {
          const [x, y] = [on(backend, numbers), on(backend, numbers)];
          const made = backend.scope(() => make(backend, x, y));
          await expectRead(`the first argument of ${name}`, x, numbers);
          await expectRead(`the second argument of ${name}`, y, numbers);
          for (const each of [made, x, y]) backend.dispose(each);
        }
      },
    },
    {
      title: 'an operation makes one tensor, and leaves nothing else behind',
      check: async () => {
        const [x, y] = [on(backend, numbers), on(backend, numbers)];
        for (const [name, make] of members) {
          const before = count();
          const made = make(backend, x, y);
          expectCount(name, before + 1);
          backend.dispose(made);
          expectCount(`${name}, disposed`, before);
        }
        const before = count();
        await backend.read(x);
        backend.shapeOf(x);
        expectCount('read', before);
        for (const each of [x, y]) backend.dispose(each);
      },
    },
    {
      title: 'a result and its arguments are freed independently, whatever they share',
      check: async () => {
        for (const [name, make] of members) {
          const [x, y] = [on(backend, numbers), on(backend, numbers)];
          const twin = make(backend, x, y);
          const twinNumbers = copyOf(await backend.read(twin));
          const gone = make(backend, x, y);
          backend.dispose(gone);
          await expectRead(`an argument of ${name} after its result is freed`, x, numbers);
          for (const each of [x, y]) backend.dispose(each);
          // Whatever was freed may be written to now.
          const others = [7, 8, 9].map((value) =>
            on(
              backend,
              tensor([
                [value, value],
                [value, value],
              ]),
            ),
          );
          await expectRead(`the result of ${name} after its arguments are freed`, twin, twinNumbers);
          for (const each of [twin, ...others]) backend.dispose(each);
        }
      },
    },
    {
      title: 'what was read stays as it was read',
      check: async () => {
        const x = on(backend, values);
        const read = await backend.read(x);
        backend.dispose(x);
        const other = backend.scope(() => backend.add(on(backend, values), backend.scalar(1)));
        expectEqual('numbers read before dispose', read, read.shape, values);
        backend.dispose(other);
      },
    },
    {
      title: 'a shape is the tensor’s own: the caller may change the list',
      check: async () => {
        const shape = [2, 3];
        const x = backend.fromHost({ data: Float32Array.from(values.data), shape });
        const flat = [6];
        const y = backend.reshape(x, flat);
        shape.push(7);
        flat[0] = 5;
        await expectRead('a tensor after its list of extents changed', x, values);
        await expectRead('a reshaped tensor after its list of extents changed', y, tensor(values.data));
        for (const each of [x, y]) backend.dispose(each);
      },
    },
    {
      title: 'isTensor knows its own tensors from plain values',
      check: async () => {
        const x = backend.scalar(1);
        if (!backend.isTensor(x)) throw new Error('isTensor: must be true for a tensor of the backend, got false.');
        for (const other of [1, 'x', null, undefined, [1], { a: 1 }, { shape: [2] }, new Float32Array(2)]) {
          if (backend.isTensor(other)) throw new Error(`isTensor: must be false for ${String(other)}, got true.`);
        }
        backend.dispose(x);
      },
    },
    {
      title: 'isTensor takes a host tensor for its own only where every member does',
      check: async () => {
        for (const data of [Float32Array.of(1, 2), Float64Array.of(1, 2), Int32Array.of(1, 2)]) {
          const host: unknown = { data, shape: [2] };
          if (!backend.isTensor(host)) continue;
          const sum = backend.add(host, backend.scalar(1));
          await expectRead('a host tensor that isTensor is true for', host, tensor([1, 2]));
          await expectRead('what was computed of it', sum, tensor([2, 3]));
        }
      },
    },
    {
      title: 'what readSync returns equals what read returns',
      check: async () => {
        const x = backend.transpose(on(backend, values));
        if (backend.readSync) {
          const read = await backend.read(x);
          expectEqual('readSync', backend.readSync(x), backend.readSync(x).shape, read);
        }
        backend.dispose(x);
      },
    },
    {
      title: 'many reads at once bring each its own numbers',
      check: async () => {
        const all = Array.from({ length: 9 }, (_, at) => backend.scope(() => backend.exp(backend.scalar(-at))));
        const read = await Promise.all(all.map((x) => backend.read(x)));
        read.forEach((host, at) => {
          expectEqual(`read ${at}`, host, host.shape, tensor(Math.exp(-at)));
        });
        for (const each of all) backend.dispose(each);
      },
    },
  ];
}

function copyOf({ data, shape }: HostTensor): HostTensor {
  return { data: data.slice(), shape: [...shape] };
}
