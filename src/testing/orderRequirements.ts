/** Order and positions along the last axis, and rows written in parts: by the backend, or by the composite where it has none. */
import { argSort } from '../ops/argSort.ts';
import { foldRows } from '../ops/foldRows.ts';
import { scatterAlong } from '../ops/scatterAlong.ts';
import { takeAlong } from '../ops/takeAlong.ts';
import { type HostTensor, tensor } from '../tensor.ts';
import { filled, on, type Requirement, scattered, values } from './requirements.ts';

/** Rows that are longer than a block of any kernel, full of equal elements: 7·i mod 601, and 3·i mod 8. */
const long: HostTensor = tensor(
  Float32Array.from({ length: 1202 }, (_, index) => (index < 601 ? (7 * index) % 601 : (3 * (index - 601)) % 8)),
  [2, 601],
);

/** Of 3·i mod 8 = 7, 6, … 0 the positions i in rising order: i is 3 times the value, mod 8, as 3·3 is 1 more than 8. */
const eighths: readonly number[] = Array.from({ length: 8 }, (_, rank) => (3 * (7 - rank)) % 8).flatMap((first) =>
  Array.from({ length: Math.ceil((601 - first) / 8) }, (_, index) => first + 8 * index),
);

/** 7 · 86 = 602, so that 600 − k stands at 86·(600 − k) mod 601; the multiples of 8 and their equals follow one another. */
const longOrder: HostTensor = tensor(
  Float32Array.from({ length: 1202 }, (_, index) => {
    if (index < 601) return (86 * (600 - index)) % 601;
    return eighths[index - 601]!;
  }),
  [2, 601],
);

export const orderRequirements: readonly Requirement[] = [
  [
    'argSort gives positions in falling order, the first of equal elements first',
    (b) =>
      argSort(
        b,
        on(
          b,
          tensor([
            [1, 3, 3, 2],
            [-1, -1, -5, 0],
          ]),
        ),
      ),
    tensor([
      [1, 2, 3, 0],
      [3, 0, 1, 2],
    ]),
  ],
  [
    'argSort takes −0 for 0 and NaN for Infinity',
    (b) => argSort(b, on(b, tensor([-0, 0, NaN, -Infinity, Infinity, 1e-30, NaN, -0]))),
    tensor([2, 4, 6, 5, 0, 1, 7, 3]),
  ],
  ['argSort of one element is 0', (b) => argSort(b, on(b, tensor([[5], [NaN]]))), tensor([[0], [0]])],
  ['argSort orders long rows, stably', (b) => argSort(b, on(b, long)), longOrder],
  [
    'argSort orders each row of several axes by itself',
    (b) =>
      argSort(
        b,
        on(
          b,
          filled([2, 2, 3], (at) => (at * 5) % 12),
        ),
      ),
    tensor([
      [
        [2, 1, 0],
        [1, 0, 2],
      ],
      [
        [1, 0, 2],
        [0, 2, 1],
      ],
    ]),
  ],
  [
    'takeAlong takes elements of each row, repeats allowed, and 0 for an index outside',
    (b) =>
      takeAlong(
        b,
        on(b, values),
        on(
          b,
          tensor([
            [2, 2, -1, 0],
            [1, 3, 0, 0.5],
          ]),
        ),
      ),
    tensor([
      [3, 3, 0, 1],
      [4, 0, 0.5, 0],
    ]),
  ],
  [
    'takeAlong takes whole numbers in integer storage, infinities and NaN',
    (b) => takeAlong(b, on(b, tensor([NaN, Infinity, -Infinity])), on(b, tensor(Int32Array.of(1, 0, 2, 1)))),
    tensor([Infinity, NaN, -Infinity, Infinity]),
  ],
  [
    'takeAlong keeps leading axes, each with indices of its own',
    (b) =>
      takeAlong(
        b,
        on(
          b,
          filled([2, 2, 3], (at) => at),
        ),
        on(
          b,
          filled([2, 2, 1], (at) => at % 3),
        ),
      ),
    tensor([
      [[0], [4]],
      [[8], [9]],
    ]),
  ],
  [
    'takeAlong takes 0 for indices far outside, infinite or NaN',
    (b) => takeAlong(b, on(b, tensor([5, 6])), on(b, tensor([1e9, -1e9, Infinity, -Infinity, NaN, 1.5, 1]))),
    tensor([0, 0, 0, 0, 0, 0, 6]),
  ],
  [
    'takeAlong of no indices',
    (b) => takeAlong(b, on(b, values), on(b, tensor(new Float32Array(0), [2, 0]))),
    tensor(new Float32Array(0), [2, 0]),
  ],
  [
    'takeAlong reaches every element of long rows',
    (b) =>
      takeAlong(
        b,
        on(b, scattered([3, 307])),
        on(
          b,
          filled([3, 311], (at) => (at * 7) % 307),
        ),
      ),
    filled([3, 311], (at) => scattered([3, 307]).data[307 * Math.floor(at / 311) + ((at * 7) % 307)]!),
  ],
  [
    'takeAlong of an order is the sorted row',
    (b) => {
      const x = on(b, values);
      return takeAlong(b, x, argSort(b, x));
    },
    tensor([
      [3, 1, -2],
      [4, 0.5, -1],
    ]),
  ],
  [
    'scatterAlong adds updates at their indices, several at one, and none for an index outside',
    (b) =>
      scatterAlong(
        b,
        on(
          b,
          tensor([
            [3, 0, 3],
            [-1, 4, 1],
          ]),
        ),
        on(b, values),
        4,
      ),
    tensor([
      [-2, 0, 0, 4],
      [0, -1, 0, 0],
    ]),
  ],
  [
    'scatterAlong leaves NaN for an index outside out',
    (b) => scatterAlong(b, on(b, tensor([-1, 1, NaN])), on(b, tensor([NaN, 2, Infinity])), 2),
    tensor([0, 2]),
  ],
  [
    'scatterAlong keeps leading axes, each with indices of its own',
    (b) =>
      scatterAlong(
        b,
        on(
          b,
          filled([2, 2, 1], (at) => at % 3),
        ),
        on(
          b,
          filled([2, 2, 1], (at) => at + 1),
        ),
        3,
      ),
    tensor([
      [
        [1, 0, 0],
        [0, 2, 0],
      ],
      [
        [0, 0, 3],
        [4, 0, 0],
      ],
    ]),
  ],
  [
    'scatterAlong of no updates is 0',
    (b) => scatterAlong(b, on(b, tensor(new Float32Array(0), [2, 0])), on(b, tensor(new Float32Array(0), [2, 0])), 2),
    tensor([
      [0, 0],
      [0, 0],
    ]),
  ],
  [
    'scatterAlong adds up many updates of long rows',
    (b) =>
      scatterAlong(
        b,
        on(
          b,
          filled([3, 311], (at) => at % 7),
        ),
        on(
          b,
          filled([3, 311], () => 2),
        ),
        7,
      ),
    filled([3, 7], (at) => {
      const row = Math.floor(at / 7);
      return (
        2 *
        Array.from({ length: 311 }, (_, index) => Number((311 * row + index) % 7 === at % 7)).reduce((a, c) => a + c)
      );
    }),
  ],
  [
    'rowsInParts puts rows one after another, and what is written may be freed',
    (b) => {
      const parts = [
        tensor([[1, 2]]),
        tensor([
          [3, 4],
          [5, 6],
        ]),
        tensor([[7, 8]]),
      ];
      const { rows } = foldRows(b, [[4, 2]], parts.length, [], (index) => ({
        rows: [b.add(on(b, parts[index]!), b.scalar(1))],
        carried: [],
      }));
      return rows[0]!;
    },
    tensor([
      [2, 3],
      [4, 5],
      [6, 7],
      [8, 9],
    ]),
  ],
];
