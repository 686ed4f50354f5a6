/** Numbers that do not depend on scale: every similarity and correlation, on every backend, from 1e-30 to 1e30 and beyond. */
import {
  type AnyMetric,
  accumulate,
  cka,
  cknna,
  confidenceSlope,
  eigenDirections,
  type HostTensor,
  meanCca,
  measure,
  measureOn,
  nearestNeighborAgreement,
  nullCalibration,
  pearsonCorrelation,
  procrustes,
  procrustesDistance,
  pwcca,
  representationalSimilarity,
  representationalSimilarityAnalysis,
  svcca,
  tensor,
} from 'dark-knowledge';
import { beforeAll, describe, expect, it } from 'vitest';
import { type AnyBackend, openBackend, oracle, testBackends } from '../../support/backends.ts';
import { expectDeepClose } from '../../support/deepClose.ts';
import { normals } from './samples.ts';

type Batch = Readonly<Record<string, HostTensor>>;

const times = ({ data, shape }: HostTensor, factor: number): HostTensor =>
  tensor(
    Float64Array.from(data, (value) => value * factor),
    shape,
  );
/** Two sets that have something in common, with means of their own. */
const x = normals(1, 24, 5);
const y = tensor(
  Float64Array.from({ length: 24 * 3 }, (_, index) => {
    const [row, column] = [Math.floor(index / 3), index % 3];
    return x.data[row * 5 + column]! + 0.5 * normals(2, 24, 3).data[index]! + 2;
  }),
  [24, 3],
);
const sets = { x, y };
const similarities: Readonly<Record<string, unknown>> = {
  'cka by features': cka(),
  'cka by Gram matrices': cka({ form: 'gram', debiased: true }),
  'cka of minibatches': cka({ minibatch: true }),
  'cka with an RBF kernel': cka({ kernel: 'rbf' }),
  representationalSimilarity: representationalSimilarity(),
  'representationalSimilarity as in the paper': representationalSimilarity({ preset: 'paper' }),
  'representationalSimilarity as in the code': representationalSimilarity({ preset: 'code' }),
  'meanCca by features': meanCca(),
  'meanCca by Gram matrices': meanCca({ form: 'gram' }),
  'svcca by features': svcca({ variance: 0.9 }),
  'svcca by Gram matrices': svcca({ variance: 0.9, form: 'gram' }),
  'procrustesDistance by features': procrustesDistance(),
  'procrustesDistance by Gram matrices': procrustesDistance({ form: 'gram' }),
  'procrustes by features': procrustes(),
  'procrustes by Gram matrices': procrustes({ form: 'gram' }),
  'pwcca by features': pwcca(),
  'pwcca by Gram matrices': pwcca({ form: 'gram' }),
  'neighbours by the cosine': nearestNeighborAgreement({ k: 4 }),
  'neighbours by distance': nearestNeighborAgreement({ k: 4, metric: 'euclidean' }),
  cknna: cknna({ k: 6 }),
  representationalSimilarityAnalysis: representationalSimilarityAnalysis({
    dissimilarities: ['correlation', 'squaredEuclidean', 'cosine'],
  }),
  'what chance gives for neighbours': nullCalibration({ of: nearestNeighborAgreement({ k: 4 }), permutations: 5 }),
  'what chance gives for cka': nullCalibration({ permutations: 5 }),
};
const series: Batch = {
  x: tensor(x.data.slice(0, 24), [24]),
  y: tensor(
    y.data.slice(0, 24).map((value, index) => value + x.data[index]!),
    [24],
  ),
};
/** Two classes: the log-odds are the logits' difference, and grow with them. */
const logits: Batch = {
  teacherLogits: tensor(x.data.slice(0, 48), [24, 2]),
  studentLogits: tensor(
    x.data.slice(0, 48).map((value, index) => value * (1 + (index % 3))),
    [24, 2],
  ),
};

/** What stays the same in another unit. */
function withoutUnits(result: unknown): object {
  const {
    intercept: _,
    teacherRange: __,
    bures: ___,
    value,
    interval,
    standardError,
    ...rest
  } = result as Record<string, unknown>;
  return { ...rest, value, interval, standardError };
}

async function expectSameAt(
  backend: AnyBackend,
  metric: AnyMetric,
  batch: Batch,
  factors: Readonly<Record<string, number>>,
  tolerance: number,
): Promise<void> {
  const scaled = Object.fromEntries(
    Object.entries(batch).map(([name, value]) => [name, times(value, factors[name] ?? 1)]),
  );
  const plain = withoutUnits(await measureOn(backend, metric, batch));
  expectDeepClose(withoutUnits(await measureOn(backend, metric, scaled)), plain, tolerance);
}

for (const candidate of [
  ...testBackends,
  { name: 'cpu in float64', create: async () => oracle, tolerance: 1e-12 },
] as const) {
  // 1e30 squared is no number in float32, nor is 1e150 to the fourth power in float64.
  const large = candidate.tolerance < 1e-10 ? 1e150 : 1e30;
  describe(`on ${candidate.name}`, () => {
    let opened: { readonly backend: AnyBackend } | { readonly missing: string };
    beforeAll(async () => {
      opened = await openBackend(candidate);
    });
    for (const [name, metric] of Object.entries(similarities)) {
      it(`${name} is the same for activations times ${large} and over it`, async (context) => {
        if ('missing' in opened) return context.skip(opened.missing);
        const tolerance = 100 * candidate.tolerance;
        for (const [ofX, ofY] of [
          [large, 1 / large],
          [1 / large, large],
          [large, large],
        ] as const) {
          await expectSameAt(opened.backend, metric as AnyMetric, sets, { x: ofX, y: ofY }, tolerance);
        }
      });
    }
    it(`correlations and slopes are the same for numbers times ${large} and over it`, async (context) => {
      if ('missing' in opened) return context.skip(opened.missing);
      const { backend } = opened;
      const tolerance = 20 * candidate.tolerance;
      const correlation = pearsonCorrelation() as unknown as AnyMetric;
      await expectSameAt(backend, correlation, series, { x: large, y: 1 / large }, tolerance);
      await expectSameAt(backend, correlation, series, { x: 1 / large, y: large }, tolerance);
      const slope = confidenceSlope() as unknown as AnyMetric;
      for (const factor of [large, 1 / large]) {
        await expectSameAt(backend, slope, logits, { teacherLogits: factor, studentLogits: factor }, tolerance);
      }
    });
    it(`eigenvalues grow with the square of the data, from ${1 / large} to ${large}`, async (context) => {
      if ('missing' in opened) return context.skip(opened.missing);
      const { backend } = opened;
      for (const matrix of ['gram', 'covariance'] as const) {
        const metric = eigenDirections({ matrix });
        const plain = await measureOn(backend, metric, { data: x });
        for (const factor of [large, 1 / large]) {
          const found = await measureOn(backend, metric, { data: times(x, factor) });
          const relative = found.eigenvalues.map((value) => value / factor / factor);
          expectDeepClose(relative, plain.eigenvalues, 100 * candidate.tolerance);
          expect(found.rank).toBe(plain.rank);
          expectDeepClose(
            found.mean.map((value) => value / factor),
            plain.mean,
            100 * candidate.tolerance,
          );
        }
      }
    });
  });
}

describe('parts of a stream of different scale', () => {
  const rowsOf = ({ data, shape }: HostTensor, start: number, end: number): HostTensor => {
    const width = shape[1] ?? 1;
    return { data: data.slice(start * width, end * width), shape: [end - start, ...shape.slice(1)] };
  };
  const parts = [
    [0, 7],
    [7, 15],
    [15, 24],
  ] as const;
  /** The rows of each part times a factor of its own, one part all 0. */
  const uneven = (value: HostTensor, factors: readonly [number, number, number]): HostTensor => {
    const width = value.shape[1] ?? 1;
    const data = Float64Array.from(value.data, (number, index) => {
      const part = parts.findIndex(([, end]) => Math.floor(index / width) < end);
      return number * factors[part]!;
    });
    return { data, shape: value.shape };
  };
  const streaming: Readonly<Record<string, unknown>> = {
    cka: cka(),
    meanCca: meanCca({ tolerance: 0 }),
    procrustesDistance: procrustesDistance(),
    'procrustesDistance in units': procrustesDistance({ normalize: false }),
  };
  for (const [title, factors] of [
    ['near each other', [1, 8, 0.1]],
    ['far apart', [1e-150, 1e120, 1e150]],
    ['with one all 0', [1e-140, 0, 1e-150]],
  ] as const) {
    for (const [name, metric] of Object.entries(streaming)) {
      it(`merge to what the whole gives: ${name}, ${title}`, () => {
        const batch = { x: uneven(x, factors), y: uneven(y, factors) };
        const whole = measure(metric as AnyMetric<object>, batch);
        for (const order of [
          [0, 1, 2],
          [2, 0, 1],
        ]) {
          const total = accumulate(metric as AnyMetric<object>);
          for (const at of order) {
            const [start, end] = parts[at]!;
            total.update({ x: rowsOf(batch.x, start, end), y: rowsOf(batch.y, start, end) });
          }
          expectDeepClose(total.compute(), whole, 1e-9);
        }
      });
    }
    it(`merge to what the whole gives: correlations and eigenvalues, ${title}`, () => {
      const batch = { x: uneven(series.x!, factors), y: uneven(series.y!, factors) };
      const [correlation, directions] = [
        accumulate(pearsonCorrelation()),
        accumulate(eigenDirections({ matrix: 'covariance' })),
      ];
      const data = uneven(x, factors);
      for (const [start, end] of parts) {
        correlation.update({ x: rowsOf(batch.x, start, end), y: rowsOf(batch.y, start, end) });
        directions.update({ data: rowsOf(data, start, end) });
      }
      expectDeepClose(correlation.compute().value, measure(pearsonCorrelation(), batch).value, 1e-12);
      const whole = measure(eigenDirections({ matrix: 'covariance' }), { data });
      expectDeepClose(directions.compute().value / whole.value, 1, 1e-12);
    });
  }

  it('keep minibatches comparable', () => {
    const metric = cka({ minibatch: true });
    const even = accumulate(metric);
    const scaled = accumulate(metric);
    for (const [start, end] of parts) {
      even.update({ x: rowsOf(x, start, end), y: rowsOf(y, start, end) });
      scaled.update({ x: times(rowsOf(x, start, end), 1e140), y: rowsOf(y, start, end) });
    }
    expectDeepClose(scaled.compute(), even.compute(), 1e-12);
  });
});
