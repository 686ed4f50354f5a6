import { describe, expect, it } from 'vitest';
import { product, strided } from '../../src/algebra/product.ts';
import { drawn, farthest, rooms } from './matrices.ts';

/** The definition, one number at a time. */
function plainly(a: Float64Array, b: Float64Array, rows: number, inner: number, columns: number): Float64Array {
  return Float64Array.from({ length: rows * columns }, (_, index) => {
    const [row, column] = [Math.floor(index / columns), index % columns];
    let sum = 0;
    for (let step = 0; step < inner; step++) sum += a[row * inner + step]! * b[step * columns + column]!;
    return sum;
  });
}

function turned(matrix: Float64Array, rows: number, columns: number): Float64Array {
  return Float64Array.from(matrix, (_, index) => matrix[(index % rows) * columns + Math.floor(index / rows)]!);
}

describe.each(rooms)('product %s', (_, room) => {
  it.each([
    [1, 1, 1],
    [4, 300, 4],
    [13, 257, 11],
    [33, 5, 70],
    [1, 2049, 3],
    [2049, 5, 2],
    [3, 40, 530],
    [1030, 9, 21],
    [6, 0, 2],
    [0, 3, 2],
  ])('of [%i, %i] and [.., %i] is the sum of products, from either layout', (rows, inner, columns) => {
    const a = drawn(1, rows * inner);
    const b = drawn(2, inner * columns);
    const expected = plainly(a, b, rows, inner, columns);
    const across = turned(a, rows, inner);
    const down = turned(b, inner, columns);
    for (const left of [strided(a, inner), strided(across, rows, true)]) {
      for (const right of [strided(b, columns), strided(down, inner, true)]) {
        const found = product(left, right, rows, inner, columns, false, room);
        expect(farthest(found, expected)).toBeLessThanOrEqual(4e-15 * inner);
      }
    }
  });

  it('of a matrix and its transpose is the same by half', () => {
    for (const [rows, inner] of [
      [3, 2],
      [29, 301],
      [530, 4],
    ] as const) {
      const a = drawn(3, rows * inner);
      const half = [true, false].map((symmetric) => {
        return product(strided(a, inner), strided(a, inner, true), rows, inner, rows, symmetric, room);
      });
      expect(farthest(half[0]!, half[1]!)).toBe(0);
    }
  });

  it('sums float32 numbers in float64, from where they begin', () => {
    const data = Float32Array.of(9, 1e8, 1, -1e8);
    expect([...product(strided(data, 3, false, 1), strided(Float32Array.of(1, 1, 1), 1), 1, 3, 1)]).toEqual([1]);
  });
});
