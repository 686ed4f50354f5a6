import { accumulate, measure, representationalSimilarity } from 'dark-knowledge';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import reference from '../../fixtures/similarity.json' with { type: 'json' };
import { expectDeepClose } from '../../support/deepClose.ts';
import { describeMetric } from '../../support/metricSuite.ts';
import { normals, rotated, rowsOf } from './samples.ts';

const { reluX, reluY, x, y, representational: expected } = reference;

describeMetric('representationalSimilarity', [
  {
    title: "the paper's form scores unrelated ReLU activations above .8",
    metric: representationalSimilarity({ preset: 'paper' }),
    batch: { x: reluX, y: reluY },
    expected: { value: expected.paper, rows: 128, samples: 128, status: 'ok' },
    streams: false,
  },
  {
    title: "the code's form, cosines in minibatches of 64, scores them above .8 too",
    metric: representationalSimilarity({ preset: 'code' }),
    batch: { x: reluX, y: reluY },
    expected: { value: expected.code },
    streams: false,
  },
  {
    title: 'the centred form scores them about 0',
    metric: representationalSimilarity(),
    batch: { x: reluX, y: reluY },
    expected: { value: expected.centered, status: 'ok' },
    streams: false,
  },
  {
    title: 'the centred form of related activations',
    metric: representationalSimilarity({ preset: 'centered' }),
    batch: { x, y },
    expected: { value: expected.centeredAlike },
    streams: false,
  },
  {
    title: 'a sample without activations is left out, and the status says so',
    metric: representationalSimilarity({ preset: 'paper' }),
    // Rows of x xᵀ: [1, 0, 1], zeros, [1, 0, 2]; of y yᵀ: all equal to [4, 4, 4].
    batch: {
      x: [
        [1, 0],
        [0, 0],
        [1, 1],
      ],
      y: [[2], [2], [2]],
    },
    expected: { value: (2 / Math.sqrt(6) + 3 / Math.sqrt(15)) / 2, rows: 2, samples: 3, status: 'zeroRows' },
    streams: false,
  },
  {
    title: 'constant activations have no centred similarity',
    metric: representationalSimilarity(),
    batch: { x: x.map(() => [0.1, 0.7, 30.3]), y },
    expected: { value: 0, rows: 0, status: 'undefined' },
  },
  {
    title: 'samples that are all equally far apart have none either',
    metric: representationalSimilarity(),
    batch: {
      x: x.slice(0, 6).map((_, row) => x.slice(0, 6).map((_, column) => (row === column ? 1 : 0))),
      y: y.slice(0, 6),
    },
    expected: { value: 0, rows: 0, status: 'undefined' },
    streams: false,
  },
  {
    title: 'all-zero activations have none in the other forms',
    metric: representationalSimilarity({ preset: 'code' }),
    batch: { x: x.map(() => [0, 0]), y },
    expected: { value: 0, rows: 0, status: 'undefined' },
  },
]);

describe('representationalSimilarity', () => {
  it('streams as the mean over batches: batches of 64 are what the preset does itself', () => {
    const running = accumulate(representationalSimilarity({ preset: 'code' }));
    for (const start of [0, 64])
      running.update({ x: reluX.slice(start, start + 64), y: reluY.slice(start, start + 64) });
    expectDeepClose(running.compute(), { value: expected.code, rows: 128, samples: 128 }, 1e-12);
  });

  it('lets a last part that is too short to be centred join the one before it', () => {
    const first = measure(representationalSimilarity({ batchSize: 63 }), { x: reluX, y: reluY });
    const parts = [
      [0, 63],
      [63, 128],
    ].map(([start, end]) =>
      measure(representationalSimilarity(), { x: reluX.slice(start, end), y: reluY.slice(start, end) }),
    );
    expectDeepClose(first.value, (63 * parts[0]!.value + 65 * parts[1]!.value) / 128, 1e-12);
  });

  it('refuses fewer than 4 samples where it centres, and what is not finite', () => {
    const three = { x: [[1], [2], [3]], y: [[1], [2], [3]] };
    expect(() => measure(representationalSimilarity(), three)).toThrow(/at least 4 a batch, got 3/);
    expect(measure(representationalSimilarity({ preset: 'paper' }), three).value).toBeCloseTo(1, 12);
    expect(() => measure(representationalSimilarity({ preset: 'paper' }), { x: [[Number.NaN]], y: [[1]] })).toThrow(
      /finite/,
    );
    expect(() => representationalSimilarity({ preset: 'centred' as never })).toThrow(
      /one of 'paper', 'code', 'centered'/,
    );
  });

  it('is unchanged by rotation and isotropic scale, is symmetric, and is 1 of a set with itself', () => {
    fc.assert(
      fc.property(fc.nat(1e6), fc.constantFrom('paper', 'code', 'centered'), (seed, preset) => {
        const metric = representationalSimilarity({ preset });
        const [a, b] = [rowsOf(normals(seed, 12, 5)), rowsOf(normals(seed + 1, 12, 3))];
        const { value } = measure(metric, { x: a, y: b });
        const turned = rotated(seed + 2, a).map((row) => row.map((entry) => 7 * entry));
        expectDeepClose(measure(metric, { x: turned, y: b }).value, value, 1e-9);
        expectDeepClose(measure(metric, { x: b, y: a }).value, value, 1e-12);
        expectDeepClose(measure(metric, { x: a, y: a }).value, 1, 1e-12);
      }),
      { numRuns: 30 },
    );
  });
});
