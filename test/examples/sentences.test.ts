import * as tf from '@tensorflow/tfjs-core';
import { accuracy, measure, tensor } from 'dark-knowledge';
import { openSafetensors } from 'dark-knowledge/files';
import { beforeAll, describe, expect, it } from 'vitest';
import { preparePlatform } from '../../examples/mnist/platform.ts';
import type { Gap } from '../../examples/sentences/analysis.ts';
import { conclude, type Findings, inBrackets } from '../../examples/sentences/conclusion.ts';
import { loadSentences, type SentenceData, takeSentences } from '../../examples/sentences/data.ts';
import { safetensorsOf } from '../../examples/sentences/making/safetensors.ts';
import { fitProbe } from '../../examples/sentences/probe.ts';
import { buckets, createStudent, embed, ngramsOf } from '../../examples/sentences/student.ts';
import { runStudy } from '../../examples/sentences/study.ts';
import { type MethodName, methods } from '../../examples/sentences/train.ts';

let data: SentenceData;
beforeAll(async () => {
  await preparePlatform();
  data = await loadSentences();
});

describe('the sentences', () => {
  it('are in one part only, as many of each room, with embeddings of length 1', () => {
    const { train, test } = data;
    expect(new Set([...train.texts, ...test.texts]).size).toBe(2600);
    for (const [part, each] of [
      [train, 400],
      [test, 120],
    ] as const) {
      const counts = part.roomNames.map((_, room) => part.rooms.filter((number) => number === room).length);
      expect(counts).toEqual([each, each, each, each, each]);
      expect(part.teacher.shape).toEqual([5 * each, 384]);
      const first = Array.from(part.teacher.data.subarray(0, 384), Number);
      expect(Math.hypot(...first)).toBeCloseTo(1, 3);
    }
  });
});

describe('a file in half precision, written by the script that made the data', () => {
  it('holds the nearest halves, as IEEE 754 has them', async () => {
    // Of each pair the second is the nearest half: ties go to the even one, 2^−24 is the least, 2^−25 a tie with 0.
    const pairs = [
      [0.1, 0.0999755859375],
      [1 + 2 ** -11, 1],
      [1 + 3 * 2 ** -11, 1 + 2 ** -9],
      [2 - 2 ** -12, 2],
      [-(2 ** -24), -(2 ** -24)],
      [2 ** -25, 0],
      [3 * 2 ** -26, 2 ** -24],
      [0, 0],
    ] as const;
    const values = Float32Array.from(pairs, ([value]) => value);
    const bytes = safetensorsOf({ numbers: { values, shape: [8] } }, { of: 'a test, ×' });
    const { tensors, metadata } = await openSafetensors(bytes, { name: 'halves.safetensors' });
    expect(Array.from((await tensors.numbers!.read()).data, Number)).toEqual(pairs.map(([, half]) => half));
    expect(metadata).toEqual({ of: 'a test, ×' });
  });
});

describe('the student of hashed n-grams', () => {
  it('sees a word whole, and three to five characters in a row', () => {
    // <ab>: itself; <ab and ab>; <ab> again, of another kind.
    expect(ngramsOf('ab')).toHaveLength(4);
    expect(new Set(ngramsOf('ab')).size).toBe(4);
    // <loss>: itself; four, three and two runs.
    expect(ngramsOf('Loss')).toHaveLength(1 + 4 + 3 + 2);
    expect(ngramsOf('Loss')).toEqual(ngramsOf('loss'));
    expect(ngramsOf('a loss, b')).toHaveLength(ngramsOf('loss').length + 3 * 2);
    expect(ngramsOf(' ')).toHaveLength(0);
  });

  it('embeds on plain arrays as TensorFlow does in training', () => {
    const student = createStudent({ width: 6, dimension: 5, seed: 3 });
    const bags = ['A loss.', 'A metric of two models.', ''].map(ngramsOf);
    const inTraining = tf.tidy(() => student.apply(bags).arraySync());
    const { data: numbers, shape } = embed(student.weights(), bags);
    expect(shape).toEqual([3, 5]);
    Array.from(numbers, Number).forEach((value, at) => {
      expect(value).toBeCloseTo(inTraining[Math.floor(at / 5)]![at % 5]!, 5);
    });
    tf.dispose(student.parameters());
  });

  it('has the gradient of its table that differences give', () => {
    const student = createStudent({ width: 4, dimension: 3, seed: 1 });
    const [table] = student.parameters() as [tf.Variable];
    const bags = ['A loss.', 'A loss of two.'].map(ngramsOf);
    const { grads } = tf.variableGrads(() => sumOf(student.apply(bags)), [table]);
    const gradient = Object.values(grads)[0]!.dataSync();
    const { table: numbers, projection, bias } = student.weights();
    const total = (moved: Float32Array): number =>
      Array.from(embed({ table: moved, projection, bias }, bags).data, Number).reduce((sum, value) => sum + value, 0);
    // The sum is linear in the table: a wide step has no error but rounding.
    for (const at of [4 * bags[0]![0]!, 4 * bags[1]!.at(-1)! + 3]) {
      const [up, down] = [1, -1].map((step) =>
        total(numbers.map((value, index) => (index === at ? value + step : value))),
      );
      expect(gradient[at]).toBeCloseTo((up! - down!) / 2, 4);
    }
    expect(gradient.filter((value) => value !== 0).length).toBeLessThanOrEqual(4 * (bags[0]!.length + bags[1]!.length));
    expect(gradient).toHaveLength(4 * buckets);
    tf.dispose([grads, student.parameters()]);
  });
});

/** The sum of all elements, with the gradient that wasm lacks. */
const sumOf = (rows: tf.Tensor2D): tf.Scalar =>
  tf.customGrad((given) => ({
    value: tf.sum(given as tf.Tensor2D) as tf.Scalar,
    gradFunc: () => [tf.onesLike(given as tf.Tensor2D)],
  }))(rows) as tf.Scalar;

describe('the linear probe', () => {
  const labels = Int32Array.from({ length: 30 }, (_, row) => row % 3);
  const turned = (row: number): number => (2 * Math.PI * labels[row]!) / 3 + 0.3 * Math.sin(row);
  const points = tensor(
    Float32Array.from({ length: 60 }, (_, at) => (at % 2 ? Math.sin : Math.cos)(turned(at >> 1))),
    [30, 2],
  );

  it('reads what is linearly there, whatever the lengths of the rows', () => {
    const longer = tensor(points.data.map((value) => 50 * Number(value)) as Float32Array, [30, 2]);
    const logits = fitProbe(points, labels, { classes: 3, steps: 100, decay: 1e-3 })(longer);
    expect(measure(accuracy(), { logits, labels }).value).toBe(1);
  });

  it('reads nothing off labels that the decay outweighs', () => {
    const logits = fitProbe(points, labels, { classes: 3, steps: 200, decay: 1 })(points);
    expect(Math.max(...Array.from(logits.data, (value) => Math.abs(Number(value))))).toBeLessThan(0.5);
  });
});

describe('the example of sentences, at toy size', () => {
  it('trains every student, measures all, concludes, and leaves no tensor behind', async () => {
    const rows = (count: number, of: number): number[] =>
      Array.from({ length: count }, (_, row) => row * Math.floor(of / count));
    const small = {
      ...data,
      train: takeSentences(data.train, rows(160, 2000)),
      test: takeSentences(data.test, rows(60, 600)),
    };
    const said: string[] = [];
    const settings = {
      methods: Object.keys(methods) as MethodName[],
      width: 16,
      epochs: 6,
      batchSize: 32,
      learningRate: 1e-2,
      queue: 64,
      seed: 0,
    };
    const before = tf.memory().numTensors;
    const study = await runStudy(small, { ...settings, probeSteps: 20, probeDecay: 1e-4, resamples: 10 }, (text) =>
      said.push(text),
    );
    expect(tf.memory().numTensors).toBe(before);
    expect(study.figures.map(({ model }) => model)).toEqual(['teacher', ...Object.keys(methods)]);
    const [teacher, independent, ...distilled] = study.figures;
    expect([teacher!.cka, teacher!.neighbors]).toEqual([expect.closeTo(1, 5), 1]);
    for (const { cka } of distilled) expect(cka).toBeGreaterThan(independent!.cka);
    expect(study.gaps.cka.value).toBeCloseTo(study.figures.at(-1)!.cka - independent!.cka, 6);
    expect(study.map.names).toHaveLength(6);
    expect(said.some((text) => text.startsWith('all three: step 30/30, loss '))).toBe(true);
    expect(study.conclusion).toMatch(/^What this shows[\s\S]*What it does not show/);
  });
});

describe('the conclusion of the example of sentences', () => {
  const gap = (value: number): Gap => ({ value, lower: value - 0.02, upper: value + 0.02 });
  const gaps = (value: number) => ({
    cka: gap(value),
    neighbors: gap(value),
    probeAccuracy: gap(value),
    probeCalibrationError: gap(-value),
  });
  const row = { cka: 0.5, neighbors: 0.3, probeAccuracy: 0.8, probeCalibrationError: 0.1, probeLoss: 0.5 };
  const findings = (value: number, more: number): Findings => ({
    figures: ['teacher', 'independent', 'all three'].map((model) => ({ model, ...row })),
    gaps: gaps(value),
    more: gaps(more),
    distilled: 'all three',
    chanceOfNeighbors: 0.02,
    timesAsFast: 100,
    trainSentences: 2000,
    testSentences: 600,
  });

  it('follows the intervals', () => {
    expect(conclude(findings(0.1, 0.1))).toMatch(/more like the teacher's[\s\S]*bring the student nearer/);
    expect(conclude(findings(-0.1, -0.1))).toMatch(/less like the teacher's[\s\S]*cost likeness here/);
    expect(conclude(findings(0.01, 0.01))).toMatch(/no more like the teacher's[\s\S]*change nothing that can be told/);
    expect(inBrackets(gap(-0.01))).toBe('−0.010 [−0.030, 0.010]');
  });
});
