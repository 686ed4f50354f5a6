/** The suite that a backend must pass: each member of the contract, on ordinary and on awkward input. */
import type { Backend } from '../backend.ts';
import { type HostTensor, tensor } from '../tensor.ts';

/** One requirement of the contract. */
export interface ConformanceCase {
  /** A sentence that holds for a conforming backend. */
  readonly title: string;
  /** Throws when it does not. */
  readonly check: () => Promise<void>;
}

type Expected = HostTensor;
type Compute = <T>(backend: Backend<T>) => T;

const values = tensor([
  [1, -2, 3],
  [0.5, 4, -1],
]);
const row = tensor([10, 20, 30]);
const column = tensor([[1], [2]]);
const batched = tensor(
  Float32Array.from({ length: 24 }, (_, index) => index - 11),
  [2, 3, 4],
);
const on = <T>(backend: Backend<T>, host: HostTensor): T => backend.fromHost(host);

const requirements: readonly (readonly [title: string, compute: Compute, expected: Expected])[] = [
  ['fromHost and read return what was put in', (b) => on(b, values), values],
  ['scalar has no axes', (b) => b.scalar(2.5), tensor(2.5)],
  ['integers come back whole', (b) => on(b, tensor(Int32Array.of(7, -3, 100000))), tensor([7, -3, 100000])],
  [
    'add broadcasts a row',
    (b) => b.add(on(b, values), on(b, row)),
    tensor([
      [11, 18, 33],
      [10.5, 24, 29],
    ]),
  ],
  [
    'add broadcasts a column',
    (b) => b.add(on(b, values), on(b, column)),
    tensor([
      [2, -1, 4],
      [2.5, 6, 1],
    ]),
  ],
  [
    'subtract broadcasts a scalar on the left',
    (b) => b.subtract(b.scalar(1), on(b, values)),
    tensor([
      [0, 3, -2],
      [0.5, -3, 2],
    ]),
  ],
  [
    'multiply broadcasts a row with a column',
    (b) => b.multiply(on(b, row), on(b, column)),
    tensor([
      [10, 20, 30],
      [20, 40, 60],
    ]),
  ],
  [
    'divide follows IEEE: 1/0 is Infinity',
    (b) => b.divide(on(b, tensor([1, -1, 0.5])), on(b, tensor([0, 0, 2]))),
    tensor([Infinity, -Infinity, 0.25]),
  ],
  ['divide gives NaN for 0/0', (b) => b.divide(b.scalar(0), b.scalar(0)), tensor(NaN)],
  [
    'maximum is element-wise',
    (b) => b.maximum(on(b, values), b.scalar(0)),
    tensor([
      [1, 0, 3],
      [0.5, 4, 0],
    ]),
  ],
  ['greater is strict and gives 1 or 0', (b) => b.greater(on(b, tensor([1, 2, 3])), b.scalar(2)), tensor([0, 0, 1])],
  [
    'greater is 0 for NaN on either side',
    (b) => b.greater(on(b, tensor([NaN, 1])), on(b, tensor([1, NaN]))),
    tensor([0, 0]),
  ],
  [
    'greater compares infinities',
    (b) => b.greater(on(b, tensor([-Infinity, Infinity, 0])), on(b, tensor([0, 0, -Infinity]))),
    tensor([0, 1, 1]),
  ],
  [
    'where chooses and broadcasts',
    (b) =>
      b.where(
        on(
          b,
          tensor([
            [1, 0, 1],
            [0, 1, 0],
          ]),
        ),
        on(b, row),
        b.scalar(-1),
      ),
    tensor([
      [10, -1, 30],
      [-1, 20, -1],
    ]),
  ],
  [
    "where does not let the other side's NaN through",
    (b) => b.where(on(b, tensor([1, 0])), on(b, tensor([5, NaN])), on(b, tensor([NaN, 6]))),
    tensor([5, 6]),
  ],
  [
    'where takes any number but 0 as true',
    (b) => b.where(on(b, tensor([0.25, -3, 0])), b.scalar(1), b.scalar(2)),
    tensor([1, 1, 2]),
  ],
  [
    'exp of −Infinity is 0 and of a large number Infinity',
    (b) => b.exp(on(b, tensor([-Infinity, 0, 1, 1e4]))),
    tensor([0, 1, Math.E, Infinity]),
  ],
  [
    'log of 0 is −Infinity and of a negative number NaN',
    (b) => b.log(on(b, tensor([0, 1, Math.E, -1]))),
    tensor([-Infinity, 0, 1, NaN]),
  ],
  ['sqrt of 0 is 0', (b) => b.sqrt(on(b, tensor([0, 4, 2]))), tensor([0, 2, Math.SQRT2])],
  ['abs keeps Infinity', (b) => b.abs(on(b, tensor([-1, 2, -Infinity]))), tensor([1, 2, Infinity])],
  ['sum over everything', (b) => b.sum(on(b, values)), tensor(5.5)],
  ['sum over the last axis', (b) => b.sum(on(b, values), { axis: -1 }), tensor([2, 3.5])],
  ['sum over the first axis, kept', (b) => b.sum(on(b, values), { axis: 0, keepDims: true }), tensor([[1.5, 2, 2]])],
  [
    'sum over a middle axis',
    (b) => b.sum(on(b, batched), { axis: 1 }),
    tensor([
      [-21, -18, -15, -12],
      [15, 18, 21, 24],
    ]),
  ],
  ['sum over axes that are not adjacent', (b) => b.sum(on(b, batched), { axis: [0, 2] }), tensor([-28, 4, 36])],
  ['max over the last axis, kept', (b) => b.max(on(b, values), { axis: -1, keepDims: true }), tensor([[3], [4]])],
  [
    'max of −Infinity alone is −Infinity',
    (b) => b.max(on(b, tensor([[-Infinity, -Infinity]])), { axis: -1 }),
    tensor([-Infinity]),
  ],
  [
    'argMax takes the first of equal elements',
    (b) =>
      b.argMax(
        on(
          b,
          tensor([
            [1, 3, 3],
            [2, 2, 1],
            [-5, -6, -4],
          ]),
        ),
      ),
    tensor([1, 0, 2]),
  ],
  ['argMax takes −Infinity rows at 0', (b) => b.argMax(on(b, tensor([[-Infinity, -Infinity, -1]]))), tensor([2])],
  [
    'reshape keeps the order',
    (b) => b.reshape(on(b, values), [3, 2]),
    tensor([
      [1, -2],
      [3, 0.5],
      [4, -1],
    ]),
  ],
  [
    'transpose swaps the last two axes',
    (b) => b.transpose(on(b, values)),
    tensor([
      [1, 0.5],
      [-2, 4],
      [3, -1],
    ]),
  ],
  [
    'transpose permutes',
    (b) => b.reshape(b.transpose(on(b, batched), [2, 0, 1]), [4, 6]),
    tensor([
      [-11, -7, -3, 1, 5, 9],
      [-10, -6, -2, 2, 6, 10],
      [-9, -5, -1, 3, 7, 11],
      [-8, -4, 0, 4, 8, 12],
    ]),
  ],
  [
    'matMul multiplies',
    (b) =>
      b.matMul(
        on(b, values),
        on(
          b,
          tensor([
            [1, 2],
            [3, 4],
            [5, 6],
          ]),
        ),
      ),
    tensor([
      [10, 12],
      [7.5, 11],
    ]),
  ],
  [
    'matMul transposes the left side',
    (b) => b.matMul(on(b, values), on(b, column), { transposeA: true }),
    tensor([[2], [6], [1]]),
  ],
  [
    'matMul transposes the right side',
    (b) => b.matMul(on(b, values), on(b, values), { transposeB: true }),
    tensor([
      [14, -10.5],
      [-10.5, 17.25],
    ]),
  ],
  [
    'matMul transposes both sides',
    (b) =>
      b.matMul(
        on(b, values),
        on(
          b,
          tensor([
            [1, 2],
            [2, 3],
            [3, 4],
          ]),
        ),
        { transposeA: true, transposeB: true },
      ),
    tensor([
      [2.0, 3.5, 5.0],
      [6, 8, 10],
      [1, 3, 5],
    ]),
  ],
  [
    'matMul runs over leading axes',
    (b) =>
      b.matMul(
        on(b, batched),
        on(
          b,
          tensor(
            Float32Array.from({ length: 8 }, () => 1),
            [2, 4, 1],
          ),
        ),
      ),
    tensor([
      [[-38], [-22], [-6]],
      [[10], [26], [42]],
    ]),
  ],
  [
    'oneHot marks the index',
    (b) => b.oneHot(on(b, tensor(Int32Array.of(2, 0))), 3),
    tensor([
      [0, 0, 1],
      [1, 0, 0],
    ]),
  ],
  [
    'oneHot gives zeros for an index outside',
    (b) => b.oneHot(on(b, tensor(Int32Array.of(-100, 3))), 3),
    tensor([
      [0, 0, 0],
      [0, 0, 0],
    ]),
  ],
  ['oneHot keeps leading axes', (b) => b.oneHot(on(b, tensor([[1], [0]])), 2), tensor([[[0, 1]], [[1, 0]]])],
  [
    'gather picks rows, repeats allowed',
    (b) => b.gather(on(b, values), on(b, tensor(Int32Array.of(1, 1, 0)))),
    tensor([
      [0.5, 4, -1],
      [0.5, 4, -1],
      [1, -2, 3],
    ]),
  ],
  [
    'gather takes the shape of its indices',
    (b) =>
      b.gather(
        on(b, row),
        on(
          b,
          tensor([
            [2, 0],
            [1, 1],
          ]),
        ),
      ),
    tensor([
      [30, 10],
      [20, 20],
    ]),
  ],
];

/**
 * The contract's requirements one by one, for a test runner: `it(title, check)` for each.
 *
 * @example
 * for (const { title, check } of conformanceCases(myBackend)) it(title, check);
 */
export function conformanceCases<T>(backend: Backend<T>): readonly ConformanceCase[] {
  const computed = requirements.map(([title, compute, expected]) => ({
    title,
    check: async () => {
      const result = backend.scope(() => compute(backend));
      const shape = backend.shapeOf(result);
      const got = await backend.read(result);
      backend.dispose(result);
      expectEqual(title, got, shape, expected);
    },
  }));
  return [...computed, ...lifetimeCases(backend)];
}

function lifetimeCases<T>(backend: Backend<T>): readonly ConformanceCase[] {
  const { tensorCount } = backend;
  return [
    {
      title: 'arguments are borrowed: operations leave them as they were',
      check: async () => {
        const x = backend.fromHost(tensor([1, 2, 3]));
        const sum = backend.scope(() => backend.add(x, backend.exp(x)));
        expectEqual('x after use', await backend.read(x), backend.shapeOf(x), tensor([1, 2, 3]));
        backend.dispose(sum);
        backend.dispose(x);
      },
    },
    {
      title: 'isTensor knows its own tensors from plain values',
      check: async () => {
        const x = backend.scalar(1);
        if (!backend.isTensor(x)) throw new Error('isTensor: must be true for a tensor of the backend, got false.');
        for (const other of [1, 'x', null, undefined, [1], { a: 1 }]) {
          if (backend.isTensor(other)) throw new Error(`isTensor: must be false for ${String(other)}, got true.`);
        }
        backend.dispose(x);
      },
    },
    {
      title: 'scope keeps what its result reaches through arrays and records, and frees the rest',
      check: async () => {
        const before = tensorCount?.();
        const kept = backend.scope(() => {
          const x = backend.fromHost(tensor([1, 2]));
          const dropped = backend.exp(x);
          return { list: [backend.add(x, dropped)], nested: { x } };
        });
        const x = await backend.read(kept.nested.x);
        expectEqual('a tensor kept by scope', x, backend.shapeOf(kept.nested.x), tensor([1, 2]));
        const sum = await backend.read(kept.list[0]!);
        expectEqual('a tensor kept by scope', sum, [2], tensor([1 + Math.E, 2 + Math.exp(2)]));
        if (before !== undefined && tensorCount!() !== before + 2) {
          throw new Error(`scope: must leave 2 tensors alive, got ${tensorCount!() - before}.`);
        }
        backend.dispose(kept.list[0]!);
        backend.dispose(kept.nested.x);
      },
    },
    {
      title: 'scopes nest, and an error inside frees what was made',
      check: async () => {
        const before = tensorCount?.();
        const kept = backend.scope(() => {
          const inner = backend.scope(() => backend.exp(backend.scalar(0)));
          return backend.add(inner, inner);
        });
        expectEqual('a nested scope', await backend.read(kept), [], tensor(2));
        backend.dispose(kept);
        let thrown = false;
        try {
          backend.scope(() => {
            backend.scalar(1);
            throw new Error('inside');
          });
        } catch {
          thrown = true;
        }
        if (!thrown) throw new Error('scope: must pass on an error from inside, got none.');
        if (before !== undefined && tensorCount!() !== before) {
          throw new Error(`scope: must leave no tensor alive after an error, got ${tensorCount!() - before}.`);
        }
      },
    },
    {
      title: 'what readSync returns equals what read returns',
      check: async () => {
        const x = backend.fromHost(tensor([1.5, -2]));
        if (backend.readSync) {
          expectEqual('readSync', backend.readSync(x), backend.shapeOf(x), await backend.read(x));
        }
        backend.dispose(x);
      },
    },
  ];
}

function expectEqual(title: string, got: HostTensor, shape: readonly number[], expected: HostTensor): void {
  const gotText = `shape [${shape.join(', ')}], data [${Array.from(got.data).join(', ')}]`;
  const expectedText = `shape [${expected.shape.join(', ')}], data [${Array.from(expected.data).join(', ')}]`;
  const sameShape = shape.length === expected.shape.length && shape.every((n, axis) => n === expected.shape[axis]);
  const sameData =
    got.data.length === expected.data.length &&
    Array.from(got.data).every((value, index) => close(value, expected.data[index]!));
  if (!sameShape || !sameData) throw new Error(`${title}: must be ${expectedText}, got ${gotText}.`);
}

/** Within four float32 roundings, or the same special value. */
function close(value: number, expected: number): boolean {
  if (Number.isNaN(expected)) return Number.isNaN(value);
  if (!Number.isFinite(expected)) return value === expected;
  return Math.abs(value - expected) <= 4 * 2 ** -23 * Math.max(1, Math.abs(expected));
}

/** What `backendConformance` found. */
export interface ConformanceReport {
  /** The titles of the requirements that hold. */
  readonly passed: readonly string[];
}

/**
 * Runs the whole suite on a backend.
 *
 * @returns The titles of all requirements when every one of them holds.
 * @throws Error that lists each requirement that does not hold, with what was expected and what came.
 * @example
 * it('conforms', () => backendConformance(myBackend));
 */
export async function backendConformance<T>(backend: Backend<T>): Promise<ConformanceReport> {
  const passed: string[] = [];
  const failed: string[] = [];
  for (const { title, check } of conformanceCases(backend)) {
    try {
      await check();
      passed.push(title);
    } catch (error) {
      failed.push(error instanceof Error ? error.message : String(error));
    }
  }
  if (failed.length > 0) {
    throw new Error(
      `backendConformance: ${backend.name} fails ${failed.length} of ${passed.length + failed.length} requirements:\n` +
        failed.map((line) => `- ${line}`).join('\n'),
    );
  }
  return { passed };
}
