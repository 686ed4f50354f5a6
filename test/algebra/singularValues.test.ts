import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nuclearNorm, singularDecomposition, singularValues } from '../../src/algebra/singularValues.ts';
import { randomUniform } from '../../src/random.ts';
import { assembled, drawn, farthest, flat, fromOrthonormal, reference, rooms } from './matrices.ts';

/** Roundings of float64 in `size` steps. */
const rounding = (size: number): number => 4 * size * 2 ** -53;

describe.each(rooms)('singularValues %s', (_, room) => {
  it.each(reference.general)('are those of a matrix $name', ({ name, matrix, values }) => {
    const [rows, columns] = [matrix.length, matrix[0]!.length];
    const numbers = flat(matrix);
    const largest = values[0]!;
    // What lies beside the smallest numbers has few digits itself.
    const bound = name.includes('smallest numbers') ? 1e-13 : rounding(Math.max(rows, columns));
    const { values: found, left, right } = singularDecomposition(numbers, rows, columns, room);
    expect(farthest(found, values) / largest).toBeLessThan(bound);
    expect(farthest(singularValues(numbers, rows, columns, room), values) / largest).toBeLessThan(bound);
    expect(fromOrthonormal(left, rows)).toBeLessThan(bound);
    expect(fromOrthonormal(right, columns)).toBeLessThan(bound);
    expect(farthest(assembled(found, left, right, rows, columns), numbers) / largest).toBeLessThan(bound);
    const sum = values.reduce((total, value) => total + value, 0);
    expect(Math.abs(nuclearNorm(numbers, rows, columns, room) - sum) / sum).toBeLessThan(bound);
  });

  it('keep their digits where a matrix of two diagonals is graded, either way', () => {
    // The square of the smallest is far below rounding of the largest's: eigenvalues of AᵀA would have nothing of it.
    for (const exponent of [(index: number) => -index, (index: number) => index - 11]) {
      const matrix = new Float64Array(144);
      for (let row = 0; row < 12; row++) matrix[row * 12 + row] = 10 ** exponent(row);
      const values = singularValues(matrix, 12, 12, room);
      values.forEach((value, index) => {
        expect(Math.abs(value * 10 ** index - 1)).toBeLessThan(1e-14);
      });
    }
  });

  it('take a matrix of any size apart, and leave it as it was', () => {
    for (const [rows, columns] of [
      [1, 1],
      [2, 5],
      [5, 2],
      [31, 30],
      [64, 64],
      [20, 101],
      [150, 33],
    ] as const) {
      const matrix = drawn(rows * columns, rows * columns);
      const before = matrix.slice();
      const { values, left, right } = singularDecomposition(matrix, rows, columns, room);
      expect(matrix).toEqual(before);
      expect(values.length).toBe(Math.min(rows, columns));
      expect([...values]).toEqual([...values].sort((a, b) => b - a));
      const bound = rounding(Math.max(rows, columns));
      expect(fromOrthonormal(left, rows)).toBeLessThan(bound);
      expect(fromOrthonormal(right, columns)).toBeLessThan(bound);
      expect(farthest(assembled(values, left, right, rows, columns), matrix) / values[0]!).toBeLessThan(bound);
      expect(farthest(singularValues(matrix, rows, columns, room), values) / values[0]!).toBeLessThan(bound);
    }
  });

  it('hold for whole numbers, which have zeros, repeats and ties', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 8 }),
        fc.array(fc.integer({ min: -1, max: 1 }), { minLength: 64, maxLength: 64 }),
        (rows, columns, draws) => {
          const matrix = Float64Array.from(draws.slice(0, rows * columns));
          const { values, left, right } = singularDecomposition(matrix, rows, columns, room);
          expect(fromOrthonormal(left, rows)).toBeLessThan(2e-14);
          expect(fromOrthonormal(right, columns)).toBeLessThan(2e-14);
          expect(farthest(assembled(values, left, right, rows, columns), matrix)).toBeLessThan(4e-14);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('have orthogonal vectors where numbers are too small beside the others to have squares', () => {
    for (const scale of [1e-150, 1e-155, 1e-160, 1e-170, 1e-300]) {
      const matrix = drawn(6, 42).map((value) => value * scale);
      matrix[0] = 1;
      const { left, right } = singularDecomposition(matrix, 7, 6, room);
      expect(fromOrthonormal(left, 7)).toBeLessThan(rounding(7));
      expect(fromOrthonormal(right, 6)).toBeLessThan(rounding(7));
    }
  });

  it('converge where rows of two diagonals differ by hundreds of decades, in any order', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const [rows, columns] = [13, 14];
      const matrix = new Float64Array(rows * columns);
      const draws = drawn(seed, 3 * rows);
      for (let row = 0; row < rows; row++) {
        // From 1 down to 1e-300.
        const scale = 10 ** (-300 * randomUniform(seed, row));
        for (let beside = -1; beside <= 1; beside++) {
          const column = row + beside;
          if (column >= 0) matrix[row * columns + column] = scale * draws[3 * row + beside + 1]!;
        }
      }
      const { values, left, right } = singularDecomposition(matrix, rows, columns, room);
      expect(fromOrthonormal(left, rows)).toBeLessThan(rounding(columns));
      const error = farthest(assembled(values, left, right, rows, columns), matrix) / values[0]!;
      expect(error).toBeLessThan(rounding(columns));
    }
  });

  it('converge where two values are equal and rounding stands between them', () => {
    for (const numbers of [
      [
        -1, 0, 0, -1, -1, 1, -1, 1, 0, 0, 0, -1, 0, 0, 0, 0, 1, 1, -1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 1, 1, -1, 1, 1, 0, 0,
        0,
      ],
      [
        0, -1, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, -1, 0, 1, 0, 1, 0, -1, -1, -1, 0, -1, 0, 0, 0, 1, 0, 0, -1, 1, 0, -1, 0,
        0,
      ],
      [
        0, 0, 1, 0, 0, 0, 0, 1, -1, 0, 0, -1, 1, -1, 0, 1, -1, 0, 0, 0, 0, -1, 0, 0, -1, 1, 0, 0, 0, 0, 1, 0, 0, 1, 0,
        -1,
      ],
    ]) {
      const matrix = Float64Array.from(numbers);
      const { values, left, right } = singularDecomposition(matrix, 9, 4, room);
      expect(farthest(assembled(values, left, right, 9, 4), matrix)).toBeLessThan(1e-14);
    }
  });

  it('of zeros are zeros, and of nothing nothing', () => {
    expect(singularValues(new Float64Array(6), 2, 3, room)).toEqual(new Float64Array(2));
    expect(singularValues(new Float64Array(0), 0, 3, room)).toEqual(new Float64Array(0));
    expect(nuclearNorm(new Float64Array(6), 2, 3, room)).toBe(0);
  });

  it('refuse numbers that are not finite', () => {
    for (const value of [Number.NaN, Infinity, -Infinity]) {
      expect(() => singularValues(Float64Array.of(1, value), 1, 2, room)).toThrow(RangeError);
      expect(() => singularDecomposition(Float64Array.of(1, value), 1, 2, room)).toThrow(
        /singularDecomposition: matrix/,
      );
    }
  });
});
