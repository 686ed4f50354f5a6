import { accumulate, compressionExemplars, measure, measureOn, restore } from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import { describe, expect, it } from 'vitest';
import { expectDeepClose } from '../../support/deepClose.ts';
import { describeMetric } from '../../support/metricSuite.ts';
import { analysisCases } from '../analysisCases.ts';

const [reference] = analysisCases('compressionExemplars', compressionExemplars);
const batch = reference!.batch as { before: number[][]; after: number[][]; labels: number[] };
const scores = (runs: readonly (readonly number[])[]) =>
  runs.map((run) => run.map((label) => [0, 1, 2].map((at) => (at === label ? 1 : 0))));

describeMetric('compressionExemplars', [
  // Rows are the second axis: streams are tested below.
  { ...reference!, streams: false },
  {
    title: 'from logits',
    metric: compressionExemplars({ from: 'logits' }),
    batch: { beforeLogits: scores(batch.before), afterLogits: scores(batch.after), labels: batch.labels },
    expected: { exemplars: [5, 8, 20, 36], value: 0.1 },
    streams: false,
  },
  {
    title: 'one run a side: a list, and no test',
    metric: compressionExemplars({ classes: 4 }),
    batch: { before: [[0, 1, 2]], after: [[0, 2, 2]], labels: [0, 1, 1] },
    expected: {
      exemplars: [1],
      answers: [{ index: 1, before: 1, after: 2, label: 1 }],
      // Recall of 1: ½ → 0; accuracy ⅔ → ⅓.
      classShift: [1 / 3, -1 / 6, null, null],
      welchT: [null, null, null, null],
      pValue: [null, null, null, null],
      support: [1, 2, 0, 0],
    },
    streams: false,
  },
]);

const part = (from: number, to: number) => ({
  before: batch.before.map((run) => run.slice(from, to)),
  after: batch.after.map((run) => run.slice(from, to)),
  labels: batch.labels.slice(from, to),
});

describe('compression exemplars', () => {
  it('are the same as a stream, merged and restored, and numbered from the first row', () => {
    const whole = measure(compressionExemplars(), batch);
    const running = accumulate(compressionExemplars());
    for (const [from, to] of [
      [0, 2],
      [2, 21],
      [21, 40],
    ] as const) {
      running.update(part(from, to));
    }
    expectDeepClose(running.compute(), whole, 1e-12);
    const first = accumulate(compressionExemplars());
    first.update(part(0, 8));
    const rest = accumulate(compressionExemplars());
    rest.update(part(8, 40));
    const restored = restore(compressionExemplars(), JSON.parse(JSON.stringify(first)));
    restored.merge(rest);
    expectDeepClose(restored.compute(), whole, 1e-12);
  });

  it('count a row of weight 2 as two, and one of weight 0 or of the ignored label not at all', async () => {
    const { labels } = batch;
    const doubled = measure(compressionExemplars(), {
      ...batch,
      rowWeights: labels.map((_, row) => (row === 5 ? 2 : 1)),
    });
    expect(doubled.value).toBeCloseTo(5 / 41, 14);
    const masked = { ...batch, rowWeights: labels.map((_, row) => (row < 6 ? 0 : 1)) };
    const kept = measure(compressionExemplars(), part(6, 40));
    const got = measure(compressionExemplars(), masked);
    expect(got.exemplars).toEqual([8, 20, 36]);
    expectDeepClose(got.classShift, kept.classShift, 1e-12);
    const ignored = { ...batch, labels: labels.map((label, row) => (row < 6 ? -1 : label)) };
    const { readSync, ...blind } = cpuBackend({ precision: 'float64' });
    expectDeepClose(await measureOn(blind, compressionExemplars({ ignoreIndex: -1 }), ignored), got, 1e-12);
  });

  it('of equally many answers take the lowest class', () => {
    const { exemplars } = measure(compressionExemplars(), {
      before: [[2], [1]],
      after: [[1], [0], [1], [0]],
      labels: [1],
    });
    expect(exemplars).toEqual([0]);
    const same = measure(compressionExemplars(), { before: [[2], [1]], after: [[1], [1]], labels: [1] });
    expect(same.exemplars).toEqual([]);
  });

  it('may be as many as there are rows', () => {
    const rows = 150_000;
    const run = (answer: number) => ({ data: new Int32Array(rows).fill(answer), shape: [1, rows] });
    const running = accumulate(compressionExemplars());
    for (let batch = 0; batch < 2; batch++) {
      running.update({ before: run(0), after: run(1), labels: new Int32Array(rows) });
    }
    const { value, exemplars } = running.compute();
    expect([value, exemplars.length, exemplars.at(-1)]).toEqual([1, 2 * rows, 2 * rows - 1]);
  });

  it('do not test the rounding of shifts that are equal', () => {
    // In every run the recall of class 1 is 0.1 above the accuracy: 0.4 − 0.3, 0.6 − 0.5, 0.8 − 0.7 and 1 − 0.9.
    const labels = [0, 0, 0, 0, 0, 1, 1, 1, 1, 1];
    const run = (ofFirst: number, ofSecond: number) =>
      labels.map((label, row) => (row % 5 < (label === 0 ? ofFirst : ofSecond) ? label : 1 - label));
    const { welchT, pValue } = measure(compressionExemplars(), {
      before: [run(1, 2), run(2, 3)],
      after: [run(3, 4), run(4, 5)],
      labels,
    });
    expect([welchT, pValue]).toEqual([
      [0, 0],
      [1, 1],
    ]);
  });

  it('refuse what does not fit', () => {
    const metric = compressionExemplars();
    expect(() => measure(metric, { ...batch, before: batch.labels as never })).toThrow(
      /before must be of shape \[runs, rows\]/,
    );
    expect(() => measure(metric, { ...batch, labels: batch.labels.slice(1) })).toThrow(/rows of before/);
    expect(() => measure(metric, { ...batch, labels: batch.labels.map(() => 0.5) })).toThrow(
      /labels must be a whole number/,
    );
    expect(() => measure(compressionExemplars({ classes: 2 }), batch)).toThrow(
      /labels must be whole numbers in \[0, 2\)/,
    );
    expect(() => measure(metric, { ...batch, rowWeights: batch.labels.map(() => 0) })).toThrow(/rows that count/);
    const running = accumulate(metric);
    running.update(batch);
    expect(() => running.update({ ...part(0, 3), before: part(0, 3).before.slice(1) })).toThrow(
      'compressionExemplars: number of runs before must be 5, as in the batches before, got 4.',
    );
  });
});
