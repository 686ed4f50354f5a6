/** Matrix products. */
import { squaredDistances } from '../ops/squaredDistances.ts';
import { type HostTensor, tensor } from '../tensor.ts';
import { batched, column, on, type Requirement, scattered, values } from './requirements.ts';

/** Sums of products, or of other terms, one by one: element [row, column] of each of `matrices` products. */
function products(
  matrices: number,
  [rows, inner, columns]: readonly [number, number, number],
  left: (matrix: number, row: number, k: number) => number,
  right: (matrix: number, k: number, column: number) => number,
  term = (a: number, b: number): number => a * b,
): HostTensor {
  const data = new Float64Array(matrices * rows * columns);
  for (let at = 0; at < data.length; at++) {
    const matrix = Math.floor(at / rows / columns);
    const row = Math.floor(at / columns) % rows;
    for (let k = 0; k < inner; k++) data[at]! += term(left(matrix, row, k), right(matrix, k, at % columns));
  }
  return { data, shape: matrices === 1 ? [rows, columns] : [matrices, rows, columns] };
}

/** A product of matrices that fill no tile, and of several at once, in each of the four ways to transpose. */
function transposedProducts(matrices: number, extents: readonly [number, number, number]): readonly Requirement[] {
  const [rows, inner, columns] = extents;
  return [false, true].flatMap((transposeA) =>
    [false, true].map((transposeB): Requirement => {
      const leading = matrices === 1 ? [] : [matrices];
      const a = scattered([...leading, ...(transposeA ? [inner, rows] : [rows, inner])], 1);
      const b = scattered([...leading, ...(transposeB ? [columns, inner] : [inner, columns])], 2);
      const sides = [transposeA && 'left', transposeB && 'right'].filter(Boolean).join(' and ') || 'no';
      return [
        `matMul of ${matrices} by ${extents.join(', ')}, ${sides} side transposed`,
        (backend) => backend.matMul(on(backend, a), on(backend, b), { transposeA, transposeB }),
        products(
          matrices,
          extents,
          (matrix, row, k) => a.data[matrix * rows * inner + (transposeA ? k * rows + row : row * inner + k)]!,
          (matrix, k, at) => b.data[matrix * inner * columns + (transposeB ? at * inner + k : k * columns + at)]!,
        ),
      ];
    }),
  );
}

const square = scattered([21, 34], 3);

export const productRequirements: readonly Requirement[] = [
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
    'matMul runs over several leading axes, on both sides',
    (b) =>
      b.matMul(
        on(b, tensor(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), [2, 2, 1, 2])),
        on(b, tensor(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), [2, 2, 2, 1])),
      ),
    tensor(Float32Array.of(5, 25, 61, 113), [2, 2, 1, 1]),
  ],
  [
    'matMul of a row and a column, and of a column and a row',
    (b) => b.matMul(b.matMul(on(b, column), on(b, tensor([[3, 4]]))), on(b, column)),
    tensor([[11], [22]]),
  ],
  [
    'matMul passes NaN and infinities on, zeros beside them or not',
    (b) =>
      b.matMul(
        on(
          b,
          tensor([
            [0, 1],
            [1, 0],
            [1, 1],
          ]),
        ),
        on(
          b,
          tensor([
            [NaN, Infinity, 1],
            [2, 3, 4],
          ]),
        ),
      ),
    tensor([
      [NaN, NaN, 4],
      [NaN, Infinity, 1],
      [NaN, Infinity, 5],
    ]),
  ],
  [
    'matMul over an inner axis of no elements is 0',
    (b) =>
      b.matMul(on(b, tensor(new Float32Array(0), [0, 2])), on(b, tensor(new Float32Array(0), [0, 3])), {
        transposeA: true,
      }),
    tensor([
      [0, 0, 0],
      [0, 0, 0],
    ]),
  ],
  [
    'matMul of a matrix with itself transposed',
    (b) => {
      const x = on(b, square);
      return b.matMul(x, x, { transposeB: true });
    },
    products(
      1,
      [21, 34, 21],
      (_, row, k) => square.data[row * 34 + k]!,
      (_, k, at) => square.data[at * 34 + k]!,
    ),
  ],
  ...transposedProducts(1, [17, 19, 23]),
  ...transposedProducts(3, [2, 5, 3]),
  ...transposedProducts(1, [33, 300, 65]),
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
    'squaredDistances passes NaN on, in the pairs of its row',
    (b) => squaredDistances(b, on(b, tensor([[0], [NaN], [2]]))),
    tensor([
      [0, NaN, 4],
      [NaN, NaN, NaN],
      [4, NaN, 0],
    ]),
  ],
  [
    'squaredDistances of rows that fill no tile',
    (b) => squaredDistances(b, on(b, square)),
    products(
      1,
      [21, 34, 21],
      (_, row, k) => square.data[row * 34 + k]!,
      (_, k, at) => square.data[at * 34 + k]!,
      (a, c) => (a - c) ** 2,
    ),
  ],
];
