/** Correlations with their intervals and p-values, by SciPy; weights and masks; tails of distributions. */
import {
  accumulate,
  kendallCorrelation,
  type MetricState,
  measure,
  pearsonCorrelation,
  restore,
  spearmanCorrelation,
} from 'dark-knowledge';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalCritical, normalTail } from '../../../src/ops/normalTail.ts';
import { studentTCritical } from '../../../src/ops/studentTCritical.ts';
import { studentTTail } from '../../../src/ops/studentTTail.ts';
import fixture from '../../fixtures/correlations.json' with { type: 'json' };
import { expectDeepClose } from '../../support/deepClose.ts';
import { describeMetric } from '../../support/metricSuite.ts';

const { cases, tails } = fixture;
const factories = { pearson: pearsonCorrelation, spearman: spearmanCorrelation, kendall: kendallCorrelation } as const;
const names = Object.keys(factories) as (keyof typeof factories)[];

for (const name of names) {
  describeMetric(
    `${name}Correlation`,
    Object.entries(cases)
      // Numbers of 1e-200 are none in float32.
      .filter(([title]) => title !== 'tiny')
      .map(([title, { x, y, ...expected }]) => ({
        title: `SciPy's, ${title}`,
        metric: factories[name]({ level: 0.9 }),
        batch: { x, y },
        expected: expected[name],
        tolerance: 1e-10,
      })),
  );
}

describe('correlations', () => {
  it('that are ±1 but for rounding are ±1, and their tests certain, in whatever parts and order the rows come', () => {
    // Two different points in weights of which no sum is exact: 1 − r² would be some 1e-16, and its root 1e-8.
    const [x, y] = [
      [-2.852254301101309, 0.3, -0.9674199921577091, 0.3],
      [-1.5200824053361295, 0.3, 1.0885002495202127, 0.3],
    ];
    const rows = { x: x!, y: y!, rowWeights: [0.5, 0, 2, 0] };
    for (const name of ['pearson', 'spearman'] as const) {
      const whole = measure(factories[name](), rows);
      expect(whole).toMatchObject({ value: 1, pValue: 0 });
      const [first, second] = [accumulate(factories[name]()), accumulate(factories[name]())];
      const part = (from: number, to: number) => ({
        x: rows.x.slice(from, to),
        y: rows.y.slice(from, to),
        rowWeights: rows.rowWeights.slice(from, to),
      });
      first.update(part(0, 1));
      second.update(part(1, 4));
      second.merge(first);
      expect(second.compute(), name).toMatchObject({ value: 1, pValue: 0 });
    }
    const line = Array.from({ length: 50 }, (_, row) => 0.1 * row + 1e3);
    expect(
      pearsonCorrelation(
        line,
        line.map((value) => 7 - value / 3),
      ),
    ).toMatchObject({ value: -1, pValue: 0 });
  });

  it("have SciPy's value where one side is around 1e-200, as metrics and at once", () => {
    const { x, y, pearson } = cases.tiny;
    expect(Math.abs(measure(pearsonCorrelation(), { x, y }).value - 0.727293054075045)).toBeLessThan(1e-14);
    expectDeepClose(pearsonCorrelation(x, y, { level: 0.9 }), pearson, 1e-10);
    expect(spearmanCorrelation(x, y).value).toBe(1);
    expect(kendallCorrelation(x, y).value).toBe(1);
  });

  it('give at once what the metric gives, in parts and merged too', () => {
    for (const name of names) {
      for (const { x, y } of Object.values(cases)) {
        const whole = factories[name](x, y);
        expectDeepClose(measure(factories[name](), { x, y }), whole, 1e-12, name);
        const running = accumulate(factories[name]());
        for (let at = 0; at < x.length; at += 4) running.update({ x: x.slice(at, at + 4), y: y.slice(at, at + 4) });
        expectDeepClose(running.compute(), whole, 1e-12, name);
        const state = JSON.parse(JSON.stringify(running)) as MetricState;
        expectDeepClose(restore(factories[name](), state).compute(), whole, 1e-12, name);
      }
    }
  });

  it('count a row of weight 2 as two rows, one of weight 0 as none, and one that is masked as none', () => {
    for (const name of names) {
      const { x, y } = cases.ties;
      const weights = x.map((_, row) => [1, 2, 0, 3][row % 4]!);
      const repeated = (values: number[]) =>
        values.flatMap((value, row) => new Array<number>(weights[row]!).fill(value));
      const expected = factories[name](repeated(x), repeated(y));
      const spoiled = x.map((value, row) => (weights[row] === 0 ? Number.NaN : value));
      expectDeepClose(measure(factories[name](), { x: spoiled, y, rowWeights: weights }), expected, 1e-12, name);
      const labels = x.map((_, row) => (row % 3 === 0 ? -100 : 7));
      const kept = (values: number[]) => values.filter((_, row) => row % 3 !== 0);
      const masked = measure(factories[name]({ ignoreIndex: -100 }), { x, y, labels });
      expectDeepClose(masked, factories[name](kept(x), kept(y)), 1e-12, name);
    }
  });

  it('have a status where one side is constant, refuse NaN and other shapes, and rank infinities', () => {
    for (const name of names) {
      const factory = factories[name];
      expect(factory([2, 2, 2], [1, 2, 3])).toEqual({
        value: 0,
        status: 'constant',
        count: 3,
        interval: null,
        pValue: null,
      });
      expect(measure(factory(), { x: [0.1, 0.1, 0.1], y: [1, 2, 3] }).status).toBe('constant');
      expect(() => factory([1, Number.NaN], [1, 2])).toThrow(`${name}Correlation: x must be`);
      expect(() => measure(factory(), { x: [1, 2], y: [1, Number.NaN] })).toThrow(`${name}Correlation: y must be`);
      expect(() => factory([1, 2], [1, 2, 3])).toThrow(TypeError);
      expect(() => measure(factory(), { x: [], y: [] })).toThrow(TypeError);
      expect(() => factory({ levels: 1 } as never)).toThrow(/option must be one of/);
      expect(() => factory([1, 2], [1, 2], { level: 1 })).toThrow(/level/);
    }
    for (const factory of [spearmanCorrelation, kendallCorrelation]) {
      expect(factory([-Infinity, 0, Infinity], [1, 2, 3]).value).toBe(1);
      expect(measure(factory(), { x: [-Infinity, 0, Infinity], y: [1, 2, 3] }).value).toBe(1);
    }
  });

  it('have no interval or p-value of too few rows', () => {
    expect(pearsonCorrelation([1, 2], [1, 2])).toMatchObject({ value: 1, interval: null, pValue: null });
    expect(pearsonCorrelation([1, 2, 4], [1, 3, 2]).interval).toBeNull();
    expect(kendallCorrelation([1, 2, 4, 3], [1, 3, 2, 4]).interval).toBeNull();
    expect(pearsonCorrelation([1, 2, 4, 9], [2, 4, 8, 18])).toMatchObject({ pValue: 0, interval: { low: 1, high: 1 } });
  });

  it('take Bonett and Wright’s variances for ranks: intervals by hand', () => {
    const { x, y } = cases.normal;
    const [z, n] = [1.959963984540054, x.length];
    const around = (value: number, variance: number) => ({
      low: Math.tanh(Math.atanh(value) - z * Math.sqrt(variance)),
      high: Math.tanh(Math.atanh(value) + z * Math.sqrt(variance)),
    });
    const [rho, tau] = [spearmanCorrelation(x, y), kendallCorrelation(x, y)];
    expectDeepClose(rho.interval, around(rho.value, (1 + rho.value ** 2 / 2) / (n - 3)), 1e-12);
    expectDeepClose(tau.interval, around(tau.value, 0.437 / (n - 4)), 1e-12);
  });

  it('Kendall’s τ_b is the difference of pairs over the ordered ones, counted pair by pair', () => {
    const small = fc.array(fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 4 })), {
      minLength: 2,
      maxLength: 30,
    });
    fc.assert(
      fc.property(small, (rows) => {
        let [difference, orderedX, orderedY] = [0, 0, 0];
        for (let i = 0; i < rows.length; i++) {
          for (let j = 0; j < i; j++) {
            const [a, b] = [Math.sign(rows[i]![0] - rows[j]![0]), Math.sign(rows[i]![1] - rows[j]![1])];
            difference += a * b;
            orderedX += Math.abs(a);
            orderedY += Math.abs(b);
          }
        }
        const { value, status } = kendallCorrelation(
          rows.map(([a]) => a),
          rows.map(([, b]) => b),
        );
        if (orderedX === 0 || orderedY === 0) expect(status).toBe('constant');
        else expect(value).toBeCloseTo(difference / Math.sqrt(orderedX * orderedY), 12);
      }),
      { numRuns: 200 },
    );
  });

  it('of ranks take half a million rows in seconds', () => {
    const count = 500_000;
    const x = Float64Array.from({ length: count }, (_, row) => (row * 7919) % 100_003);
    const y = x.map((value, row) => value + ((row * 104_729) % 50_021));
    const start = performance.now();
    expect(spearmanCorrelation(x, y).value).toBeGreaterThan(0.8);
    expect(kendallCorrelation(x, y).value).toBeGreaterThan(0.6);
    expect(performance.now() - start).toBeLessThan(20_000);
  });
});

describe('tails of distributions', () => {
  it("agree with SciPy's, however small", () => {
    for (const [t, degrees, tail] of tails.studentT) {
      expect(Math.abs(studentTTail(t!, degrees!) / tail! - 1), `t ${t}, ${degrees} degrees`).toBeLessThan(1e-10);
      expect(studentTTail(-t!, degrees!)).toBeCloseTo(1 - tail!, 12);
    }
    for (const [z, tail] of tails.normal) expect(Math.abs(normalTail(z!) / tail! - 1), `z ${z}`).toBeLessThan(1e-12);
    for (const [level, degrees, t] of tails.critical) {
      expect(Math.abs(studentTCritical(level!, degrees!) / t! - 1), `${degrees} degrees`).toBeLessThan(1e-9);
    }
    expect(normalCritical(0.95)).toBeCloseTo(1.959963984540054, 12);
    expect(studentTTail(Infinity, 5)).toBe(0);
  });
});
