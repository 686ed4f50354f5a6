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
