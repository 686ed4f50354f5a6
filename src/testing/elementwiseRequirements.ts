/** The host boundary and element-wise arithmetic: broadcasting and IEEE's special values. */
import { tensor } from '../tensor.ts';
import { column, on, type Requirement, row, values } from './requirements.ts';

export const elementwiseRequirements: readonly Requirement[] = [
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
];
