/** Element-wise arithmetic: broadcasting and IEEE's special values. */
import { tensor } from '../tensor.ts';
import { column, filled, on, type Requirement, row, values } from './requirements.ts';

export const elementwiseRequirements: readonly Requirement[] = [
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
    'exp of −Infinity is no small number but 0',
    (b) => b.divide(b.scalar(1), b.exp(on(b, tensor([-Infinity, 0])))),
    tensor([Infinity, 1]),
  ],
  [
    'log of 0 is −Infinity and of a negative number NaN',
    (b) => b.log(on(b, tensor([0, 1, Math.E, -1]))),
    tensor([-Infinity, 0, 1, NaN]),
  ],
  ['sqrt of 0 is 0', (b) => b.sqrt(on(b, tensor([0, 4, 2]))), tensor([0, 2, Math.SQRT2])],
  ['abs keeps Infinity', (b) => b.abs(on(b, tensor([-1, 2, -Infinity]))), tensor([1, 2, Infinity])],
  [
    'add broadcasts extents of 1 on both sides, and missing axes',
    (b) => b.add(on(b, tensor([[[1, 2, 3]], [[4, 5, 6]]])), on(b, tensor([[10], [20]]))),
    tensor([
      [
        [11, 12, 13],
        [21, 22, 23],
      ],
      [
        [14, 15, 16],
        [24, 25, 26],
      ],
    ]),
  ],
  [
    'add gives the larger rank where sizes are equal',
    (b) => b.add(on(b, row), on(b, tensor([[1, 2, 3]]))),
    tensor([[11, 22, 33]]),
  ],
  ['add of a scalar and one element has one axis', (b) => b.add(b.scalar(1), on(b, tensor([2]))), tensor([3])],
  [
    'add takes tensors without elements',
    (b) => b.add(on(b, tensor(new Float32Array(0), [0, 3])), b.scalar(1)),
    tensor(new Float32Array(0), [0, 3]),
  ],
  [
    'subtract takes the right side from the left',
    (b) =>
      b.subtract(
        on(b, values),
        on(
          b,
          filled([2, 3], (at) => at),
        ),
      ),
    tensor([
      [1, -3, 1],
      [-2.5, 0, -6],
    ]),
  ],
  [
    'divide divides the left side by the right',
    (b) =>
      b.divide(
        on(b, values),
        on(
          b,
          filled([2, 3], (at) => 2 ** at),
        ),
      ),
    tensor([
      [1, -1, 0.75],
      [0.0625, 0.25, -0.03125],
    ]),
  ],
  [
    'arithmetic passes NaN on, and makes it of ∞ − ∞ and 0 · ∞',
    (b) => {
      const a = on(b, tensor([NaN, 1, Infinity, 0]));
      const other = on(b, tensor([1, NaN, Infinity, Infinity]));
      return b.add(b.subtract(a, other), b.multiply(a, other));
    },
    tensor([NaN, NaN, NaN, NaN]),
  ],
  [
    'arithmetic keeps infinities and large numbers',
    (b) => b.multiply(on(b, tensor([Infinity, 1e30, -1e-30])), on(b, tensor([-2, 100, 1e30]))),
    tensor([-Infinity, 1e32, -1]),
  ],
  [
    'maximum is NaN where either side is',
    (b) => b.maximum(on(b, tensor([NaN, 1, NaN, 2])), on(b, tensor([1, NaN, NaN, 1]))),
    tensor([NaN, NaN, NaN, 2]),
  ],
  [
    'maximum is NaN where the side that it broadcasts is',
    (b) => b.maximum(on(b, tensor([[NaN], [1]])), on(b, tensor([2, NaN]))),
    tensor([
      [NaN, NaN],
      [2, NaN],
    ]),
  ],
  [
    'maximum compares infinities and negative numbers',
    (b) => b.maximum(on(b, tensor([-Infinity, -3, 1])), on(b, tensor([-2, -4, Infinity]))),
    tensor([-2, -3, Infinity]),
  ],
  [
    'where takes a condition of NaN as true, and of −0 as false',
    (b) => b.where(on(b, tensor([NaN, 0, -0, 1e-30])), b.scalar(1), b.scalar(2)),
    tensor([1, 2, 2, 1]),
  ],
  [
    'where passes on the NaN and the infinities that it chooses',
    (b) =>
      b.where(on(b, tensor([1, 0, 1, 0])), on(b, tensor([NaN, 1, Infinity, 1])), on(b, tensor([1, NaN, 1, -Infinity]))),
    tensor([NaN, NaN, Infinity, -Infinity]),
  ],
  [
    'where broadcasts all three to one shape',
    (b) => b.where(on(b, tensor([[1], [0]])), on(b, row), on(b, tensor([[[5, 6, 7]]]))),
    tensor([
      [
        [10, 20, 30],
        [5, 6, 7],
      ],
    ]),
  ],
  ...(['exp', 'log', 'sqrt', 'abs'] as const).map(
    (name): Requirement => [
      `${name} passes NaN on`,
      (b) => b[name](on(b, tensor([NaN, 1, NaN]))),
      tensor([NaN, Math[name](1), NaN]),
    ],
  ),
  [
    'exp and log undo one another over many sizes',
    (b) => b.log(b.exp(on(b, tensor([-80, -20, -1, 20, 80])))),
    tensor([-80, -20, -1, 20, 80]),
  ],
  [
    'log and sqrt of Infinity are Infinity, sqrt below 0 is NaN',
    (b) => b.add(b.log(on(b, tensor([Infinity, 1, 1]))), b.sqrt(on(b, tensor([Infinity, -1, 9])))),
    tensor([Infinity, NaN, 3]),
  ],
];
