import {
  type AnyMetric,
  accumulateOn,
  cka,
  ckaMatrix,
  meanCca,
  measureOn,
  procrustesDistance,
  representationalSimilarity,
  similarityMatrix,
  svcca,
} from 'dark-knowledge';
import { type WebgpuBackend, webgpuBackend } from 'dark-knowledge/webgpu';
import { describe, expect, it } from 'vitest';
import { oracle } from '../support/backends.ts';
import { expectDeepClose } from '../support/deepClose.ts';
import { limited } from '../support/webgpu.ts';
import { testWebgpu } from '../support/webgpuTests.ts';

const need = testWebgpu();

/** The same device without its kernels. */
function compositeOf(target: WebgpuBackend): WebgpuBackend {
  return Object.create(target, { fusedKernels: { value: [] } }) as WebgpuBackend;
}

interface Activations {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** Numbers that look random, around `mean`. */
function samples(rows: number, columns: number, seed: number, mean = 0): Activations {
  let state = seed * 2654435761 + 1;
  const draw = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  const data = Float32Array.from({ length: rows * columns }, () => mean + draw() + draw() + draw());
  return { data, shape: [rows, columns] };
}

type Batch = Readonly<Record<string, Activations>>;

/** Asserts that two results agree; z is a difference of those that were compared, in a unit as small as they may be. */
function expectAlike(actual: unknown, expected: unknown, tolerance: number, path?: string): void {
  const { z, ...others } = expected as { readonly z?: number | null; readonly standardDeviation?: number };
  expectDeepClose(actual, others, tolerance, path);
  if (typeof z !== 'number') return;
  expectDeepClose((actual as { readonly z: number }).z, z, (3 * tolerance) / others.standardDeviation!, path);
}

/** The fused result against float64 on the host. */
async function compare(target: WebgpuBackend, metric: AnyMetric, batch: Batch, tolerance: number): Promise<void> {
  expectAlike(await measureOn(target, metric, batch), await measureOn(oracle, metric, batch), tolerance);
}

const extents = [
  { rows: 5, x: 1, y: 1 },
  { rows: 64, x: 63, y: 64 },
  { rows: 65, x: 130, y: 3 },
  { rows: 131, x: 65, y: 130 },
] as const;

const forms: readonly [string, AnyMetric][] = [
  ['features', cka({ form: 'features' })],
  ['gram', cka({ form: 'gram' })],
  ['rbf', cka({ kernel: 'rbf', bandwidth: 0.5 })],
  ['rbf of pairs', cka({ kernel: 'rbf', median: 'withoutDiagonal' })],
  ['minibatch', cka({ minibatch: true })],
  ['rows', representationalSimilarity()],
  ['rows as they are', representationalSimilarity({ preset: 'paper' })],
];

describe('fused similarity statistics', () => {
  for (const [name, metric] of forms) {
    it(`${name}: any number of samples and features beside a tile's edge`, async (context) => {
      const target = need(context);
      for (const { rows, x, y } of extents) {
        await compare(target, metric, { x: samples(rows, x, 1), y: samples(rows, y, 2) }, 2e-5);
      }
    });
  }

  it('statistics are named and shaped as the composite has them', async (context) => {
    const target = need(context);
    const batch = { x: samples(70, 66, 1), y: samples(70, 3, 2) };
    // A form for each kernel: a software driver takes seconds to compile what the composite of a form runs.
    const kernels = forms.filter(([name]) => ['gram', 'rows'].includes(name));
    for (const [, metric] of kernels) {
      const read = async (on: WebgpuBackend) => {
        const inputs = { x: on.fromHost(batch.x), y: on.fromHost(batch.y) };
        const statistics = metric.statistics(on, inputs);
        return Object.fromEntries(
          await Promise.all(
            Object.entries(statistics).map(async ([key, value]) => [
              key,
              typeof value === 'number' ? { data: [value], shape: [] } : await on.read(value),
            ]),
          ),
        ) as Record<string, Activations>;
      };
      const fused = await read(target);
      const composite = await read(compositeOf(target));
      expect(Object.keys(fused).sort()).toEqual(Object.keys(composite).sort());
      for (const [key, { data, shape }] of Object.entries(composite)) {
        expect(fused[key]!.shape, key).toEqual(shape);
        const scale = Math.max(...Array.from(data, Math.abs));
        const apart = data.map((value, at) => Math.abs(value - fused[key]!.data[at]!));
        expect(Math.max(...apart), key).toBeLessThanOrEqual(3e-5 * scale);
      }
    }
  });

  it('a mean far above the spread costs no digits: the first sample is taken off before anything is summed', async (context) => {
    const target = need(context);
    for (const [name, metric] of forms) {
      if (name === 'rows as they are') continue;
      const batch = { x: samples(90, 33, 1, 1000), y: samples(90, 70, 2, -3000) };
      await compare(target, metric, batch, 2e-5);
      if (name !== 'features' && name !== 'gram') continue;
      const composite = await measureOn(compositeOf(target), metric, batch);
      expectAlike(await measureOn(target, metric, batch), composite, 2e-5, 'beside the composite');
    }
  });

  it('many samples: segments of the sums join', async (context) => {
    const target = need(context);
    const batch = { x: samples(1500, 20, 1, 10), y: samples(1500, 17, 2) };
    await compare(target, cka(), batch, 1e-5);
    const wide = { x: samples(20, 1500, 1, 10), y: samples(20, 17, 2) };
    await compare(target, cka({ form: 'gram' }), wide, 1e-5);
    await compare(target, cka({ kernel: 'rbf' }), wide, 1e-5);
  });

  it('constant features, single samples and equal samples have the status that the composite gives them', async (context) => {
    const target = need(context);
    const constant = { data: new Float32Array(60).fill(7.3), shape: [12, 5] };
    const varied = samples(12, 5, 3);
    const doubled = { data: Float32Array.from({ length: 60 }, (_, at) => varied.data[at % 15]!), shape: [12, 5] };
    const outlier = { data: Float32Array.from({ length: 12 }, (_, at) => (at === 4 ? 1 : 0)), shape: [12, 1] };
    for (const [, metric] of forms) {
      for (const x of [constant, doubled, varied]) {
        for (const y of [varied, doubled, constant]) await compare(target, metric, { x, y }, 1e-5);
      }
      if (metric.name === 'cka') await compare(target, metric, { x: outlier, y: varied }, 1e-5);
    }
    for (const metric of [cka(), cka({ form: 'gram' }), cka({ kernel: 'rbf' })]) {
      for (const rows of [1, 2, 3]) {
        await compare(target, metric, { x: samples(rows, 4, 1), y: samples(rows, 3, 2) }, 1e-5);
      }
    }
  });

  it('NaN and infinite activations are counted and refused', async (context) => {
    const target = need(context);
    const bad = samples(70, 70, 1);
    bad.data[0] = NaN;
    bad.data[3000] = Infinity;
    bad.data[4899] = -Infinity;
    for (const [, metric] of forms) {
      for (const batch of [
        { x: bad, y: samples(70, 2, 2) },
        { x: samples(70, 2, 2), y: bad },
      ]) {
        await expect(measureOn(target, metric, batch)).rejects.toThrow('3 of NaN');
      }
    }
  });

  it('the median of distances is exact: an even number of pairs, ties, and most samples equal', async (context) => {
    const target = need(context);
    const line = { data: Float32Array.of(0, 1, 3, 7, 7, 7.5), shape: [6, 1] };
    const mostlyEqual = { data: Float32Array.of(2, 2, 2, 2, 2, 9), shape: [6, 1] };
    for (const median of ['withDiagonal', 'withoutDiagonal'] as const) {
      for (const x of [line, mostlyEqual]) {
        await compare(target, cka({ kernel: 'rbf', median }), { x, y: line }, 3e-6);
      }
    }
  });

  it('the correlations and the matrices run on the same kernels', async (context) => {
    const target = need(context);
    const batch = { x: samples(80, 12, 1, 50), y: samples(80, 9, 2) };
    for (const metric of [meanCca(), svcca(), procrustesDistance()]) await compare(target, metric, batch, 2e-4);
    const layers = { a: samples(66, 20, 1), b: samples(66, 70, 2), c: samples(66, 3, 3) };
    for (const metric of [
      ckaMatrix({ x: ['a', 'b', 'c'], y: ['a', 'b', 'c'] }),
      ckaMatrix({ x: ['a', 'b'], y: ['c', 'a'] }),
      ckaMatrix({ x: ['a', 'b'], y: ['c', 'a'], kernel: 'rbf' }),
      similarityMatrix({ models: ['a', 'b', 'c'], similarity: representationalSimilarity() }),
      similarityMatrix({ models: ['a', 'b', 'c'], similarity: procrustesDistance() }),
    ] as readonly AnyMetric[]) {
      await compare(target, metric, layers, 5e-5);
    }
    const wide = { x: samples(2, 4097, 1), y: samples(2, 3, 2) };
    await expect(measureOn(target, meanCca({ form: 'features' }), wide)).rejects.toThrow(
      'meanCca: number of features must be at most 4096',
    );
  });

  it('axes after the first are flattened, and parts of a stream merge to the whole', async (context) => {
    const target = need(context);
    const x = samples(90, 30, 1, 5);
    const y = samples(90, 4, 2);
    const shape = [90, 5, 2, 3];
    const whole = { x: { ...x, shape }, y };
    for (const metric of [cka(), procrustesDistance(), cka({ minibatch: true })] as readonly AnyMetric[]) {
      const fused = accumulateOn(target, metric);
      const expected = accumulateOn(oracle, metric);
      for (const [start, end] of [
        [0, 30],
        [30, 37],
        [37, 90],
      ] as const) {
        const part = {
          x: { data: x.data.slice(30 * start, 30 * end), shape: [end - start, 5, 2, 3] },
          y: { data: y.data.slice(4 * start, 4 * end), shape: [end - start, 4] },
        };
        await fused.update(part);
        await expected.update(part);
      }
      expectDeepClose(await fused.compute(), await expected.compute(), 2e-5);
    }
    await compare(target, cka(), whole, 1e-5);
  });

  it('activations larger than a binding are walked in segments', async (context) => {
    const small = webgpuBackend(limited(need(context).device, { maxStorageBufferBindingSize: 16384 }));
    const batch = { x: samples(1000, 16, 1, 30), y: samples(1000, 13, 2) };
    await compare(small, cka(), batch, 1e-5);
  });

  it('the activations are scaled, and no Gram matrix is written but its tiles', async (context) => {
    const target = need(context);
    if (!target.device.features.has('timestamp-query')) return context.skip('no timestamp-query');
    const batch = { x: target.fromHost(samples(128, 96, 1)), y: target.fromHost(samples(128, 64, 2)) };
    const ran = async (metric: AnyMetric) => {
      await target.timings();
      await measureOn(target, metric, batch);
      return (await target.timings()).map(({ kernel }) => kernel);
    };
    const rbf = await ran(cka({ kernel: 'rbf' }));
    expect(rbf.filter((name) => name === 'gram distances')).toHaveLength(2);
    expect(rbf.filter((name) => name === 'gram align')).toHaveLength(3);
    for (const kernel of rbf) expect(['exp', 'where']).not.toContain(kernel);
  });
});
