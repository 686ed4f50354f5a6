import type { HostBackend, HostTensor } from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import { describe, expect, it } from 'vitest';
import {
  exponentialMinusOne,
  exponentialRemainder,
  logOfRatio,
  logOnePlus,
} from '../../src/ops/exponentialRemainder.ts';

const sizes = [0, 1e-15, 1e-12, 1e-6, 1e-3, 0.02, 0.0312, 0.0313, 0.1, 0.5, 0.9];
const numbers = Float32Array.from([...sizes, ...sizes.map((size) => -size), 3, 30]);
const x: HostTensor = { data: numbers, shape: [numbers.length] };

/** x²/2 + x³/6 + …, summed from its smallest term. */
function remainderBySeries(value: number): number {
  const terms: number[] = [];
  let term = value;
  for (let power = 2; power < 120; power++) {
    term *= value / power;
    terms.push(term);
  }
  return terms.reverse().reduce((sum, next) => sum + next, 0);
}

type Operation = (backend: HostBackend<HostTensor>, tensor: HostTensor) => HostTensor;

/** Beyond the series a remainder in float32 is a difference of numbers that are 2000 times as large. */
const operations: readonly [string, Operation, (value: number) => number, single: number][] = [
  ['exponentialMinusOne', exponentialMinusOne, Math.expm1, 5e-6],
  ['logOnePlus', logOnePlus, Math.log1p, 5e-6],
  ['exponentialRemainder', exponentialRemainder, remainderBySeries, 3e-4],
];

describe.each(operations)('%s', (_, operation, reference, single) => {
  it.each([
    ['float64', 2e-11],
    ['float32', single],
  ] as const)('keeps its digits for numbers of every size, in %s', (precision, tolerance) => {
    const { data } = operation(cpuBackend({ precision }), x);
    numbers.forEach((value, index) => {
      const expected = reference(value);
      expect(Math.abs(data[index]! - expected), `at ${value}`).toBeLessThanOrEqual(tolerance * Math.abs(expected));
    });
  });

  it('passes NaN on', () => {
    expect(operation(cpuBackend(), { data: Float32Array.of(Number.NaN), shape: [1] }).data[0]).toBeNaN();
  });
});

describe('logOfRatio', () => {
  it.each([
    ['float64', 4e-12],
    ['float32', 1e-6],
  ] as const)('keeps the digits of the difference, in %s', (precision, tolerance) => {
    const side = [0, 1e-30, 1e-9, 1e-3, 0.1, 0.4999, 0.5, 0.75, 0.999, 1].map(Math.fround);
    const pairs = side.flatMap((a) => side.map((b) => [a, b] as const));
    const column = (at: 0 | 1) => ({ data: Float32Array.from(pairs, (pair) => pair[at]), shape: [pairs.length] });
    const { data } = logOfRatio(cpuBackend({ precision }), column(0), column(1));
    pairs.forEach(([a, b], index) => {
      const expected = Math.log1p((a - b) / (1 + b));
      expect(Math.abs(data[index]! - expected), `at ${a}, ${b}`).toBeLessThanOrEqual(tolerance * Math.abs(expected));
    });
  });
});
