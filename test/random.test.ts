import { describe, expect, it } from 'vitest';
import { deriveSeed, randomBelow, randomBits, randomNormal, randomPermutation, randomUniform } from '../src/random.ts';

const draws = 100_000;
const drawn = (draw: (index: number) => number): number[] => Array.from({ length: draws }, (_, index) => draw(index));
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('the counter-based generator', () => {
  it('gives the same draw for the same seed and position, whatever was drawn before', () => {
    const forwards = [0, 1, 2].map((index) => randomBits(7, index));
    const backwards = [2, 1, 0].map((index) => randomBits(7, index)).reverse();
    expect(forwards).toEqual(backwards);
    expect(randomBits(8, 0)).not.toBe(forwards[0]);
  });

  it('fills [0, 1) evenly: chi-square over 64 cells stays below its 0.9999 quantile', () => {
    const cells = new Array<number>(64).fill(0);
    for (const value of drawn((index) => randomUniform(3, index))) cells[Math.floor(value * 64)]!++;
    const expected = draws / 64;
    const chiSquare = cells.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    expect(chiSquare).toBeLessThan(112); // 63 degrees of freedom
  });

  it('has neighbouring positions and neighbouring seeds uncorrelated', () => {
    const pairs = (other: (index: number) => number): number =>
      12 * mean(drawn((index) => (randomUniform(5, index) - 0.5) * (other(index) - 0.5)));
    // Five standard errors of a correlation of independent draws.
    const bound = 5 / Math.sqrt(draws);
    expect(Math.abs(pairs((index) => randomUniform(5, index + 1)))).toBeLessThan(bound);
    expect(Math.abs(pairs((index) => randomUniform(6, index)))).toBeLessThan(bound);
    expect(Math.abs(pairs((index) => randomUniform(deriveSeed(5, 1), index)))).toBeLessThan(bound);
  });

  it('draws whole numbers below a bound, all of them', () => {
    const seen = new Set(drawn((index) => randomBelow(1, index, 10)));
    expect([...seen].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('draws below any bound up to 2³² what whole numbers give, where doubles would round the product up', () => {
    // Positions 732 396, 4 040 232 and 27 774 532 of seed 1, found by a search in Python: rounded products are 1 more there.
    const found = [
      [732_396, 4_294_967_291, 2_576_980_548],
      [4_040_232, 3_000_000_019, 876_925_951],
      [27_774_532, 2 ** 31 - 1, 1_073_742_039],
      [0, 2 ** 21 + 1, 1_264_185],
      [5, 2 ** 32, 1_523_313_838],
    ] as const;
    for (const [index, bound, drawn] of found) expect(randomBelow(1, index, bound)).toBe(drawn);
    for (let index = 0; index < 3000; index++) {
      const bound = Math.ceil(2 ** (32 * randomUniform(2, index)));
      const exact = (BigInt(randomBits(1, index)) * BigInt(bound)) >> 32n;
      expect(randomBelow(1, index, bound)).toBe(Number(exact));
    }
  });

  it('draws normal numbers of mean 0 and variance 1, all finite', () => {
    const values = drawn((index) => randomNormal(2, index));
    expect(values.every(Number.isFinite)).toBe(true);
    expect(Math.abs(mean(values))).toBeLessThan(5 / Math.sqrt(draws));
    expect(Math.abs(mean(values.map((value) => value ** 2)) - 1)).toBeLessThan(5 * Math.sqrt(2 / draws));
  });

  it('permutes: every number once, and each place equally often', () => {
    const order = randomPermutation(9, 1000);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, index) => index));
    const first = new Array<number>(4).fill(0);
    for (let seed = 0; seed < 20_000; seed++) first[randomPermutation(seed, 4)[0]!]!++;
    for (const count of first) expect(Math.abs(count - 5000)).toBeLessThan(5 * Math.sqrt(5000 * 0.75));
  });
});
