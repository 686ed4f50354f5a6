/** One-hot rows, rows by number, rows replaced and rows drawn. */
import { drawRows } from '../ops/drawRows.ts';
import { logSoftmax } from '../ops/logSoftmax.ts';
import { replaceRows } from '../ops/replaceRows.ts';
import { tensor } from '../tensor.ts';
import { batched, filled, on, type Requirement, row, values } from './requirements.ts';

/** Of two samples: one interval; two of them. */
const skips = Int32Array.of(1, 3, 7, 0, 0, 1, 4, 2);

export const indexingRequirements: readonly Requirement[] = [
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
  [
    'oneHot gives zeros for an index just outside, between whole numbers, infinite or NaN',
    (b) => b.oneHot(on(b, tensor([-1, 2, 1.5, 0.25, -0.5, Infinity, -Infinity, NaN, 1])), 2),
    filled([9, 2], (at) => Number(at === 17)),
  ],
  ['oneHot keeps leading axes', (b) => b.oneHot(on(b, tensor([[1], [0]])), 2), tensor([[[0, 1]], [[1, 0]]])],
  ['oneHot of a scalar is a row', (b) => b.oneHot(b.scalar(1), 3), tensor([0, 1, 0])],
  ['oneHot takes a single class', (b) => b.oneHot(on(b, tensor(Int32Array.of(0, 1))), 1), tensor([[1], [0]])],
  [
    'oneHot of many rows and classes',
    (b) =>
      b.oneHot(
        on(
          b,
          filled([41], (at) => (at * 7) % 37),
        ),
        37,
      ),
    filled([41, 37], (at) => Number(at % 37 === (Math.floor(at / 37) * 7) % 37)),
  ],
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
  [
    'gather by a scalar takes a row without its axis',
    (b) => b.gather(on(b, values), b.scalar(1)),
    tensor([0.5, 4, -1]),
  ],
  [
    'gather keeps all further axes',
    (b) => b.gather(on(b, batched), on(b, tensor([[1], [0]]))),
    filled([2, 1, 3, 4], (at) => batched.data[(at + 12) % 24]!),
  ],
  [
    'gather leaves NaN and infinities in their rows',
    (b) =>
      b.gather(
        on(
          b,
          tensor([
            [NaN, 1],
            [2, 3],
            [Infinity, 4],
          ]),
        ),
        on(b, tensor([1, 0, 2])),
      ),
    tensor([
      [2, 3],
      [NaN, 1],
      [Infinity, 4],
    ]),
  ],
  [
    'gather takes no rows',
    (b) => b.gather(on(b, values), on(b, tensor(new Float32Array(0), [0]))),
    tensor(new Float32Array(0), [0, 3]),
  ],
  [
    'gather of many rows',
    (b) =>
      b.gather(
        on(
          b,
          filled([41, 37], (at) => at),
        ),
        on(
          b,
          filled([43], (at) => (at * 11) % 41),
        ),
      ),
    filled([43, 37], (at) => ((Math.floor(at / 37) * 11) % 41) * 37 + (at % 37)),
  ],
  [
    'replaceRows gives a copy with some rows replaced, where the backend has it',
    (b) => replaceRows(b, on(b, values), [1], on(b, tensor([[7, 8, 9]]))),
    tensor([
      [1, -2, 3],
      [7, 8, 9],
    ]),
  ],
  [
    'replaceRows puts each row in its place, in any order',
    (b) =>
      replaceRows(
        b,
        on(
          b,
          filled([4, 1, 2], (at) => at),
        ),
        [3, 0],
        on(b, tensor([[[-1, -2]], [[-3, -4]]])),
      ),
    tensor([[[-3, -4]], [[2, 3]], [[4, 5]], [[-1, -2]]]),
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
    'logSoftmax keeps large logits finite and −Infinity infinite',
    (b) => logSoftmax(b, on(b, tensor([[1e4, 1e4, -Infinity]]))),
    tensor([[-Math.LN2, -Math.LN2, -Infinity]]),
  ],
  [
    'logSoftmax takes each row by itself',
    (b) =>
      logSoftmax(
        b,
        on(
          b,
          tensor([
            [0, Math.log(3)],
            [Math.log(7), 0],
            [-1e4, -1e4],
          ]),
        ),
      ),
    tensor([
      [-Math.log(4), Math.log(3 / 4)],
      [Math.log(7 / 8), -Math.log(8)],
      [-Math.LN2, -Math.LN2],
    ]),
  ],
];
