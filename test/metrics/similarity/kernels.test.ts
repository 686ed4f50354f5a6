/** Kernels take the place of a form's `represent` and `relate`, by identity: what was changed is computed as it says. */
import {
  type AnyMetric,
  cka,
  ckaMatrix,
  type FusedPairKernel,
  meanCca,
  measureOn,
  type PairForm,
  type PairSimilarity,
  procrustesDistance,
  representationalSimilarity,
  type SimilarityMetric,
  similarityMatrix,
  trainingPath,
} from 'dark-knowledge';
import { wasmBackend } from 'dark-knowledge/wasm';
import { describe, expect, it } from 'vitest';
import { type AnyBackend, openBackend, testBackends } from '../../support/backends.ts';
import { expectDeepClose } from '../../support/deepClose.ts';
import { normals } from './samples.ts';

const batch = { x: normals(1, 20, 4), y: normals(2, 20, 3) };
const models = { a: normals(1, 20, 4), b: normals(2, 20, 3), c: normals(3, 20, 4) };

/** The same backend, whose kernels of pairs note their calls. */
function watched(backend: AnyBackend): {
  readonly backend: AnyBackend;
  readonly calls: { represent: number; relate: number };
} {
  const calls = { represent: 0, relate: 0 };
  // biome-ignore lint/suspicious/noExplicitAny: tensors of any backend.
  const note = (kernel: FusedPairKernel<any>): FusedPairKernel<any> => ({
    ...kernel,
    represent(...given) {
      calls.represent++;
      return kernel.represent(...given);
    },
    relate(pairs, settings) {
      calls.relate += pairs.length;
      return kernel.relate(pairs, settings);
    },
  });
  const fusedKernels = backend.fusedKernels?.map((kernel) => (kernel.kind === 'pairs' ? note(kernel) : kernel)) ?? [];
  return { backend: Object.create(backend, { fusedKernels: { value: fusedKernels } }) as AnyBackend, calls };
}

/** A copy of a similarity whose forms are changed. */
function withForms<Result>(
  metric: SimilarityMetric<Result>,
  change: (form: PairForm) => Partial<PairForm>,
): SimilarityMetric<Result> {
  const forms = metric.pairs.forms.map((form) => ({ ...form, ...change(form) }));
  const pairs: PairSimilarity<Result> = { ...metric.pairs, forms, choose: () => forms[0]! };
  return { ...metric, pairs };
}

describe('kernels of pairs', () => {
  it('serve a similarity alone and in every matrix: each set once, each pair once', async () => {
    const { backend, calls } = watched(wasmBackend());
    const uses = async (metric: unknown, given: object, sets: number, pairs: number) => {
      Object.assign(calls, { represent: 0, relate: 0 });
      await measureOn(backend, metric as AnyMetric, given);
      expect(calls, (metric as AnyMetric).name).toEqual({ represent: sets, relate: pairs });
    };
    for (const metric of [cka(), meanCca(), procrustesDistance(), representationalSimilarity()])
      await uses(metric, batch, 2, 1);
    const names = ['a', 'b', 'c'] as const;
    // A set's cross-products with itself are those that it has anyway.
    await uses(similarityMatrix({ models: names, similarity: cka() }), models, 3, 3);
    await uses(ckaMatrix({ x: ['a', 'b'], y: ['b', 'c'] }), models, 3, 3);
    await uses(similarityMatrix({ models: names, similarity: representationalSimilarity() }), models, 3, 6);
    await uses(trainingPath({ models: { one: ['a', 'b'], other: ['c'] }, similarity: meanCca() }), models, 3, 3);
    // Of a set with itself a shape distance has the trace alone.
    await uses(similarityMatrix({ models: names, similarity: procrustesDistance() }), models, 3, 6);
  });

  it('leave to the form what they do not cover', async () => {
    const { backend, calls } = watched(wasmBackend());
    for (const metric of [
      representationalSimilarity({ preset: 'code' }),
      representationalSimilarity({ batchSize: 5 }),
      cka({ form: 'gram' }),
    ]) {
      await measureOn(backend, metric as AnyMetric, batch);
    }
    expect(calls).toEqual({ represent: 0, relate: 0 });
  });

  for (const candidate of testBackends) {
    it(`never compute something else than a changed copy says: ${candidate.name}`, async (context) => {
      const opened = await openBackend(candidate);
      if ('missing' in opened) return context.skip(opened.missing);
      const { backend, calls } = watched(opened.backend);
      const ofMatrix = async (similarity: SimilarityMetric<{ value: number; status: string }>) =>
        (await measureOn(backend, similarityMatrix({ models: ['a', 'b'], similarity }), models)).value[0]![1]!;
      const plain = await ofMatrix(cka({ form: 'features' }));
      const squared = withForms(cka({ form: 'features' }), (form) => ({
        represent: (target, activations, settings) =>
          form.represent(target, target.multiply(activations, activations), settings),
      }));
      Object.assign(calls, { represent: 0, relate: 0 });
      const changed = await ofMatrix(squared);
      expect(calls).toEqual({ represent: 0, relate: 0 });
      const squares = Object.fromEntries(
        Object.entries(models).map(([name, { data, shape }]) => [
          name,
          { data: Float64Array.from(data, (v) => v * v), shape },
        ]),
      );
      const expected = await measureOn(
        backend,
        similarityMatrix({ models: ['a', 'b'], similarity: cka() }),
        squares as typeof models,
      );
      expectDeepClose(changed, expected.value[0]![1], 20 * candidate.tolerance);
      expect(Math.abs(changed - plain)).toBeGreaterThan(1e-3);
      // Another way to relate.
      const unrelated = withForms(cka({ form: 'features' }), (form) => ({
        relate: (target, x, y, settings) => {
          const related = form.relate(target, x, y, settings);
          return { ...related, products: target.multiply(related.products!, target.scalar(0)) };
        },
      }));
      expect(await ofMatrix(unrelated)).toBe(0);
    });
  }

  it('serve a copy that only finishes in another way, and never one with statistics of its own', async () => {
    const { backend, calls } = watched(wasmBackend());
    const metric = cka();
    const halved = { ...metric, pairs: { ...metric.pairs, finish: () => ({ value: 0.5, status: 'ok' }) } };
    const { value } = await measureOn(
      backend,
      similarityMatrix({ models: ['a', 'b'], similarity: halved as never }),
      models,
    );
    expect(value).toEqual([
      [0.5, 0.5],
      [0.5, 0.5],
    ]);
    expect(calls.relate).toBe(1);
    Object.assign(calls, { represent: 0, relate: 0 });
    const own: AnyMetric = {
      ...(metric as AnyMetric),
      statistics: (target) => metric.statistics(target, { x: target.fromHost(batch.x), y: target.fromHost(batch.x) }),
    };
    expectDeepClose(((await measureOn(backend, own, batch)) as { value: number }).value, 1, 1e-5);
  });
});
