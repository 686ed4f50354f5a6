import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { symmetricEigen, symmetricEigenvalues } from '../../src/algebra/symmetricEigen.ts';
import { assembled, drawn, farthest, flat, fromOrthonormal, reference, rooms } from './matrices.ts';

/** Roundings of float64 in `size` steps. */
const rounding = (size: number): number => 4 * size * 2 ** -53;

describe.each(rooms)('symmetricEigen %s', (_, room) => {
  it.each(reference.symmetric)('has the eigenvalues of a matrix $name', ({ matrix, values }) => {
    const size = matrix.length;
    const numbers = flat(matrix);
    const largest = Math.max(...values.map(Math.abs));
    const { values: found, vectors } = symmetricEigen(numbers, size, room);
    expect(farthest(found, values) / largest).toBeLessThan(rounding(size));
    expect(farthest(symmetricEigenvalues(numbers, size, room), values) / largest).toBeLessThan(rounding(size));
    expect(fromOrthonormal(vectors, size)).toBeLessThan(rounding(size));
    expect(farthest(assembled(found, vectors, vectors, size, size), numbers) / largest).toBeLessThan(rounding(size));
  });

  it('takes a matrix of any size apart, and leaves it as it was', () => {
    for (const size of [1, 2, 3, 4, 5, 17, 64, 101]) {
      const half = drawn(size, size * size);
      const matrix = half.map((value, index) => value + half[(index % size) * size + Math.floor(index / size)]!);
      const before = matrix.slice();
      const { values, vectors } = symmetricEigen(matrix, size, room);
      expect(matrix).toEqual(before);
      expect([...values]).toEqual([...values].sort((a, b) => b - a));
      expect(fromOrthonormal(vectors, size)).toBeLessThan(rounding(size));
      const scale = Math.max(values[0]!, -values.at(-1)!);
      expect(farthest(assembled(values, vectors, vectors, size, size), matrix) / scale).toBeLessThan(rounding(size));
      expect(farthest(symmetricEigenvalues(matrix, size, room), values) / scale).toBeLessThan(rounding(size));
    }
  });

  it('holds for whole numbers, which have zeros, repeats and ties', () => {
    fc.assert(
      fc.property(
        fc
          .integer({ min: 1, max: 9 })
          .chain((size) =>
            fc.tuple(fc.constant(size), fc.array(fc.integer({ min: -2, max: 2 }), { minLength: 81, maxLength: 81 })),
          ),
        ([size, draws]) => {
          const matrix = new Float64Array(size * size);
          for (let row = 0; row < size; row++) {
            for (let column = 0; column <= row; column++) {
              matrix[row * size + column] = draws[row * 9 + column]!;
              matrix[column * size + row] = draws[row * 9 + column]!;
            }
          }
          const { values, vectors } = symmetricEigen(matrix, size, room);
          expect(fromOrthonormal(vectors, size)).toBeLessThan(2e-14);
          expect(farthest(assembled(values, vectors, vectors, size, size), matrix)).toBeLessThan(4e-14);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('has orthogonal vectors where numbers are too small beside the others to have squares', () => {
    for (const scale of [1e-150, 1e-155, 1e-160, 1e-170, 1e-300]) {
      const draws = drawn(5, 36).map((value) => value * scale);
      const matrix = Float64Array.from(
        { length: 36 },
        (_, at) => draws[at]! + draws[(at % 6) * 6 + Math.floor(at / 6)]!,
      );
      matrix[0] = 1;
      expect(fromOrthonormal(symmetricEigen(matrix, 6, room).vectors, 6)).toBeLessThan(rounding(6));
    }
  });

  it('reads the lower triangle alone', () => {
    const { values } = symmetricEigen(Float64Array.of(2, 99, 1, 2), 2, room);
    expect(farthest(values, [3, 1])).toBeLessThan(1e-15);
  });

  it('of nothing but zeros has zeros, and of nothing nothing', () => {
    expect(symmetricEigen(new Float64Array(9), 3, room)).toEqual({
      values: new Float64Array(3),
      vectors: Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1),
    });
    expect(symmetricEigen(new Float64Array(0), 0, room)).toEqual({
      values: new Float64Array(0),
      vectors: new Float64Array(0),
    });
  });

  it('refuses numbers that are not finite', () => {
    for (const value of [Number.NaN, Infinity, -Infinity]) {
      expect(() => symmetricEigen(Float64Array.of(1, 0, value, 1), 2, room)).toThrow(RangeError);
      expect(() => symmetricEigenvalues(Float64Array.of(1, 0, value, 1), 2, room)).toThrow(
        /symmetricEigenvalues: matrix/,
      );
    }
  });
});
