import {
  type AnyMetric,
  accumulate,
  accumulateOn,
  cka,
  ckaMatrix,
  type MetricState,
  meanCca,
  measure,
  pearsonCorrelation,
  procrustesDistance,
  representationalSimilarity,
  restore,
  similarityMatrix,
  svcca,
  trainingPath,
} from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import { describe, expect, it } from 'vitest';
import { expectDeepClose } from '../../support/deepClose.ts';
import { normals } from './samples.ts';

const batch = (width = 3) => ({ x: normals(1, 9, width), y: normals(2, 9, 2) });
const models = { a: normals(1, 9, 3), b: normals(2, 9, 2) };
const paths = { student: ['a'], teacher: ['b'] };
type Statistics = Record<string, { data: number[]; shape: number[] }>;

function stateOf(metric: unknown, of: object): MetricState {
  const running = accumulate(metric as AnyMetric);
  running.update(of as never);
  return running.state();
}

function tampered(metric: unknown, of: object, change: (statistics: Statistics) => void): MetricState {
  const state = JSON.parse(JSON.stringify(accumulateOf(metric, of))) as { statistics: Statistics };
  change(state.statistics);
  return state as unknown as MetricState;
}

function accumulateOf(metric: unknown, of: object) {
  const running = accumulate(metric as AnyMetric);
  running.update(of as never);
  return running;
}

describe('the state of a similarity', () => {
  for (const [name, metric] of Object.entries({
    cka: cka(),
    meanCca: meanCca(),
    svcca: svcca(),
    procrustesDistance: procrustesDistance(),
  })) {
    it(`refuses a second batch of another width, by the input's name: ${name}`, async () => {
      const running = accumulateOf(metric, batch());
      const text = `${name}: number of features of x must be 3, as in the batches before, got 4.`;
      expect(() => running.update(batch(4) as never)).toThrow(text);
      const onDevice = accumulateOn(cpuBackend(), metric as unknown as AnyMetric);
      await onDevice.update(batch());
      await expect(onDevice.update(batch(4))).rejects.toThrow(text);
      // The stream goes on.
      running.update(batch() as never);
    });
  }

  it('refuses another width in a matrix by the name of the model', () => {
    const metric = similarityMatrix({ models: ['a', 'b'], similarity: cka() });
    const running = accumulateOf(metric, models);
    expect(() => running.update({ a: normals(3, 9, 3), b: normals(4, 9, 5) } as never)).toThrow(
      'similarityMatrix: number of features of b must be 2, as in the batches before, got 5.',
    );
  });

  it.each([
    ['other layers', ckaMatrix({ x: ['a'], y: ['b'] }), ckaMatrix({ x: ['b'], y: ['a'] }), /state's x must be \["b"\]/],
    [
      'models in another order',
      similarityMatrix({ models: ['a', 'b'], similarity: cka() }),
      similarityMatrix({ models: ['b', 'a'], similarity: cka() }),
      /state's models must be \["b","a"\]/,
    ],
    [
      'another similarity',
      similarityMatrix({ models: ['a', 'b'], similarity: cka() }),
      similarityMatrix({ models: ['a', 'b'], similarity: procrustesDistance() }),
      /state's similarity must be .*procrustesDistance/,
    ],
    [
      "a similarity's own options",
      similarityMatrix({ models: ['a', 'b'], similarity: representationalSimilarity() }),
      similarityMatrix({ models: ['a', 'b'], similarity: representationalSimilarity({ preset: 'paper' }) }),
      /state's similarity must be .*paper/,
    ],
    [
      'other paths',
      trainingPath({ models: paths, similarity: cka() }),
      trainingPath({ models: { student: ['a', 'b'] }, similarity: cka() }),
      /state's models must be/,
    ],
    [
      'another map',
      trainingPath({ models: paths, similarity: cka() }),
      trainingPath({ models: paths, similarity: cka(), scaling: { dimensions: 3 } }),
      /state's scaling must be/,
    ],
    ['a wider tolerance', meanCca(), meanCca({ tolerance: 1e-3 }), /state's tolerance must be 0.001/],
  ] as const)('is refused by a metric of %s', (_, from, into, message) => {
    const of = from.name === 'meanCca' ? batch() : models;
    const state = stateOf(from, of);
    expect(() => restore(into as unknown as AnyMetric, state)).toThrow(message);
    expect(() => accumulate(into as unknown as AnyMetric).merge(state)).toThrow(message);
  });

  it.each([
    [
      'a matrix one number short',
      'x0.products',
      (s: Statistics) => s['x0.products']!.data.pop(),
      /must be 9 numbers, of shape \[3, 3\], got 8/,
    ],
    [
      'a matrix that is not square',
      'x0.products',
      (s: Statistics) => {
        s['x0.products'] = { data: [1, 2, 3, 4, 5, 6], shape: [3, 2] };
      },
      /statistic 'x0.products' must be of shape \[3, 3\], got '\[3, 2\]'/,
    ],
    [
      'products of other sets',
      'x0y0.products',
      (s: Statistics) => {
        s['x0y0.products'] = { data: [1, 2], shape: [1, 2] };
      },
      /statistic 'x0y0.products' must be of shape \[3, 2\]/,
    ],
    [
      'a missing statistic',
      'y0.cubes',
      (s: Statistics) => {
        delete s['y0.cubes'];
      },
      /state's statistics must be with 'y0.cubes'/,
    ],
    [
      'a strange statistic',
      'z',
      (s: Statistics) => {
        s['z0.products'] = { data: [1], shape: [] };
      },
      /state's statistics must be among/,
    ],
    [
      'a negative number of samples',
      'samples',
      (s: Statistics) => {
        s.samples!.data = [-9];
      },
      /finite numbers of at least 0, got -9/,
    ],
    [
      'a NaN',
      'x0.products',
      (s: Statistics) => {
        s['x0.products']!.data[4] = Number.NaN;
      },
      /numbers|free of NaN/,
    ],
  ] as const)('is refused with %s', (_, __, change, message) => {
    const state = tampered(cka(), batch(), change);
    expect(() => restore(cka(), state)).toThrow(message);
    expect(() => accumulate(cka()).merge(state)).toThrow(message);
  });

  it('is refused with a factor that no batch has', () => {
    const state = tampered(cka(), batch(), (s) => {
      s['x0.factor']!.data = [3];
    });
    const running = restore(cka(), state);
    expect(() => running.compute()).toThrow("cka: state's factor of x must be a power of two, or 0, got 3.");
    expect(() => accumulateOf(cka(), batch()).merge(state)).toThrow(/factor of x/);
  });

  it('survives typed arrays and JSON', () => {
    for (const [metric, of] of [
      [cka(), batch()],
      [cka({ minibatch: true }), batch()],
      [cka({ form: 'gram' }), batch()],
      [procrustesDistance({ form: 'gram' }), batch()],
      [representationalSimilarity(), batch()],
      [ckaMatrix({ x: ['a', 'b'], y: ['b', 'a'] }), models],
      [trainingPath({ models: paths, similarity: cka() }), models],
      [pearsonCorrelation(), { x: normals(1, 9, 1), y: normals(2, 9, 1) }],
    ] as const) {
      const running = accumulateOf(metric, of);
      const whole = measure(metric as unknown as AnyMetric<object>, of as never);
      for (const state of [structuredClone(running.state()), JSON.parse(JSON.stringify(running)) as MetricState]) {
        expectDeepClose(restore(metric as unknown as AnyMetric, state).compute(), whole, 1e-12);
      }
    }
  });

  it('says which form a stream takes where one batch has another', () => {
    // Few samples of many features take Gram matrices, which do not merge.
    const running = accumulateOf(cka(), { x: normals(1, 5, 3000), y: normals(2, 5, 2) });
    expect(() => running.update({ x: normals(1, 9000, 3), y: normals(2, 9000, 2) } as never)).toThrow(
      /cka: form must be 'features' or minibatch for a stream/,
    );
    const distances = accumulateOf(procrustesDistance({ form: 'gram' }), batch());
    expect(() => distances.update(batch() as never)).toThrow(
      /procrustesDistance: form must be 'features' for a stream/,
    );
  });

  it('keeps each set and each pair once', () => {
    const names = (metric: unknown, of: object) => Object.keys(stateOf(metric, of).statistics ?? {});
    // A layer on both sides, and two layers that meet twice.
    const kept = names(ckaMatrix({ x: ['a', 'b'], y: ['b', 'a'] }), models);
    expect(kept.filter((name) => name.endsWith('.shift'))).toEqual(['x0.shift', 'x1.shift']);
    expect(kept.filter((name) => /^x\dy\d\.products$/.test(name))).toEqual(['x0y0.products']);
    const { value, status } = measure(ckaMatrix({ x: ['a', 'b'], y: ['b', 'a'] }), models);
    const { value: pair } = measure(cka(), { x: models.a, y: models.b });
    expectDeepClose(
      value,
      [
        [pair, 1],
        [1, pair],
      ],
      1e-12,
    );
    expect(status).toEqual([
      ['ok', 'ok'],
      ['ok', 'ok'],
    ]);
  });
});
