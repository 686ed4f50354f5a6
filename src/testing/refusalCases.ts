/** Calls that make no sense: an error at the call, and nothing left behind. */
import type { Backend } from '../backend.ts';
import { tensor } from '../tensor.ts';
import { expectEqual } from './expectEqual.ts';
import { batched, type ConformanceCase, on, row, values } from './requirements.ts';

const wrongCalls: readonly (readonly [title: string, call: <T>(b: Backend<T>) => unknown])[] = [
  [
    'fromHost refuses more numbers than the shape asks for',
    (b) => b.fromHost({ data: new Float32Array(40), shape: [2] }),
  ],
  [
    'fromHost refuses fewer numbers than the shape asks for',
    (b) => b.fromHost({ data: new Float32Array(2), shape: [3] }),
  ],
  ['fromHost refuses negative extents', (b) => b.fromHost({ data: new Float32Array(6), shape: [-2, -3] })],
  ['scalar refuses what is no number', (b) => b.scalar('3' as never)],
  ['add refuses shapes that do not broadcast', (b) => b.add(on(b, row), on(b, tensor([1, 2])))],
  ['where refuses shapes that do not broadcast', (b) => b.where(on(b, row), on(b, values), on(b, tensor([1, 2])))],
  ['reshape refuses another number of elements', (b) => b.reshape(on(b, values), [2, 2])],
  ['reshape refuses negative extents', (b) => b.reshape(on(b, values), [-2, -3])],
  ['reshape refuses to guess an extent', (b) => b.reshape(on(b, values), [-1])],
  ['reshape refuses extents between whole numbers', (b) => b.reshape(on(b, values), [1.5, 4])],
  ['transpose refuses an axis that a single axis does not have', (b) => b.transpose(on(b, row), [1])],
  ['transpose refuses an axis named twice', (b) => b.transpose(on(b, values), [0, 0])],
  ['transpose refuses an axis named from both ends', (b) => b.transpose(on(b, values), [1, -1])],
  ['transpose refuses too few axes', (b) => b.transpose(on(b, batched), [0, 1])],
  ['transpose refuses too many axes', (b) => b.transpose(on(b, row), [0, 1])],
  ['transpose refuses axes between whole numbers', (b) => b.transpose(on(b, values), [0, 0.5])],
  ['transpose refuses a single axis without a permutation', (b) => b.transpose(on(b, row))],
  ['sum refuses an axis that is not there', (b) => b.sum(on(b, values), { axis: 2 })],
  ['sum refuses a negative axis that is not there', (b) => b.sum(on(b, values), { axis: -3 })],
  ['sum refuses an axis named twice', (b) => b.sum(on(b, values), { axis: [0, 0] })],
  ['sum refuses an axis named from both ends', (b) => b.sum(on(b, values), { axis: [0, -2] })],
  ['max refuses an axis that is not there', (b) => b.max(on(b, values), { axis: [0, 2] })],
  ['max refuses an axis named twice', (b) => b.max(on(b, values), { axis: [-1, 1] })],
  ['matMul refuses inner extents that differ', (b) => b.matMul(on(b, values), on(b, values))],
  [
    'matMul refuses leading axes that differ',
    (b) => b.matMul(on(b, tensor(new Float32Array(8), [2, 2, 2])), on(b, tensor(new Float32Array(4), [1, 2, 2]))),
  ],
  [
    'matMul refuses matrices beside a single one',
    (b) => b.matMul(on(b, batched), on(b, tensor(new Float32Array(4), [4, 1]))),
  ],
  ['matMul refuses a list', (b) => b.matMul(on(b, values), on(b, row))],
  ['oneHot refuses a depth of 0', (b) => b.oneHot(on(b, row), 0)],
  ['oneHot refuses a negative depth', (b) => b.oneHot(on(b, row), -1)],
  ['oneHot refuses a depth between whole numbers', (b) => b.oneHot(on(b, row), 1.5)],
  ['gather refuses a table without rows to name', (b) => b.gather(b.scalar(1), on(b, tensor([0])))],
  [
    'replaceRows refuses a place that is no row, where the backend has it',
    (b) => required(b.replaceRows)(on(b, values), [2], on(b, tensor([[7, 8, 9]]))),
  ],
  [
    'replaceRows refuses a row replaced twice, where the backend has it',
    (b) => required(b.replaceRows)(on(b, values), [1, 1], on(b, values)),
  ],
  [
    'replaceRows refuses rows of another width, where the backend has it',
    (b) => required(b.replaceRows)(on(b, values), [1], on(b, tensor([[7, 8]]))),
  ],
  [
    'squaredDistances refuses what is no matrix, where the backend has it',
    (b) => required(b.squaredDistances)(on(b, batched)),
  ],
  ['argSort refuses a scalar, where the backend has it', (b) => required(b.argSort)(b.scalar(1))],
  [
    'takeAlong refuses indices for other rows, where the backend has it',
    (b) => required(b.takeAlong)(on(b, values), on(b, tensor([[0], [1], [2]]))),
  ],
  [
    'takeAlong refuses one list of indices for all rows, where the backend has it',
    (b) => required(b.takeAlong)(on(b, values), on(b, row)),
  ],
  [
    'scatterAlong refuses updates of another shape, where the backend has it',
    (b) => required(b.scatterAlong)(on(b, values), on(b, row), 3),
  ],
  [
    'scatterAlong refuses a size of 0, where the backend has it',
    (b) => required(b.scatterAlong)(on(b, values), on(b, values), 0),
  ],
  [
    'scatterAlong refuses a size between whole numbers, where the backend has it',
    (b) => required(b.scatterAlong)(on(b, values), on(b, values), 2.5),
  ],
  [
    'rowsInParts refuses more rows than its shape has, where the backend has it',
    (b) => required(b.rowsInParts)([1, 3]).write(on(b, values)),
  ],
  [
    'rowsInParts refuses rows of another width, where the backend has it',
    (b) => required(b.rowsInParts)([2, 2]).write(on(b, values)),
  ],
  [
    'rowsInParts refuses to end before all rows are written, where the backend has it',
    (b) => required(b.rowsInParts)([2, 3]).finish(),
  ],
  ['rowsInParts refuses negative extents, where the backend has it', (b) => required(b.rowsInParts)([-2, 3])],
];

/** What a backend may leave out; without it, the call is refused in its own way. */
function required<Member>(member: Member | undefined): Member {
  if (member === undefined) throw new Error('This backend has no such member.');
  return member;
}

/** The requirements on wrong calls, for one backend. */
export function refusalCases<T>(backend: Backend<T>): readonly ConformanceCase[] {
  const refused = wrongCalls.map(([title, call]) => ({
    title,
    check: async () => {
      const before = backend.tensorCount?.();
      expectRefusal(title, () => backend.scope(() => call(backend)));
      if (before !== undefined && backend.tensorCount!() !== before) {
        throw new Error(`${title}: must leave no tensor behind, got ${backend.tensorCount!() - before}.`);
      }
    },
  }));
  return [...refused, ...rowNumberCases(backend), ...freedCases(backend)];
}

function expectRefusal(title: string, call: () => unknown): void {
  try {
    call();
  } catch {
    return;
  }
  throw new Error(`${title}: must be an error at the call, got a result.`);
}

/** A device that cannot look at the numbers without waiting cannot refuse them: there NaN says that no row was meant. */
function rowNumberCases<T>(backend: Backend<T>): readonly ConformanceCase[] {
  return [-1, 2, 0.5, Number.NaN, -100, 1e9].map((index) => {
    const title = `gather refuses ${index} of two rows, or gives a row of NaN where tensors cannot be read at once`;
    const gather = (): T =>
      backend.scope(() => backend.gather(on(backend, values), on(backend, tensor([1, index, 0]))));
    return {
      title,
      check: async () => {
        if (backend.readSync) return expectRefusal(title, gather);
        const rows = gather();
        const expected = tensor([
          [0.5, 4, -1],
          [NaN, NaN, NaN],
          [1, -2, 3],
        ]);
        expectEqual(title, await backend.read(rows), backend.shapeOf(rows), expected);
        backend.dispose(rows);
      },
    };
  });
}

/** Only a backend that can tell frees anything that matters. */
function freedCases<T>(backend: Backend<T>): readonly ConformanceCase[] {
  const uses: readonly (readonly [string, (x: T) => unknown])[] = [
    ['add', (x) => backend.add(x, x)],
    ['exp', (x) => backend.exp(x)],
    ['sum', (x) => backend.sum(x)],
    ['reshape', (x) => backend.reshape(x, [3])],
    ['transpose', (x) => backend.transpose(x)],
    ['matMul', (x) => backend.matMul(x, x, { transposeB: true })],
    ['gather', (x) => backend.gather(x, x)],
  ];
  return [
    {
      title: 'a freed tensor is refused, where the backend can tell',
      check: async () => {
        if (!backend.isDisposed) return;
        for (const [name, use] of uses) {
          const x = on(backend, tensor([[0, 0, 0]]));
          backend.dispose(x);
          expectRefusal(`${name} of a freed tensor`, () => backend.scope(() => use(x)));
        }
        const x = on(backend, row);
        backend.dispose(x);
        let read: unknown;
        try {
          read = await backend.read(x);
        } catch {
          return;
        }
        throw new Error(`read of a freed tensor: must be an error, got ${String(read)}.`);
      },
    },
    {
      title: 'isDisposed tells a freed tensor from a live one, and freeing again does nothing',
      check: async () => {
        const [x, other] = [on(backend, row), on(backend, row)];
        const told = [backend.isDisposed?.(x)];
        backend.dispose(x);
        const before = backend.tensorCount?.();
        backend.dispose(x);
        told.push(backend.isDisposed?.(x));
        if (backend.isDisposed && (told[0] !== false || told[1] !== true)) {
          throw new Error(`isDisposed: must be false before and true after dispose, got ${told.join(' and ')}.`);
        }
        if (backend.tensorCount?.() !== before) throw new Error('dispose: must count a tensor once, got it twice.');
        expectEqual('another tensor', await backend.read(other), backend.shapeOf(other), row);
        backend.dispose(other);
      },
    },
  ];
}
