import { tensor } from 'dark-knowledge';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { median } from '../../../src/ops/median.ts';
import { nthSmallest } from '../../../src/ops/nthSmallest.ts';
import { randomUniform } from '../../../src/random.ts';
import { oracle } from '../../support/backends.ts';

/** The reference backend, as a device of which nothing can be read at once. */
const { readSync, ...device } = oracle;

/** By definition, on a sorted copy. */
function expected(values: readonly number[], skip: number): number {
  const sorted = [...values].sort((a, b) => a - b).slice(skip);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

describe('median', () => {
  it('is the middle of the sorted numbers, on the host and by bisection', () => {
    const numbers = fc.array(fc.oneof(fc.integer({ min: 0, max: 4 }), fc.double({ min: 0, max: 9, noNaN: true })), {
      minLength: 1,
      maxLength: 40,
    });
    fc.assert(
      fc.property(numbers, fc.nat(10), (values, skipped) => {
        const skip = Math.min(skipped, values.length - 1);
        const x = oracle.fromHost(tensor(values));
        expect(readSync!(median(oracle, x, skip)).data[0]).toBe(expected(values, skip));
        expect(readSync!(median(device, x, skip)).data[0]).toBeCloseTo(expected(values, skip), 10);
      }),
      { numRuns: 200 },
    );
  });
});

describe('nthSmallest', () => {
  const count = 2000;
  const orders: readonly [string, (index: number) => number][] = [
    ['drawn numbers', (index) => randomUniform(1, index)],
    ['few different numbers', (index) => Math.floor(3 * randomUniform(2, index))],
    ['one number', () => 1],
    ['rising numbers', (index) => index],
    ['falling numbers', (index) => -index],
    ['numbers that rise and fall', (index) => Math.min(index, count - index)],
    ['±Infinity among others', (index) => [index, -Infinity, Infinity, 0][index % 4]!],
  ];

  it.each(orders)('is what sorting finds in %s, at every rank', (_, at) => {
    for (const Kind of [Float32Array, Float64Array]) {
      const numbers = new Kind(count).map((_, index) => at(index));
      const sorted = numbers.slice().sort();
      for (let rank = 0; rank < count; rank += 37) {
        const work = numbers.slice();
        expect(nthSmallest(work, rank)).toBe(sorted[rank]);
        expect(work.subarray(0, rank).every((value) => value <= work[rank]!)).toBe(true);
        expect(work.subarray(rank).every((value) => value >= work[rank]!)).toBe(true);
        expect(work.sort()).toEqual(sorted);
      }
    }
  });

  it('ends where numbers are NaN', () => {
    for (const share of [1, 2, 3, 50]) {
      const numbers = Float64Array.from({ length: count }, (_, index) => (index % share === 0 ? Number.NaN : index));
      for (const rank of [0, 1, count >> 1, count - 1]) nthSmallest(numbers.slice(), rank);
    }
    expect(nthSmallest(Float64Array.of(Number.NaN), 0)).toBeNaN();
  });
});
