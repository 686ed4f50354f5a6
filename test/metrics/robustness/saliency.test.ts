import { readFileSync } from 'node:fs';
import {
  gradCam,
  gradCamOn,
  measure,
  randomUniform,
  saliencySimilarity,
  saliencyTransfer,
  tensor,
} from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resizeBilinear, resizeBilinearOnHost } from '../../../src/ops/resizeBilinear.ts';
import { openBackend, testBackends } from '../../support/backends.ts';
import { expectDeepClose } from '../../support/deepClose.ts';
import { describeMetric } from '../../support/metricSuite.ts';

type Maps = number[][][];

/** By PyTorch: see the script of the same name. */
const reference = JSON.parse(readFileSync(new URL('../../fixtures/robustness.json', import.meta.url), 'utf8')) as {
  readonly activations: number[][][][];
  readonly gradients: number[][][][];
  readonly cam: Maps;
  readonly teacher: Maps;
  readonly distilled: Maps;
  readonly independent: Maps;
  readonly grid: [number, number];
  readonly pairCosines: number[];
  readonly distilledCosines: number[];
  readonly independentCosines: number[];
  readonly coarseCosines: number[];
  readonly resized: Maps;
};
const { activations, gradients, teacher, distilled, independent } = reference;

/** [batch, channels, height, width] to [batch, height, width, channels]. */
function channelsLast(x: readonly number[][][][]): number[][][][] {
  return x.map((image) => image[0]!.map((row, i) => row.map((_, j) => image.map((channel) => channel[i]![j]!))));
}

describe('gradCam', () => {
  it('agrees with PyTorch, channels first and channels last', () => {
    const first = gradCam({ activations, gradients }, { layout: 'channelsFirst' });
    expect(first.shape).toEqual(tensor(reference.cam).shape);
    expectDeepClose(first.data, tensor(reference.cam).data, 1e-12);
    const last = gradCam({ activations: channelsLast(activations), gradients: channelsLast(gradients) });
    expectDeepClose(last.data, tensor(reference.cam).data, 1e-12);
  });

  it('gives the same on a backend, and leaves one tensor', async () => {
    const backend = cpuBackend({ precision: 'float64' });
    const before = backend.tensorCount?.();
    const first = gradCamOn(backend, { activations, gradients }, { layout: 'channelsFirst' });
    const last = gradCamOn(backend, { activations: channelsLast(activations), gradients: channelsLast(gradients) });
    for (const maps of [first, last]) {
      expect(backend.shapeOf(maps)).toEqual(tensor(reference.cam).shape);
      expectDeepClose((await backend.read(maps)).data, tensor(reference.cam).data, 1e-12);
      backend.dispose(maps);
    }
    expect(backend.tensorCount?.()).toBe(before);
  });

  for (const candidate of testBackends) {
    it(`gives the same on ${candidate.name}`, async (context) => {
      const opened = await openBackend(candidate);
      if ('missing' in opened) return context.skip(opened.missing);
      const { backend } = opened;
      const before = backend.tensorCount?.();
      const maps = gradCamOn(backend, { activations, gradients }, { layout: 'channelsFirst' });
      expectDeepClose((await backend.read(maps)).data, tensor(reference.cam).data, candidate.tolerance);
      backend.dispose(maps);
      expect(backend.tensorCount?.(), 'tensors left behind').toBe(before);
    });
  }

  it('is zero everywhere where the channels speak against the class', () => {
    const maps = gradCam({ activations: [[[[1], [2]]]], gradients: [[[[-1], [0]]]] });
    expect(Array.from(maps.data)).toEqual([0, 0]);
  });

  it('tells by channel and with its sign what the map is the sum of', async () => {
    // α = (−1, ½), the means of the gradients.
    const inputs = { activations: [[[[1, 2]], [[3, 4]]]], gradients: [[[[-3, 0]], [[1, 1]]]] };
    const signed = gradCam(inputs, { rectify: false });
    expect(Array.from(signed.data)).toEqual([-1 + 1, -3 + 2]);
    const each = gradCam(inputs, { rectify: false, perChannel: true });
    expect([Array.from(each.data), each.shape]).toEqual([
      [-1, 1, -3, 2],
      [1, 2, 1, 2],
    ]);
    expect(Array.from(gradCam(inputs, { perChannel: true }).data)).toEqual([0, 1, 0, 2]);
    const first = {
      activations: [
        [
          [[1], [3]],
          [[2], [4]],
        ],
      ],
      gradients: [
        [
          [[-3], [1]],
          [[0], [1]],
        ],
      ],
    };
    const layout = 'channelsFirst';
    expect(Array.from(gradCam(first, { layout, rectify: false, perChannel: true }).data)).toEqual([-1, -3, 1, 2]);
    const backend = cpuBackend({ precision: 'float64' });
    for (const options of [
      { perChannel: true },
      { rectify: false },
      { rectify: false, perChannel: true, layout },
    ] as const) {
      const given = 'layout' in options ? first : inputs;
      const maps = await backend.read(gradCamOn(backend, given, options));
      expect([Array.from(maps.data), maps.shape]).toEqual([
        Array.from(gradCam(given, options).data),
        gradCam(given, options).shape,
      ]);
    }
  });

  it('refuses NaN, and inputs that do not fit', () => {
    expect(() => gradCam({ activations: [[[[Number.NaN]]]], gradients: [[[[1]]]] })).toThrow(
      /activations must be free/,
    );
    expect(() => gradCam({ activations: [[[[1]]]], gradients: [[[[1, 2]]]] })).toThrow(TypeError);
    expect(() => gradCam({ activations: [[1]], gradients: [[1]] })).toThrow(/\[batch, height, width, channels\]/);
    expect(() => gradCam({ activations, gradients }, { layout: 'nchw' as 'channelsFirst' })).toThrow(RangeError);
  });
});

describe('bilinear resampling', () => {
  it('agrees with torch.nn.functional.interpolate without aligned corners, growing and shrinking', async () => {
    const { data, shape } = tensor(distilled);
    const onHost = resizeBilinearOnHost(data, shape as unknown as [number, number, number], [7, 2]);
    expectDeepClose(onHost, tensor(reference.resized).data, 1e-12);
    const backend = cpuBackend({ precision: 'float64' });
    const resized = resizeBilinear(backend, backend.fromHost(tensor(distilled)), [7, 2]);
    expect(backend.shapeOf(resized)).toEqual([5, 7, 2]);
    expectDeepClose((await backend.read(resized)).data, tensor(reference.resized).data, 1e-12);
  });
});

describe('saliencySimilarity', () => {
  const expected = (cosines: readonly number[], zero: readonly number[]) =>
    cosines.map((value, image) => (zero.includes(image) ? null : value));

  it('agrees with PyTorch on the larger grid and on a given one; a zero map has no cosine', () => {
    const { value, similarities, defined, undefinedPairs } = saliencySimilarity(teacher, distilled);
    expectDeepClose(similarities, expected(reference.pairCosines, [1]), 1e-11);
    expect([defined, undefinedPairs]).toEqual([4, 1]);
    const known = reference.pairCosines.filter((_, image) => image !== 1);
    expectDeepClose(value, known.reduce((sum, cosine) => sum + cosine) / 4, 1e-11);
    const coarse = saliencySimilarity(teacher, distilled, { grid: [2, 3] });
    expectDeepClose(coarse.similarities, expected(reference.coarseCosines, [1]), 1e-11);
  });

  it('is 1 for a map with itself at any scale, however small', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 6, maxLength: 6 }),
        fc.integer({ min: -300, max: 300 }),
        (values, power) => {
          fc.pre(values.some((value) => value > 0));
          const map = [[values.slice(0, 3), values.slice(3)]];
          const scaled = map.map((rows) => rows.map((row) => row.map((value) => value * 10 ** power)));
          expectDeepClose(saliencySimilarity(map, scaled).similarities, [1], 1e-12);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('has no mean where no pair has a cosine', () => {
    expect(saliencySimilarity([[[0]]], [[[1]]])).toEqual({
      value: null,
      similarities: [null],
      defined: 0,
      undefinedPairs: 1,
    });
  });

  it('refuses maps that are not finite, and batches of different size', () => {
    expect(() => saliencySimilarity([[[Number.NaN]]], [[[1]]])).toThrow(/first must be finite/);
    expect(() => saliencySimilarity([[[1]]], [[[1]], [[1]]])).toThrow(/second must be of 1 maps/);
    expect(() => saliencySimilarity([[[1]]], [[[1]]], { grid: [0, 1] })).toThrow(/grid/);
  });
});

const scored = [0, 2, 4];
const mean = (values: readonly number[]) => scored.reduce((sum, image) => sum + values[image]!, 0) / scored.length;
const nearer = scored.filter(
  (image) => reference.distilledCosines[image]! > reference.independentCosines[image]!,
).length;

describeMetric('saliencyTransfer', [
  {
    title: 'three nets of different grids; images 1 and 3 have a zero map',
    metric: saliencyTransfer({ grid: reference.grid }),
    batch: { teacherMaps: teacher, distilledMaps: distilled, independentMaps: independent },
    tolerance: 1e-11,
    expected: {
      value: nearer / 3,
      status: 'defined',
      distilledNearer: nearer,
      independentNearer: 3 - nearer,
      equallyNear: 0,
      defined: 3,
      undefinedImages: 2,
      zeroMaps: { teacher: 1, distilled: 0, independent: 1 },
      count: 5,
      distilledSimilarity: mean(reference.distilledCosines),
      independentSimilarity: mean(reference.independentCosines),
    },
  },
  {
    title: 'the grid is by default the largest height and width',
    metric: saliencyTransfer(),
    batch: { teacherMaps: teacher, distilledMaps: distilled, independentMaps: independent },
    tolerance: 1e-11,
    expected: { distilledSimilarity: mean(reference.distilledCosines) },
  },
  {
    // Cosines with the teacher's (1, 0): 1 and 0; then 0 and 1; then equal; maps of 1e−30 must not underflow.
    title: 'by hand',
    metric: saliencyTransfer(),
    batch: {
      teacherMaps: [[[1e-30, 0]], [[1, 0]], [[1, 0]]],
      distilledMaps: [[[2, 0]], [[0, 2]], [[1, 0]]],
      independentMaps: [[[0, 1e-30]], [[1, 0]], [[2, 0]]],
    },
    expected: { value: 1 / 3, distilledNearer: 1, independentNearer: 1, equallyNear: 1, defined: 3, count: 3 },
  },
  {
    title: 'no image has all three maps',
    metric: saliencyTransfer(),
    batch: { teacherMaps: [[[0]], [[1]]], distilledMaps: [[[1]], [[0]]], independentMaps: [[[1]], [[1]]] },
    expected: {
      value: null,
      status: 'noDefinedPair',
      undefinedImages: 2,
      zeroMaps: { teacher: 1, distilled: 1, independent: 0 },
      distilledSimilarity: null,
    },
  },
]);

describe('saliencyTransfer', () => {
  it('refuses NaN and batches of different size', () => {
    const one = [[[1]]];
    expect(() =>
      measure(saliencyTransfer(), { teacherMaps: [[[Number.NaN]]], distilledMaps: one, independentMaps: one }),
    ).toThrow('saliencyTransfer: maps must be finite');
    expect(() =>
      measure(saliencyTransfer(), { teacherMaps: one, distilledMaps: [[[1]], [[1]]], independentMaps: one }),
    ).toThrow(/distilledMaps must be of 1 maps/);
    expect(() => saliencyTransfer({ grid: [1.5, 2] })).toThrow(/grid/);
  });

  it('finds maps on one line equally near and their cosines at most 1, in float64 and in float32', () => {
    const draw = (seed: number, scale = 1): Maps =>
      Array.from({ length: 100 }, (_, image) => {
        const at = (row: number, column: number) => scale * randomUniform(seed, (image * 7 + row) * 7 + column);
        return Array.from({ length: 7 }, (_, row) => Array.from({ length: 7 }, (_, column) => at(row, column)));
      });
    const single = (maps: Maps) => tensor(Float32Array.from(maps.flat(2)), [100, 7, 7]);
    for (const scale of [3 / 7, 1.1, 1e-9]) {
      for (const form of [tensor, single]) {
        const [teacherMaps, distilledMaps] = [form(draw(1)), form(draw(2))];
        const { equallyNear } = measure(saliencyTransfer(), {
          teacherMaps,
          distilledMaps,
          independentMaps: form(draw(2, scale)),
        });
        expect(equallyNear).toBe(100);
        const { similarities } = saliencySimilarity(distilledMaps, form(draw(2, scale)));
        expect(Math.max(...similarities.map(Number))).toBeLessThanOrEqual(1);
      }
    }
    // Cosines a thousandth apart are not equal.
    const [near, nearer] = [[[[1, 0.1]]], [[[1, 0.09]]]];
    const { distilledNearer } = measure(saliencyTransfer(), {
      teacherMaps: [[[1, 0]]],
      distilledMaps: nearer,
      independentMaps: near,
    });
    expect(distilledNearer).toBe(1);
  });
});
