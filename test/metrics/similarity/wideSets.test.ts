/** Few samples of many features: what would not fit by features goes by the samples' Gram matrices. */
import {
  type AnyMetric,
  cka,
  type HostTensor,
  meanCca,
  measure,
  measureOn,
  procrustesDistance,
  similarityMatrix,
  svcca,
  tensor,
} from 'dark-knowledge';
import { describe, expect, it } from 'vitest';
import reference from '../../fixtures/similarity.json' with { type: 'json' };
import wide from '../../fixtures/wideSets.json' with { type: 'json' };
import { openBackend, testBackends } from '../../support/backends.ts';
import { expectDeepClose } from '../../support/deepClose.ts';
import { normals } from './samples.ts';

const [samples, features] = [16, 12_544];

/** The activations of the script. */
function activations(seed: number): HostTensor {
  const data = new Float64Array(samples * features);
  for (let row = 0; row < samples; row++) {
    for (let column = 0; column < features; column++) {
      const mixed = (row * row * 7919 + column * (row + seed) * 104_729 + column * column * seed) % 1009;
      const shared =
        Math.cos(row * 0.7) * Math.sin(column * 0.01 * seed) + Math.sin(row * row * 0.3) * Math.cos(column * 0.02);
      data[row * features + column] = mixed / 1009 + 0.15 * shared;
    }
  }
  return tensor(data, [samples, features]);
}

const batch = { x: activations(1), y: activations(2) };

describe('16 samples of 12 544 features', () => {
  it("have the distances and correlations of NumPy's decompositions of the samples", () => {
    expectDeepClose(
      measure(procrustesDistance(), batch),
      { value: wide.procrustes, similarity: wide.similarity, samples: 16, status: 'ok' },
      1e-9,
    );
    expectDeepClose(measure(procrustesDistance({ normalize: false }), batch).value, wide.unscaled, 1e-9);
    expectDeepClose(
      measure(svcca({ variance: 0.9 }), batch),
      { correlations: wide.svcca90, directionsX: wide.directions[0], directionsY: wide.directions[1] },
      1e-9,
    );
  });

  it('are matched by canonical correlation whatever they are, and the status says so', () => {
    const { value, status, directionsX } = measure(meanCca(), batch);
    expect(value).toBeCloseTo(1, 9);
    expect({ status, directionsX }).toEqual({ status: 'tooFewSamples', directionsX: 15 });
  });

  for (const candidate of testBackends) {
    it(`have the same on ${candidate.name}`, async (context) => {
      const opened = await openBackend(candidate);
      if ('missing' in opened) return context.skip(opened.missing);
      const { value, similarity } = await measureOn(opened.backend, procrustesDistance(), batch);
      expectDeepClose([value, similarity], [wide.procrustes, wide.similarity], 1e-4);
      const { correlations } = await measureOn(opened.backend, svcca({ variance: 0.9 }), batch);
      expectDeepClose(correlations, wide.svcca90, 1e-4);
    });
  }
});

describe('the form by Gram matrices', () => {
  const { x, y, wideX, wideY } = reference;
  it('gives what the form by features gives, for both kinds of extents', () => {
    for (const given of [
      { x, y },
      { x: wideX, y: wideY },
      { x: normals(1, 30, 4), y: normals(2, 30, 90) },
    ]) {
      for (const metricOf of [
        (form: 'features' | 'gram') => procrustesDistance({ form }),
        (form: 'features' | 'gram') => procrustesDistance({ form, normalize: false }),
        (form: 'features' | 'gram') => meanCca({ form }),
        (form: 'features' | 'gram') => svcca({ form, variance: 0.8 }),
        (form: 'features' | 'gram') => cka({ form }),
      ]) {
        const byFeatures = measure(metricOf('features') as AnyMetric<object>, given);
        expectDeepClose(measure(metricOf('gram') as AnyMetric<object>, given), byFeatures, 1e-7);
      }
    }
  });

  it('decomposes each model of a matrix once', () => {
    const names = ['a', 'b', 'c', 'd'] as const;
    const similarity = procrustesDistance({ form: 'gram' });
    let summaries = 0;
    const { summarize } = similarity.pairs;
    const counted = {
      ...similarity,
      pairs: {
        ...similarity.pairs,
        summarize(...given: Parameters<NonNullable<typeof summarize>>) {
          summaries++;
          return summarize!(...given);
        },
      },
    };
    const models = Object.fromEntries(names.map((name, index) => [name, normals(index, 12, 40)]));
    const metric = similarityMatrix({ models: names, similarity: counted });
    const { value } = measure(metric, models as Record<(typeof names)[number], HostTensor>);
    expect(summaries).toBe(4);
    expectDeepClose(value[1]![2], measure(similarity, { x: models.b!, y: models.c! }).value, 1e-12);
  });
});
