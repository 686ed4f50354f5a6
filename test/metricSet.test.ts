import {
  type AnyMetric,
  accumulate,
  accumulateAll,
  accumulateAllOn,
  accumulateOn,
  accuracy,
  calibrationError,
  cka,
  confusionMatrix,
  f1Score,
  measure,
  measureAll,
  measureAllOn,
  metricSet,
  predictionFlips,
  rename,
  restore,
  tokenFidelity,
} from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import { checkMetric } from 'dark-knowledge/testing';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { describeMetric } from './support/metricSuite.ts';

const rows = 12;
const table = (seed: number, width: number) =>
  Array.from({ length: rows }, (_, row) =>
    Array.from({ length: width }, (_, at) => Math.sin(seed * (row + 1) + at * at)),
  );
const batch = {
  studentLogits: table(3, 4),
  teacherLogits: table(5, 4),
  labels: Array.from({ length: rows }, (_, row) => row % 4),
  studentFeatures: table(7, 5),
  teacherFeatures: table(2, 6),
};
const metrics = {
  student: rename(accuracy(), { logits: 'studentLogits' }),
  teacher: rename(accuracy(), { logits: 'teacherLogits' }),
  ece: rename(calibrationError({ bins: 5 }), { logits: 'studentLogits' }),
  similarity: rename(cka({ form: 'features' }), { x: 'studentFeatures', y: 'teacherFeatures' }),
  fidelity: tokenFidelity(),
};

// The whole suite: streams, merges, JSON, every backend, leaks.
describeMetric('metricSet', [
  {
    title: 'five metrics, routed',
    metric: metricSet(metrics),
    batch,
    expected: {
      student: measure(accuracy(), { logits: batch.studentLogits, labels: batch.labels }),
      teacher: measure(accuracy(), { logits: batch.teacherLogits, labels: batch.labels }),
      ece: measure(calibrationError({ bins: 5 }), { logits: batch.studentLogits, labels: batch.labels }),
      similarity: measure(cka({ form: 'features' }), { x: batch.studentFeatures, y: batch.teacherFeatures }),
      fidelity: measure(tokenFidelity(), batch),
    },
    tolerance: 0,
  },
]);

describe('several metrics at once', () => {
  it('are each what it is alone, to the last bit, also where a kernel takes float32', () => {
    const single = Object.fromEntries(
      Object.entries(batch).map(([name, value]) => [
        name,
        name === 'labels'
          ? value
          : {
              data: Float32Array.from((value as number[][]).flat()),
              shape: [rows, (value as number[][])[0]!.length],
            },
      ]),
    ) as unknown as typeof batch;
    const together = measureAll(metrics, single);
    expect(together.ece).toEqual(measure(metrics.ece, single));
    expect(together.similarity).toEqual(measure(metrics.similarity, single));
    expect(together.student).toEqual(measure(metrics.student, single));
  });

  it('stream, merge and go through JSON as one', async () => {
    const whole = measureAll(metrics, batch);
    const part = (from: number, to: number) =>
      Object.fromEntries(Object.entries(batch).map(([name, value]) => [name, value.slice(from, to)])) as typeof batch;
    const running = accumulateAll(metrics);
    running.update(part(0, 5));
    const resumed = restore(metricSet(metrics), JSON.parse(JSON.stringify(running)));
    const other = accumulateAll(metrics);
    other.update(part(5, rows));
    resumed.merge(other);
    expect(resumed.compute().student).toEqual(whole.student);
    expect(resumed.compute().similarity.value).toBeCloseTo(whole.similarity.value, 12);
    const device = accumulateAllOn(cpuBackend({ precision: 'float64' }), metrics, resumed.state());
    await device.update(part(0, 5));
    expect((await device.compute()).teacher.count).toBe(rows + 5);
    const once = await measureAllOn(cpuBackend({ precision: 'float64' }), metrics, batch);
    expect(once.fidelity).toEqual(whole.fidelity);
  });

  it('know their inputs and results by type', () => {
    const { ece, similarity } = measureAll(
      { accuracy: accuracy(), ece: calibrationError(), similarity: cka() },
      { logits: batch.studentLogits, labels: batch.labels, x: batch.studentFeatures, y: batch.teacherFeatures },
    );
    expectTypeOf(ece.bins.length).toEqualTypeOf<number>();
    expect(similarity.value).toBe(measure(cka(), { x: batch.studentFeatures, y: batch.teacherFeatures }).value);
    const two = { a: accuracy(), b: rename(f1Score({ average: 'macro' }), { logits: 'others' }) };
    type Batch = Parameters<typeof measureAll<typeof two>>[1];
    expectTypeOf<Batch>().toHaveProperty('logits');
    expectTypeOf<Batch>().toHaveProperty('others');
    // @ts-expect-error: the second metric reads others.
    expect(() => measureAll(two, { logits: [[1, 0]], labels: [0] })).toThrow('metricSet: others must be given');
    const { a, b } = measureAll(two, { logits: [[1, 0]], others: [[0, 1]], labels: [0] });
    expectTypeOf(a.correct).toEqualTypeOf<number>();
    expect([a.value, b.perClass.length]).toEqual([1, 2]);
  });

  it('take masks and weights alike, and a set within a set', () => {
    const inner = metricSet({ top: accuracy({ ignoreIndex: -1 }) });
    const given = {
      logits: [
        [1, 0],
        [0, 1],
        [1, 0],
      ],
      labels: [0, 0, -1],
      rowWeights: [1, 2, 5],
    };
    const { nested, table: confusion } = measureAll(
      { nested: rename(inner, {}), table: confusionMatrix({ ignoreIndex: -1 }) },
      given,
    );
    expect(nested.top).toEqual({ value: 1 / 3, correct: 1, count: 3 });
    expect(confusion.matrix).toEqual([
      [1, 2],
      [0, 0],
    ]);
  });

  it('refuse the faults of each by its own name', () => {
    const bad = { ...batch, labels: batch.labels.map((label) => label + 1) };
    expect(() => measureAll(metrics, bad)).toThrow('accuracy: labels must be whole numbers in [0, 4), got 4.');
    const { readSync, ...blind } = cpuBackend();
    return expect(measureAllOn(blind, metrics, bad)).rejects.toThrow('accuracy: labels must be whole numbers from 0');
  });

  it('refuse a state of others, or of other statistics', () => {
    const running = accumulateAll({ a: accuracy() });
    running.update({ logits: [[1, 0]], labels: [0] });
    const state = running.state();
    expect(() => restore(metricSet({ a: accuracy({ topK: 2 }) }), state)).toThrow(/metricSet: state's a must be/);
    expect(() => restore(metricSet({ b: accuracy() }), state)).toThrow(RangeError);
    const stray = { ...state, statistics: { ...state.statistics, other: { data: [1], shape: [] } } };
    expect(() => restore(metricSet({ a: accuracy() }), stray)).toThrow(/those of its metrics/);
    const negative = { ...state, statistics: { ...state.statistics, 'a.correct': { data: [-1], shape: [] } } };
    expect(() => restore(metricSet({ a: accuracy() }), negative)).toThrow("accuracy: state's correct must be finite");
    expect(() => running.update({ logits: [[1, 0, 2]], labels: [5] })).toThrow(/labels/);
  });

  it('refuse another width in one of them, and leave the stream as it was', () => {
    const running = accumulateAll({ top: accuracy(), table: confusionMatrix() });
    running.update({ logits: [[1, 0]], labels: [0] });
    const before = JSON.stringify(running);
    expect(() => running.update({ logits: [[1, 0, 2]], labels: [0] })).toThrow(
      'confusionMatrix: number of classes must be 2, as in the batches before, got 3.',
    );
    expect(JSON.stringify(running)).toBe(before);
  });

  it('pass the kit as one metric', () => {
    const { similarity, ...others } = metrics;
    const { studentFeatures, teacherFeatures, ...given } = batch;
    checkMetric(metricSet(others) as AnyMetric, given, { permutations: true });
  });

  it('are refused where they are none', () => {
    expect(() => metricSet({})).toThrow('metricSet: metrics must be a record of at least one metric');
    expect(() => metricSet({ 'a.b': accuracy() })).toThrow(/without a point/);
    expect(() => metricSet({ accuracy } as never)).toThrow(/Call the factory/);
    expect(() => metricSet([accuracy()] as never)).toThrow(TypeError);
  });
});

describe('a renamed metric', () => {
  it('has the state of the metric, under any names', async () => {
    const renamed = rename(accuracy(), { logits: 'studentLogits' });
    const running = accumulate(renamed);
    running.update(batch);
    const plain = restore(accuracy(), running.state());
    plain.update({ logits: batch.studentLogits, labels: batch.labels });
    expect(plain.compute().count).toBe(2 * rows);
    const device = accumulateOn(cpuBackend(), renamed);
    await device.update(batch);
    await device.merge(plain.state());
    expect((await device.compute()).count).toBe(3 * rows);
  });

  it('is routed twice, and names its masks too', () => {
    const twice = rename(rename(accuracy(), { logits: 'a', rowWeights: 'tokens' }), { a: 'b' });
    const given = {
      b: [
        [1, 0],
        [1, 0],
      ],
      labels: [0, 1],
      tokens: [1, 0],
      rowWeights: [0, 0],
    };
    expect(measure(twice, given).value).toBe(1);
    expect([...twice.inputs, ...twice.optionalInputs].sort()).toEqual(['b', 'labels', 'tokens']);
  });

  it('refuses names that it does not have, and two inputs under one', () => {
    expect(() => rename(accuracy(), { scores: 'x' } as never)).toThrow('rename: names must be inputs of accuracy');
    expect(() => rename(predictionFlips(), { before: 'after' })).toThrow(/different for each input/);
  });

  it('passes the kit', () => {
    checkMetric(rename(accuracy(), { logits: 'studentLogits', rowWeights: 'rowWeights' }), batch as never);
  });
});
