import * as tf from '@tensorflow/tfjs-core';
import {
  type AnyMetric,
  calibrationError,
  cka,
  ckaMatrix,
  type HostTensor,
  meanCca,
  measureOn,
  procrustesDistance,
  representationalSimilarity,
  similarityMatrix,
} from 'dark-knowledge';
import { tfjsBackend } from 'dark-knowledge/tfjs';
import { describe, expect, it } from 'vitest';
import { oracle } from '../support/backends.ts';
import { expectDeepClose } from '../support/deepClose.ts';
import { testTfjsWebgpu, watched } from '../support/tfjsWebgpu.ts';

const need = testTfjsWebgpu();

/** Numbers that look random, around `mean`. */
function samples(shape: readonly number[], seed: number, mean = 0) {
  let state = seed * 2654435761 + 1;
  const draw = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  const size = shape.reduce((product, extent) => product * extent, 1);
  return { data: Float32Array.from({ length: size }, () => mean + draw() + draw() + draw()), shape };
}

type Batch = Readonly<Record<string, HostTensor>>;

/** The result on tfjs beside float64: by programs of this name, with one wait at the end and no tensor left behind. */
async function expectFused(metric: AnyMetric, batch: Batch, program: string, tolerance: number): Promise<void> {
  const given = Object.fromEntries(
    Object.entries(batch).map(([name, { data, shape }]) => [name, tf.tensor(data as Float32Array, [...shape])]),
  );
  const before = tf.memory().numTensors;
  const { result, programs, readsInBetween } = watched(() => measureOn(tfjsBackend(), metric, given as never));
  const own = programs.filter((key) => key.startsWith(`dark-knowledge ${program}`));
  expect(own.length, program).toBeGreaterThan(0);
  expect(readsInBetween).toBe(false);
  expectDeepClose(await result, await measureOn(oracle, metric, batch), tolerance);
  expect(tf.memory().numTensors, 'tensors').toBe(before);
  tf.dispose(given);
}

/** The start of every program's name: a form that the compiler serves has none of its own. */
const compiled = '';

const similarities: readonly [string, AnyMetric, string][] = [
  ['linear CKA by features', cka({ form: 'features' }), compiled],
  ['linear CKA by Gram matrices', cka({ form: 'gram' }), 'gram align'],
  ['RBF CKA', cka({ kernel: 'rbf', bandwidth: 0.5 }), 'gram median'],
  ['mean CCA', meanCca(), compiled],
  ['Procrustes distance', procrustesDistance(), compiled],
  ['representational similarity', representationalSimilarity(), 'gram rows'],
];

describe('similarities on tfjs webgpu', () => {
  for (const [name, metric, program] of similarities) {
    it(`${name}: programs of the library's own, samples and features beside a tile's edge`, async (context) => {
      need(context);
      for (const [rows, x, y] of [
        [5, 1, 2],
        [65, 13, 66],
      ] as const) {
        await expectFused(metric, { x: samples([rows, x], 1), y: samples([rows, y], 2) }, program, 1e-4);
      }
    });
  }

  it('takes images, features around 1000, and says that constant features are constant', async (context) => {
    need(context);
    const x = samples([20, 2, 3, 2], 1, 1000);
    await expectFused(cka() as AnyMetric, { x, y: samples([20, 5], 2) }, compiled, 1e-3);
    const constant = { data: new Float32Array(60).fill(3), shape: [20, 3] };
    await expectFused(cka() as AnyMetric, { x, y: constant }, compiled, 1e-3);
  });

  it('refuses NaN', async (context) => {
    need(context);
    const x = samples([8, 3], 1);
    x.data[5] = NaN;
    const batch = { x, y: samples([8, 3], 2) };
    await expect(measureOn(tfjsBackend(), cka(), batch)).rejects.toThrow('NaN');
  });

  it('matrices of similarities compare every set with every other', async (context) => {
    need(context);
    const batch = { a: samples([30, 4], 1), b: samples([30, 7], 2), c: samples([30, 70], 3) };
    const models = ['a', 'b', 'c'] as const;
    await expectFused(
      similarityMatrix({ models, similarity: representationalSimilarity() }) as unknown as AnyMetric,
      batch,
      'gram rows',
      1e-4,
    );
    await expectFused(ckaMatrix({ x: ['a', 'b'], y: ['b', 'c'] }) as unknown as AnyMetric, batch, compiled, 1e-4);
  });
});

describe('classwise calibration on tfjs webgpu', () => {
  for (const [rows, classes, bins] of [
    [5, 2, 1],
    [300, 3, 15],
    [65, 65, 17],
  ] as const) {
    it(`a table of bins for every class: ${rows} rows, ${classes} classes, ${bins} bins`, async (context) => {
      need(context);
      const logits = samples([rows, classes], 4);
      const probabilities = {
        shape: logits.shape,
        data: logits.data.map((logit, at) => {
          const row = logits.data.subarray(at - (at % classes), at - (at % classes) + classes);
          return Math.exp(logit) / row.reduce((sum, other) => sum + Math.exp(other), 0);
        }),
      };
      const labels = { data: Float32Array.from({ length: rows }, (_, row) => (row * 7) % classes), shape: [rows] };
      for (const edges of ['right', 'left'] as const) {
        const metric = calibrationError({ over: 'classwise', bins, edges }) as unknown as AnyMetric;
        const program = 'calibrationError classwise bins';
        await expectFused(metric, { logits, labels }, program, 1e-5);
        await expectFused(metric, { probabilities, labels }, program, 1e-5);
      }
    });
  }
});
