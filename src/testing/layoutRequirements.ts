/** Reductions, layout, matrix products and indexing. */
import { drawRows } from '../ops/drawRows.ts';
import { logSoftmax } from '../ops/logSoftmax.ts';
import { replaceRows } from '../ops/replaceRows.ts';
import { squaredDistances } from '../ops/squaredDistances.ts';
import { tensor } from '../tensor.ts';
import { batched, column, on, type Requirement, row, values } from './requirements.ts';

/** Of two samples: one interval; two of them. */
const skips = Int32Array.of(1, 3, 7, 0, 0, 1, 4, 2);

export const layoutRequirements: readonly Requirement[] = [
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
  ['oneHot takes a single class', (b) => b.oneHot(on(b, tensor(Int32Array.of(0, 1))), 1), tensor([[1], [0]])],
  [
    'replaceRows gives a copy with some rows replaced, where the backend has it',
    (b) => replaceRows(b, on(b, values), [1], on(b, tensor([[7, 8, 9]]))),
    tensor([
      [1, -2, 3],
      [7, 8, 9],
    ]),
  ],
  [
    // By a program in Python with whole numbers of any size.
    'drawRows draws the rows that the host would, in an order',
    (b) => drawRows(b, { seed: 7, count: 4, rows: 7, order: Int32Array.of(6, 4, 2, 0, 1, 3, 5), skips }),
    tensor([
      [1, 6, 5, 5],
      [2, 2, 5, 0],
    ]),
  ],
  [
    'drawRows draws the rows that the host would, by number',
    (b) => drawRows(b, { seed: 0xfffffff1, count: 4, rows: 2 ** 24, skips: Int32Array.of(1, 1, 77, 1) }),
    tensor([[7552852, 14684555, 1947224, 5756795]]),
  ],
  [
    'squaredDistances is 0 between equal rows and symmetric, far from the origin too, where the backend has it',
    (b) =>
      squaredDistances(
        b,
        on(
          b,
          tensor([
            [10001, 9998],
            [10001, 9998],
            [10004, 10002],
          ]),
        ),
      ),
    tensor([
      [0, 0, 25],
      [0, 0, 25],
      [25, 25, 0],
    ]),
  ],
  [
    'logSoftmax keeps large logits finite and −Infinity infinite',
    (b) => logSoftmax(b, on(b, tensor([[1e4, 1e4, -Infinity]]))),
    tensor([[-Math.LN2, -Math.LN2, -Infinity]]),
  ],
];
