import { describe, expect, it } from 'vitest';
import { settleBasis } from '../../src/algebra/settledBasis.ts';
import { randomNormal } from '../../src/random.ts';

/** Orthonormal rows, by Gram and Schmidt. */
function orthonormal(seed: number, rows: number, size: number): Float64Array {
  const basis = Float64Array.from({ length: rows * size }, (_, at) => randomNormal(seed, at));
  const row = (at: number): Float64Array => basis.subarray(at * size, (at + 1) * size);
  const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, value, at) => sum + value * b[at]!, 0);
  for (let at = 0; at < rows; at++) {
    const own = row(at);
    for (let before = 0; before < at; before++) {
      const other = row(before);
      const share = dot(own, other);
      own.forEach((value, index) => {
        own[index] = value - share * other[index]!;
      });
    }
    const length = Math.sqrt(dot(own, own));
    own.forEach((value, index) => {
      own[index] = value / length;
    });
  }
  return basis;
}

/** The product of two matrices. */
function product(a: Float64Array, b: Float64Array, rows: number, inner: number, columns: number): Float64Array {
  return Float64Array.from({ length: rows * columns }, (_, at) => {
    let sum = 0;
    for (let k = 0; k < inner; k++) {
      sum += a[Math.floor(at / columns) * inner + k]! * b[k * columns + (at % columns)]!;
    }
    return sum;
  });
}

const settled = (values: readonly number[], vectors: Float64Array, size: number, gap = 1e-12): Float64Array => {
  const made = vectors.slice();
  settleBasis(Float64Array.from(values), made, size, gap);
  return made;
};
const largestGap = (a: Float64Array, b: Float64Array): number =>
  Math.max(...Array.from(a, (value, at) => Math.abs(value - b[at]!)));

describe('settleBasis', () => {
  const size = 7;
  const basis = orthonormal(1, 4, size);

  it('gives the same basis of a space whatever basis of it comes', () => {
    const expected = settled([2, 2, 2, 2], basis, size);
    for (let seed = 10; seed < 20; seed++) {
      const turned = product(orthonormal(seed, 4, 4), basis, 4, 4, size);
      expect(largestGap(settled([2, 2, 2, 2], turned, size), expected)).toBeLessThan(1e-13);
    }
  });

  it('stays orthonormal, and within the space', () => {
    const made = settled([2, 2, 2, 2], basis, size);
    const projector = (rows: Float64Array): Float64Array => {
      const columns = Float64Array.from({ length: 4 * size }, (_, at) => rows[(at % 4) * size + Math.floor(at / 4)]!);
      return product(columns, rows, size, 4, size);
    };
    expect(largestGap(projector(made), projector(basis))).toBeLessThan(1e-14);
  });

  it('leaves values that differ alone, but for the sign that makes the largest element positive', () => {
    const made = settled([4, 3, 2, 1], basis, size);
    for (let row = 0; row < 4; row++) {
      const [before, after] = [basis, made].map((rows) => rows.slice(row * size, (row + 1) * size)) as [
        Float64Array,
        Float64Array,
      ];
      const most = before.reduce((found, value) => (Math.abs(value) > Math.abs(found) ? value : found), 0);
      expect(Array.from(after)).toEqual(Array.from(before, (value) => value * Math.sign(most)));
    }
  });

  it('takes the axes themselves where all of them coincide, in order', () => {
    const made = settled([1, 1, 1], orthonormal(2, 3, 3), 3);
    expect(largestGap(made, Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1))).toBeLessThan(1e-14);
  });

  it('tells elements of one size by their order, not by their rounding', () => {
    const root = Math.SQRT1_2;
    for (const off of [-1e-15, 0, 1e-15]) {
      const made = settled([1], Float64Array.of(-root + off, root), 2);
      expect(made[0]).toBeGreaterThan(0);
      expect(made[1]).toBeLessThan(0);
    }
  });
});
