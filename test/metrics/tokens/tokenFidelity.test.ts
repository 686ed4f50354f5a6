import {
  accumulate,
  measure,
  perplexity,
  predictiveDivergence,
  randomNormal,
  restore,
  tokenFidelity,
} from 'dark-knowledge';
import { checkMetric } from 'dark-knowledge/testing';
import { describe, expect, it } from 'vitest';
import { quantilesOf } from '../../../src/metrics/tokens/valueDigest.ts';
import { describeMetric } from '../../support/metricSuite.ts';
import { analysisCases } from '../analysisCases.ts';

const [reference] = analysisCases('tokenFidelity', tokenFidelity);
const batch = reference!.batch as Readonly<
  Record<'teacherLogits' | 'studentLogits', number[][]> & Record<'labels', number[]>
>;
const clusters = batch.labels.map((_, token) => Math.floor(token / 5));

/** Logits [rows, 2] whose student is off by a number that is different in each row. */
function pairs(rows: number) {
  const teacher = new Float64Array(2 * rows);
  const student = new Float64Array(2 * rows);
  for (let row = 0; row < rows; row++) {
    teacher[2 * row] = randomNormal(1, row);
    student[2 * row] = teacher[2 * row]! + 0.3 * randomNormal(2, row);
  }
  const labels = Int32Array.from({ length: rows }, (_, row) => row % 2);
  return {
    teacherLogits: { data: teacher, shape: [rows, 2] },
    studentLogits: { data: student, shape: [rows, 2] },
    labels: { data: labels, shape: [rows] },
  };
}

describeMetric('tokenFidelity', [
  reference!,
  {
    title: 'clusters of five tokens',
    metric: tokenFidelity(),
    batch: { ...batch, clusters },
    expected: { clusters: 8 },
  },
  {
    title: 'a student that excludes the label',
    metric: tokenFidelity(),
    batch: {
      teacherLogits: [
        [0, 0],
        [0, 1],
      ],
      studentLogits: [
        [-Infinity, 0],
        [0, 1],
      ],
      labels: [0, 1],
    },
    expected: {
      klDivergence: { mean: Infinity, standardError: null, minimum: 0, maximum: Infinity },
      perplexity: { student: Infinity, ratio: Infinity, logRatioStandardError: null, correlation: null },
      labelProbabilityChange: { mean: -0.25, minimum: -0.5, maximum: 0 },
      sameTop: { rate: 0.5 },
    },
  },
  {
    title: 'what neither side expects',
    metric: tokenFidelity(),
    batch: { teacherLogits: [[-Infinity, 0]], studentLogits: [[-Infinity, 0]], labels: [0] },
    expected: {
      value: 0,
      klDivergence: { standardError: null },
      perplexity: { teacher: Infinity, student: Infinity, logRatio: null, ratio: null },
      labelProbabilityChange: { mean: 0, rootMeanSquare: 0, rootMeanSquareStandardError: null },
    },
  },
]);

describe('token fidelity', () => {
  it('passes the kit for metrics of one own', () => {
    const { passed } = checkMetric(tokenFidelity({ ignoreIndex: -100 }), { ...batch, clusters } as never, {
      permutations: true,
    });
    expect(passed).toContain('statistics do not grow with the batch');
  });

  it('agrees with the metrics that give one of its numbers', () => {
    const found = measure(tokenFidelity(), batch);
    const [teacher, student] = [batch.teacherLogits, batch.studentLogits].map((logits) =>
      measure(perplexity(), { logits, labels: batch.labels }),
    );
    expect(found.perplexity.teacher).toBeCloseTo(teacher!.value, 10);
    expect(found.perplexity.student).toBeCloseTo(student!.value, 10);
    const { value, fidelity } = measure(predictiveDivergence(), batch);
    expect(found.klDivergence.mean).toBeCloseTo(value, 13);
    expect(found.sameTop.rate).toBe(fidelity);
  });

  it('gives errors of independent tokens where each is a cluster, but for n/(n − 1)', () => {
    const alone = measure(tokenFidelity(), { ...batch, clusters: batch.labels.map((_, token) => token) });
    const { klDivergence, perplexity: ratio } = measure(tokenFidelity(), batch);
    expect(alone.klDivergence.standardError).toBeCloseTo(klDivergence.standardError!, 13);
    expect(alone.perplexity.logRatioStandardError).toBeCloseTo(ratio.logRatioStandardError!, 13);
  });

  it('gives the error of cluster sums by the formula', () => {
    const { klDivergence } = measure(tokenFidelity(), { ...batch, clusters });
    const divergences = batch.labels.map((_, row) =>
      measure(predictiveDivergence(), {
        teacherLogits: [batch.teacherLogits[row]!],
        studentLogits: [batch.studentLogits[row]!],
      }),
    );
    const sums = Array.from({ length: 8 }, (_, group) =>
      divergences.slice(5 * group, 5 * group + 5).reduce((sum, { value }) => sum + value - klDivergence.mean, 0),
    );
    const squares = sums.reduce((sum, value) => sum + value ** 2, 0);
    expect(klDivergence.standardError).toBeCloseTo(Math.sqrt((squares * 8) / 7) / 40, 12);
  });

  it('says nothing of the error of a single cluster', () => {
    const { klDivergence, clusters: groups } = measure(tokenFidelity(), {
      ...batch,
      clusters: batch.labels.map(() => 3),
    });
    expect([klDivergence.standardError, groups]).toEqual([null, 1]);
  });

  it('has no correlation where a side is constant but for rounding, in parts and by weights too', () => {
    // Every token has ln 5, but sums of weights round their mean.
    const rows = {
      teacherLogits: Array.from({ length: 5 }, () => Array(5).fill(0.5015882138001776)),
      studentLogits: Array.from({ length: 5 }, () => Array(5).fill(0.6126902027623468)),
      labels: [1, 4, 0, 1, 0],
      rowWeights: [2, 0.25, 1, 0.5, 0.25],
    };
    expect(measure(tokenFidelity(), rows).perplexity.correlation).toBeNull();
    const running = accumulate(tokenFidelity());
    for (let row = 0; row < 5; row++) {
      running.update({
        teacherLogits: [rows.teacherLogits[row]!],
        studentLogits: [rows.studentLogits[row]!],
        labels: [rows.labels[row]!],
        rowWeights: [rows.rowWeights[row]!],
      });
    }
    expect(running.compute().perplexity.correlation).toBeNull();
  });

  it('has no error where all tokens differ alike, though their ratio is beyond numbers', () => {
    const far = {
      teacherLogits: [
        [1000, 0],
        [1000, 0],
      ],
      studentLogits: [
        [0, 1000],
        [0, 1000],
      ],
      labels: [0, 0],
    };
    const { perplexity } = measure(tokenFidelity(), far);
    expect(perplexity).toMatchObject({ logRatio: 1000, ratio: Infinity, ratioStandardError: 0 });
  });

  it('refuses clusters that are no whole numbers, and a stream that has them only at times', () => {
    expect(() => measure(tokenFidelity(), { ...batch, clusters: clusters.map((group) => group + 0.5) })).toThrow(
      'tokenFidelity: clusters must be whole numbers of at most 2²⁴ in size, got 0.5.',
    );
    // In float32 these are one number.
    expect(() => measure(tokenFidelity(), { ...batch, clusters: clusters.map((group) => group + 2 ** 26) })).toThrow(
      /Number the documents from 0/,
    );
    const running = accumulate(tokenFidelity());
    running.update(batch);
    expect(() => running.update({ ...batch, clusters })).toThrow(/cluster places must be 0, as in the batches before/);
  });

  it('keeps the errors of many clusters valid when it puts them together', () => {
    const rows = 40_000;
    const many = pairs(rows);
    const groups = { data: Int32Array.from({ length: rows }, (_, row) => row >> 1), shape: [rows] };
    const found = measure(tokenFidelity(), { ...many, clusters: groups });
    // Of 4096 places a few get none of 20000 clusters.
    expect(found.clusters).toBeGreaterThan(4000);
    expect(found.clusters).toBeLessThanOrEqual(4096);
    // Clusters of two independent tokens: the error of independent tokens, within the noise of 4096 squares.
    const plain = measure(tokenFidelity(), many);
    const share = found.klDivergence.standardError! / plain.klDivergence.standardError!;
    expect(Math.abs(share - 1)).toBeLessThan(0.05);
  });

  it('adds up clusters that several parts share, whatever their order', () => {
    const rows = 12_000;
    const many = { ...pairs(rows), clusters: Int32Array.from({ length: rows }, (_, row) => row % 5000) };
    const part = (from: number, to: number) => ({
      teacherLogits: { data: many.teacherLogits.data.subarray(2 * from, 2 * to), shape: [to - from, 2] },
      studentLogits: { data: many.studentLogits.data.subarray(2 * from, 2 * to), shape: [to - from, 2] },
      labels: { data: many.labels.data.subarray(from, to), shape: [to - from] },
      clusters: { data: many.clusters.subarray(from, to), shape: [to - from] },
    });
    const parts = [part(0, 3000), part(3000, 9000), part(9000, rows)];
    const of = (order: readonly number[]) => {
      const running = accumulate(tokenFidelity());
      for (const at of order) running.update(parts[at]!);
      return running.compute();
    };
    const [one, two] = [of([0, 1, 2]), of([2, 0, 1])];
    expect(one.clusters).toBe(two.clusters);
    expect(two.klDivergence.standardError).toBeCloseTo(one.klDivergence.standardError!, 12);
  });
});

describe('quantiles of a stream', () => {
  const rows = 30_000;
  const whole = pairs(rows);
  const part = (from: number, to: number) => ({
    teacherLogits: { data: whole.teacherLogits.data.subarray(2 * from, 2 * to), shape: [to - from, 2] },
    studentLogits: { data: whole.studentLogits.data.subarray(2 * from, 2 * to), shape: [to - from, 2] },
    labels: { data: whole.labels.data.subarray(from, to), shape: [to - from] },
  });
  const stream = (cuts: readonly number[]) => {
    const running = accumulate(tokenFidelity());
    cuts.slice(1).forEach((end, at) => {
      running.update(part(cuts[at]!, end));
    });
    return running;
  };
  const exact = measure(tokenFidelity(), whole);

  it('are exact for one batch of any size, and for a stream of few values', () => {
    expect(exact.quantileError).toBe(0);
    const few = stream([0, 1000, 2500, 8000]).compute();
    const once = measure(tokenFidelity(), part(0, 8000));
    expect(few.quantileError).toBe(0);
    expect(few.klDivergence).toEqual({
      ...once.klDivergence,
      mean: expect.closeTo(once.klDivergence.mean, 13),
      standardError: expect.closeTo(once.klDivergence.standardError!, 13),
    });
  });

  it('are within the stated share of themselves for any other', () => {
    const { klDivergence, labelProbabilityChange, quantileError } = stream([0, 7000, 9000, 21_000, rows]).compute();
    expect(quantileError).toBeGreaterThan(0);
    expect(quantileError).toBeLessThanOrEqual(2 ** -7);
    for (const [found, wanted] of [
      [klDivergence, exact.klDivergence],
      [labelProbabilityChange, exact.labelProbabilityChange],
    ] as const) {
      for (const name of ['minimum', 'p001', 'p01', 'p05', 'p10', 'median', 'p90', 'p95', 'p99', 'p999'] as const) {
        // Neighbours between which a quantile lies are each within the share.
        expect(Math.abs(found[name] - wanted[name]), name).toBeLessThanOrEqual(
          quantileError * Math.abs(wanted[name]) + 1e-4,
        );
      }
    }
  });

  it('depend on neither the order nor the grouping of the batches', () => {
    const [a, b, c] = [stream([0, 9000]), stream([9000, 20_000]), stream([20_000, rows])];
    const left = accumulate(tokenFidelity());
    for (const running of [a, b, c]) left.merge(running);
    const right = restore(tokenFidelity(), JSON.parse(JSON.stringify(c)));
    const inner = restore(tokenFidelity(), b.state());
    inner.merge(a);
    right.merge(inner);
    const quantiles = ({ mean, standardError, ...rest }: ReturnType<typeof left.compute>['klDivergence']) => rest;
    expect(quantiles(right.compute().klDivergence)).toEqual(quantiles(left.compute().klDivergence));
  });

  it('take a state of the same size after any number of rows', () => {
    const size = (running: ReturnType<typeof stream>) =>
      Object.values(running.state().statistics!).reduce((sum, { data }) => sum + data.length, 0);
    expect(size(stream([0, 10, 20]))).toBe(size(stream([0, 10_000, 20_000, rows])));
  });

  it('know a label to which one side gives no probability that float64 holds', () => {
    // p = e^−10000 and q = 1, then the other way round.
    const [certain, impossible] = [
      [1e4, 0],
      [0, 1e4],
    ];
    for (const [teacher, student, change] of [
      [impossible, certain, 1],
      [certain, impossible, -1],
      [[0, 800], [0, 0], 0.5],
      [[0, 0], [0, 800], -0.5],
    ] as const) {
      const found = measure(tokenFidelity(), { teacherLogits: [teacher], studentLogits: [student], labels: [0] });
      expect(found.labelProbabilityChange.mean).toBe(change);
    }
  });

  it('are infinite beside an infinite value, and never NaN', () => {
    const values = Float64Array.of(-Infinity, 1, Infinity);
    const digest = { values, weights: Float64Array.of(1, 1, 1), bits: 52 };
    expect(Array.from(quantilesOf(digest, [0, 0.25, 0.5, 0.75, 1]))).toEqual([
      -Infinity,
      -Infinity,
      1,
      Infinity,
      Infinity,
    ]);
  });

  it('know a value of −0, of 0 and of both signs', () => {
    const running = accumulate(tokenFidelity());
    const same = { teacherLogits: [[1, 2]], studentLogits: [[1, 2]], labels: [0] };
    for (let update = 0; update < 3; update++) running.update(same);
    const { klDivergence, labelProbabilityChange } = running.compute();
    expect(klDivergence).toMatchObject({ minimum: 0, median: 0, maximum: 0 });
    expect(Math.abs(labelProbabilityChange.median)).toBe(0);
  });
});
