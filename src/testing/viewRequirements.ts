/**
 * Every operation on a transposed tensor: a backend that transposes without moving anything must read what it returns in
 * its new order everywhere. What must come are the reference's numbers for a tensor that was written in that order.
 */
import type { Backend } from '../backend.ts';
import { cpuBackend } from '../cpu/index.ts';
import { argSort } from '../ops/argSort.ts';
import { foldRows } from '../ops/foldRows.ts';
import { logSoftmax } from '../ops/logSoftmax.ts';
import { replaceRows } from '../ops/replaceRows.ts';
import { scatterAlong } from '../ops/scatterAlong.ts';
import { squaredDistances } from '../ops/squaredDistances.ts';
import { takeAlong } from '../ops/takeAlong.ts';
import { type HostTensor, tensor } from '../tensor.ts';
import { on, type Requirement, row } from './requirements.ts';

// Whole numbers, so that they serve as indices too; [3, 2] once transposed.
const before = tensor([
  [1, 0, 2],
  [0, 2, 1],
]);
const after = tensor([
  [1, 0],
  [0, 2],
  [2, 1],
]);
const table = tensor([
  [1, -2, 3],
  [0.5, 4, -1],
  [7, 8, 9],
]);

const uses: readonly (readonly [what: string, compute: <T>(b: Backend<T>, x: T) => T])[] = [
  ['read', (_, x) => x],
  ['add', (b, x) => b.add(x, on(b, after))],
  ['add, broadcasting', (b, x) => b.add(x, on(b, tensor([10, 20])))],
  ['subtract, as the right side', (b, x) => b.subtract(on(b, after), x)],
  ['multiply', (b, x) => b.multiply(x, x)],
  ['divide', (b, x) => b.divide(x, on(b, tensor([[2], [4], [8]])))],
  ['maximum', (b, x) => b.maximum(x, b.scalar(1))],
  ['greater', (b, x) => b.greater(x, b.scalar(0))],
  ['where, as the condition', (b, x) => b.where(x, b.scalar(5), b.scalar(6))],
  ['where, as a choice', (b, x) => b.where(b.scalar(1), x, b.scalar(6))],
  ['where, as the other choice', (b, x) => b.where(b.scalar(0), b.scalar(6), x)],
  ['exp', (b, x) => b.exp(x)],
  ['log', (b, x) => b.log(x)],
  ['sqrt', (b, x) => b.sqrt(x)],
  ['abs', (b, x) => b.abs(x)],
  ['sum over the last axis', (b, x) => b.sum(x, { axis: -1 })],
  ['sum over the first axis', (b, x) => b.sum(x, { axis: 0 })],
  ['max over the last axis', (b, x) => b.max(x, { axis: -1 })],
  ['argMax', (b, x) => b.argMax(x)],
  ['reshape', (b, x) => b.reshape(x, [6])],
  ['transpose', (b, x) => b.transpose(x)],
  ['matMul, on the left', (b, x) => b.matMul(x, on(b, before))],
  ['matMul, on the right', (b, x) => b.matMul(on(b, before), x)],
  ['matMul, on both sides, transposed again', (b, x) => b.matMul(x, x, { transposeA: true })],
  ['oneHot', (b, x) => b.oneHot(x, 3)],
  ['gather, as the table', (b, x) => b.gather(x, on(b, tensor([2, 0])))],
  ['gather, as the indices', (b, x) => b.gather(on(b, table), x)],
  ['replaceRows', (b, x) => replaceRows(b, x, [1], on(b, tensor([[8, 9]])))],
  [
    'replaceRows, as the replacement',
    (b, x) =>
      replaceRows(
        b,
        on(
          b,
          tensor([
            [1, 2],
            [3, 4],
            [5, 6],
          ]),
        ),
        [2, 0, 1],
        x,
      ),
  ],
  ['logSoftmax', (b, x) => logSoftmax(b, x)],
  ['squaredDistances', (b, x) => squaredDistances(b, x)],
  ['argSort', (b, x) => argSort(b, x)],
  ['takeAlong, as the table', (b, x) => takeAlong(b, x, on(b, tensor([[1], [0], [1]])))],
  ['takeAlong, as the indices', (b, x) => takeAlong(b, on(b, table), x)],
  ['scatterAlong, as the indices', (b, x) => scatterAlong(b, x, on(b, after), 3)],
  ['scatterAlong, as the updates', (b, x) => scatterAlong(b, on(b, after), x, 3)],
  [
    'rowsInParts',
    (b, x) => foldRows(b, [[3, 2]], 1, [], () => ({ rows: [b.transpose(b.transpose(x))], carried: [] })).rows[0]!,
  ],
];

function expectedOf<T>(oracle: Backend<T> & { readSync: (x: T) => HostTensor }, compute: (x: T) => T): HostTensor {
  return oracle.readSync(compute(oracle.fromHost(after)));
}

/** The requirements; made when asked for, since the reference computes them. */
export function viewRequirements(): readonly Requirement[] {
  const oracle = cpuBackend({ precision: 'float64' });
  const onTransposed = uses.map(
    ([what, compute]): Requirement => [
      `${what}: of a transposed tensor`,
      (b) => compute(b, b.transpose(on(b, before))),
      expectedOf(oracle, (x) => compute(oracle, x)),
    ],
  );
  return [
    ...onTransposed,
    [
      'what was transposed is still what it was',
      (b) => {
        const x = on(b, before);
        return b.add(x, b.reshape(b.transpose(b.transpose(x)), [2, 3]));
      },
      tensor([
        [2, 0, 4],
        [0, 4, 2],
      ]),
    ],
    [
      'a part of a transposed tensor is in its new order too',
      (b) => b.multiply(b.gather(b.transpose(on(b, before)), b.scalar(2)), b.sum(on(b, row))),
      tensor([120, 60]),
    ],
  ];
}
