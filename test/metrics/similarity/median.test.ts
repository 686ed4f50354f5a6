import { tensor } from 'dark-knowledge';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { median } from '../../../src/ops/median.ts';
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
