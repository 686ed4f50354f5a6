/** Sums, maxima and positions of maxima: over which axes, of what, and in which shape. */
import { tensor } from '../tensor.ts';
import { batched, filled, on, type Requirement, row, scattered, values } from './requirements.ts';

const negative = tensor([
  [-5, -2, -7],
  [-1, -4, -3],
]);
const withNaN = tensor([
  [1, NaN, 3],
  [NaN, 2, 1],
  [3, 2, NaN],
  [1, 2, 3],
]);
const empty = tensor(new Float32Array(0), [0, 3]);

export const reductionRequirements: readonly Requirement[] = [
  ['sum over everything', (b) => b.sum(on(b, values)), tensor(5.5)],
  ['sum over everything, kept', (b) => b.sum(on(b, values), { keepDims: true }), tensor([[5.5]])],
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
  [
    'sum over a middle axis, counted from the last and kept',
    (b) => b.sum(on(b, batched), { axis: -2, keepDims: true }),
    tensor([[[-21, -18, -15, -12]], [[15, 18, 21, 24]]]),
  ],
  ['sum over axes that are not adjacent', (b) => b.sum(on(b, batched), { axis: [0, 2] }), tensor([-28, 4, 36])],
  ['sum over axes in any order', (b) => b.sum(on(b, batched), { axis: [2, 0] }), tensor([-28, 4, 36])],
  ['sum over axes counted from the last', (b) => b.sum(on(b, batched), { axis: [-1, -3] }), tensor([-28, 4, 36])],
  [
    'sum over axes counted from either end, kept',
    (b) => b.sum(on(b, batched), { axis: [-1, 0], keepDims: true }),
    tensor([[[-28], [4], [36]]]),
  ],
  ['sum over the last axes of several', (b) => b.sum(on(b, batched), { axis: [1, 2] }), tensor([-66, 78])],
  ['sum over a list of one axis', (b) => b.sum(on(b, values), { axis: [1] }), tensor([2, 3.5])],
  ['sum over no axis is the numbers themselves', (b) => b.sum(on(b, values), { axis: [] }), values],
  ['sum over no axis keeps every axis', (b) => b.sum(on(b, values), { axis: [], keepDims: true }), values],
  ['sum of a scalar', (b) => b.sum(b.scalar(3)), tensor(3)],
  ['sum over an axis of one', (b) => b.sum(on(b, tensor([[1, 2]])), { axis: 0 }), tensor([1, 2])],
  [
    'sum passes NaN and infinities on, each in its place',
    (b) =>
      b.sum(
        on(
          b,
          tensor([
            [1, NaN],
            [Infinity, 1],
            [1, -Infinity],
            [Infinity, -Infinity],
          ]),
        ),
        { axis: 1 },
      ),
    tensor([NaN, Infinity, -Infinity, NaN]),
  ],
  ['sum over no elements is 0', (b) => b.sum(on(b, empty), { axis: 0 }), tensor([0, 0, 0])],
  [
    'sum of a long axis',
    (b) =>
      b.sum(
        on(
          b,
          filled([1003], (at) => at % 7),
        ),
      ),
    tensor(3004),
  ],
  [
    'sum of many long rows',
    (b) =>
      b.sum(
        on(
          b,
          filled([19, 333], (at) => (at % 333) % 4),
        ),
        { axis: -1 },
      ),
    filled([19], () => 498),
  ],
  [
    'sum of many long columns',
    (b) =>
      b.sum(
        on(
          b,
          filled([333, 19], (at) => Math.floor(at / 19) % 4),
        ),
        { axis: 0 },
      ),
    filled([19], () => 498),
  ],
  ['max over everything', (b) => b.max(on(b, values)), tensor(4)],
  ['max over everything, kept', (b) => b.max(on(b, values), { keepDims: true }), tensor([[4]])],
  ['max over the last axis, kept', (b) => b.max(on(b, values), { axis: -1, keepDims: true }), tensor([[3], [4]])],
  ['max over the first axis', (b) => b.max(on(b, values), { axis: 0 }), tensor([1, 4, 3])],
  [
    'max over a middle axis',
    (b) => b.max(on(b, scattered([2, 3, 4])), { axis: 1 }),
    filled([2, 4], (at) =>
      Math.max(...[0, 4, 8].map((step) => scattered([24]).data[12 * Math.floor(at / 4) + (at % 4) + step]!)),
    ),
  ],
  ['max over axes counted from the last', (b) => b.max(on(b, batched), { axis: [-1, -3] }), tensor([4, 8, 12])],
  ['max over no axis is the numbers themselves', (b) => b.max(on(b, values), { axis: [] }), values],
  ['max of negative numbers', (b) => b.max(on(b, negative), { axis: 1 }), tensor([-2, -1])],
  ['max of negative numbers over everything', (b) => b.max(on(b, negative)), tensor(-1)],
  [
    'max of −Infinity alone is −Infinity',
    (b) => b.max(on(b, tensor([[-Infinity, -Infinity]])), { axis: -1 }),
    tensor([-Infinity]),
  ],
  [
    'max is NaN where an element is, wherever it stands',
    (b) => b.max(on(b, withNaN), { axis: 1 }),
    tensor([NaN, NaN, NaN, 3]),
  ],
  ['max over everything is NaN where an element is', (b) => b.max(on(b, withNaN)), tensor(NaN)],
  [
    'max over no elements is −Infinity',
    (b) => b.max(on(b, empty), { axis: 0 }),
    tensor([-Infinity, -Infinity, -Infinity]),
  ],
  [
    'max of a long axis sees its last element',
    (b) =>
      b.max(
        on(
          b,
          filled([1003], (at) => at - 2000),
        ),
      ),
    tensor(-998),
  ],
  [
    'max of many long columns',
    (b) =>
      b.max(
        on(
          b,
          filled([333, 19], (at) => -Math.abs(Math.floor(at / 19) - (at % 19))),
        ),
        { axis: 0 },
      ),
    filled([19], () => 0),
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
    'argMax of −Infinity alone is the first place',
    (b) => b.argMax(on(b, tensor([[-Infinity, -Infinity]]))),
    tensor([0]),
  ],
  [
    'argMax passes a NaN over, except in the first place',
    (b) =>
      b.argMax(
        on(
          b,
          tensor([
            [NaN, 1, 2],
            [1, NaN, 2],
            [3, 1, NaN],
            [NaN, NaN, NaN],
          ]),
        ),
      ),
    tensor([0, 2, 0, 0]),
  ],
  [
    'argMax keeps leading axes',
    (b) =>
      b.argMax(
        on(
          b,
          filled([2, 3, 4], (at) => -Math.abs((at % 4) - (Math.floor(at / 4) % 4))),
        ),
      ),
    tensor([
      [0, 1, 2],
      [3, 0, 1],
    ]),
  ],
  ['argMax of one axis is a scalar', (b) => b.argMax(on(b, row)), tensor(2)],
  ['argMax of a single class', (b) => b.argMax(on(b, tensor([[-7], [3]]))), tensor([0, 0])],
  [
    'argMax of long rows sees their last element, and the first of equal ones',
    (b) =>
      b.argMax(
        on(
          b,
          filled([2, 1003], (at) => (at < 1003 ? at : Number(at % 1003 === 501 || at % 1003 === 1002))),
        ),
      ),
    tensor([1002, 501]),
  ],
];
