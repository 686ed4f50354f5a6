import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { binomialProbability, fairLowerTail } from '../../../src/metrics/inference/binomial.ts';
import { binomialDraw, resampledCounts } from '../../../src/metrics/inference/binomialDraw.ts';
import { holmAdjusted } from '../../../src/metrics/inference/holm.ts';
import { mcNemar } from '../../../src/metrics/inference/mcNemar.ts';
import { welch } from '../../../src/metrics/inference/welch.ts';
import { wilsonInterval } from '../../../src/metrics/inference/wilson.ts';
import { normalCritical } from '../../../src/ops/normalTail.ts';
import { studentTTail } from '../../../src/ops/studentTTail.ts';

interface Peers {
  readonly tails: readonly { hits: number; trials: number; value: number }[];
  readonly points: readonly { hits: number; trials: number; chance: number; value: number }[];
  readonly flips: readonly { b: number; c: number; exact: number; midP: number }[];
  readonly students: readonly { t: number; degrees: number; value: number }[];
  readonly samples: readonly { first: number[]; second: number[]; t: number; pValue: number }[];
  readonly families: readonly { values: number[]; adjusted: number[] }[];
  readonly shares: readonly { hits: number; count: number; interval: number[] }[];
}
const peers: Peers = JSON.parse(readFileSync(new URL('../../fixtures/inference.json', import.meta.url), 'utf8'));
const near = (got: number, wanted: number, tolerance = 1e-11) =>
  expect(Math.abs(got - wanted), `${got} for ${wanted}`).toBeLessThanOrEqual(tolerance * Math.abs(wanted));

describe('binomial probabilities', () => {
  it.each(peers.points)('of $hits of $trials at $chance are SciPy’s', ({ hits, trials, chance, value }) => {
    near(binomialProbability(hits, trials, chance), value, 1e-12);
  });
  it.each(peers.tails)('up to $hits of $trials add up to SciPy’s', ({ hits, trials, value }) => {
    near(fairLowerTail(hits, trials), value, 2e-11);
  });
  it('add up to 1, and are 0 where nothing can be', () => {
    const all = Array.from({ length: 41 }, (_, hits) => binomialProbability(hits, 40, 0.3));
    near(
      all.reduce((sum, value) => sum + value, 0),
      1,
      1e-13,
    );
    expect([
      binomialProbability(-1, 4, 0.5),
      binomialProbability(5, 4, 0.5),
      binomialProbability(0, 4, 0),
      binomialProbability(4, 4, 1),
    ]).toEqual([0, 0, 1, 1]);
  });
});

describe('tests', () => {
  it.each(peers.flips)('McNemar of $b and $c flips is statsmodels’', ({ b, c, exact, midP }) => {
    const found = mcNemar(b, c);
    near(found.exact!, exact);
    near(found.midP!, midP);
    expect(mcNemar(c, b)).toEqual(found);
  });
  it('McNemar of weights that are no counts says nothing', () => {
    expect(mcNemar(2.5, 1)).toEqual({ exact: null, midP: null });
  });
  it.each(peers.students)('Student of $t on $degrees degrees is SciPy’s', ({ t, degrees, value }) => {
    near(2 * studentTTail(t, degrees), value, 2e-11);
  });
  it.each(peers.samples)('Welch of $first and $second is SciPy’s', ({ first, second, t, pValue }) => {
    near(welch(first, second)!.t, t);
    near(welch(first, second)!.pValue, pValue, 1e-10);
  });
  it('Welch of constant samples, and of one number, has a stated result', () => {
    expect(welch([1, 1], [1, 1])).toEqual({ t: 0, pValue: 1 });
    expect(welch([1, 1], [2, 2])).toEqual({ t: Infinity, pValue: 0 });
    expect(welch([1], [2, 3])).toBeNull();
  });
  it('Welch does not take the rounding of a mean for a spread', () => {
    // 0.1 three times has a mean of 0.10000000000000002.
    expect(welch([0.1, 0.1, 0.1], [0.1, 0.1])).toEqual({ t: 0, pValue: 1 });
    expect(welch([0.1, 0.1, 0.1], [0.2, 0.2, 0.2])).toEqual({ t: Infinity, pValue: 0 });
    // Shares that are equal but for how they were computed.
    expect(welch([0.6 - 0.5, 0.7 - 0.6], [0.8 - 0.7, 0.9 - 0.8], 2 ** -48)).toEqual({ t: 0, pValue: 1 });
  });
  it.each([1e-200, 1e-100, 1e200])('Welch of numbers times %d is that of the numbers', (scale) => {
    const [first, second] = [
      [1, 2, 3],
      [2, 4, 3],
    ];
    const times = (values: readonly number[]) => values.map((value) => value * scale);
    const [plain, scaled] = [welch(first, second)!, welch(times(first), times(second))!];
    near(scaled.t, plain.t);
    near(scaled.pValue, plain.pValue);
  });
  it.each(peers.families)('Holm of $values is statsmodels’', ({ values, adjusted }) => {
    expect(holmAdjusted(values)).toEqual(adjusted.map((value: number) => expect.closeTo(value, 12)));
  });
  it('Holm leaves tests that were not made out of the count', () => {
    expect(holmAdjusted([0.02, null, 0.5])).toEqual([0.04, null, 0.5]);
  });
  it.each(peers.shares)('Wilson of $hits in $count is statsmodels’', ({ hits, count, interval }) => {
    expect(wilsonInterval(hits, count, normalCritical(0.95))).toEqual(
      interval.map((value: number) => expect.closeTo(value, 12)),
    );
  });
  it('Wilson of nothing is nothing', () => {
    expect(wilsonInterval(0, 0, 1.96)).toBeNull();
  });
});

describe('draws of counts', () => {
  it('have the mean and the variance of the binomial distribution', () => {
    const draws = Array.from({ length: 20_000 }, (_, index) => binomialDraw(3, index, 1000, 0.3));
    const mean = draws.reduce((sum, value) => sum + value, 0) / draws.length;
    const variance = draws.reduce((sum, value) => sum + (value - mean) ** 2, 0) / draws.length;
    // Five standard errors of each.
    expect(Math.abs(mean - 300)).toBeLessThan(5 * Math.sqrt(210 / draws.length));
    expect(Math.abs(variance - 210)).toBeLessThan(5 * 210 * Math.sqrt(2 / draws.length));
  });
  it('come up as often as they are likely', () => {
    const draws = Array.from({ length: 50_000 }, (_, index) => binomialDraw(8, index, 6, 0.35));
    for (let hits = 0; hits <= 6; hits++) {
      const chance = binomialProbability(hits, 6, 0.35);
      const share = draws.filter((draw) => draw === hits).length / draws.length;
      expect(Math.abs(share - chance)).toBeLessThan(5 * Math.sqrt((chance * (1 - chance)) / draws.length));
    }
  });
  it('of a table keep its number of rows and its empty cells', () => {
    for (let seed = 0; seed < 50; seed++) {
      const drawn = resampledCounts(seed, [10, 0, 20, 1e6]);
      expect(drawn.reduce((sum, value) => sum + value, 0)).toBe(1_000_030);
      expect(drawn[1]).toBe(0);
    }
    expect(resampledCounts(4, [0, 7])).toEqual(Float64Array.of(0, 7));
  });
});
