import { readFileSync } from 'node:fs';
import { accumulate, eigenComponents, eigenDirections, imagePatches, measure, tensor } from 'dark-knowledge';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectDeepClose } from '../../support/deepClose.ts';
import { describeMetric } from '../../support/metricSuite.ts';

interface Eigen {
  readonly eigenvalues: number[];
  readonly directions: { readonly data: number[]; readonly shape: number[] };
}

/** By NumPy and PyTorch: see the script of the same name. */
const reference = JSON.parse(readFileSync(new URL('../../fixtures/eigenDeviation.json', import.meta.url), 'utf8')) as {
  readonly data: number[][];
  readonly gram: Eigen;
  readonly secondMoment: Eigen;
  readonly covariance: Eigen;
  readonly mean: number[];
  readonly kernel: number[][];
  readonly studentKernel: number[][];
  readonly components: number[];
  readonly studentComponents: number[];
  readonly images: number[][][][];
  readonly convolution: number[][][][];
  readonly output: number[][][][];
  readonly patches: number[][];
  readonly stridedPatches: number[][];
};
const { data } = reference;

describeMetric('eigenDirections', [
  {
    title: 'XᵀX, numpy.linalg.eigh',
    metric: eigenDirections(),
    batch: { data },
    expected: { ...reference.gram, value: reference.gram.eigenvalues[0], mean: reference.mean, rank: 4, count: 30 },
  },
  {
    title: 'XᵀX/n',
    metric: eigenDirections({ matrix: 'secondMoment' }),
    batch: { data },
    expected: reference.secondMoment,
  },
  {
    title: 'the covariance, numpy.cov',
    metric: eigenDirections({ matrix: 'covariance' }),
    batch: { data },
    expected: reference.covariance,
  },
  {
    title: 'constant data have a covariance of rank 0',
    metric: eigenDirections({ matrix: 'covariance' }),
    batch: {
      data: [
        [2, 1],
        [2, 1],
        [2, 1],
      ],
    },
    expected: { value: 0, eigenvalues: [0, 0], rank: 0, mean: [2, 1], count: 3 },
  },
]);

describe('eigenDirections', () => {
  it('gives the same directions in whatever parts the rows come, where eigenvalues coincide too', () => {
    // Three rows of four features: the covariance has rank 2, and a plane of eigenvalue 0.
    const few = [
      [1.474399368951672, -0.9186490837323091, 1.2356340788600322, -0.8741583293319886],
      [0.4641275042999017, -0.773157223001368, 0.6003609120640654, -0.9014539213425182],
      [-0.8555858201605213, -3.3232794238048973, -3.0808901758316303, -1.3604207051335335],
    ];
    const constant = Array.from({ length: 6 }, () => Array<number>(3).fill(-0.23354193898458642));
    for (const [matrix, rows, rank] of [
      ['covariance', few, 2],
      ['gram', constant, 1],
      ['gram', few.map((row) => row.map((value) => value * 1e30)), 3],
    ] as const) {
      const metric = eigenDirections({ matrix });
      const whole = measure(metric, { data: rows });
      expect(Array.from(whole.eigenvalues, (value) => value === 0)).toEqual(
        whole.eigenvalues.length === 4 ? [false, false, rank < 3, true] : [false, true, true],
      );
      for (let cut = 1; cut < rows.length; cut++) {
        const [first, second] = [accumulate(metric), accumulate(metric)];
        first.update({ data: rows.slice(cut) });
        second.update({ data: rows.slice(0, cut) });
        first.merge(second);
        const merged = first.compute();
        expectDeepClose(merged.directions.data, whole.directions.data, 1e-9, `${matrix}, ${cut} rows first`);
      }
    }
    // Of (1, −1) either element may be the larger by a rounding.
    const { directions } = measure(eigenDirections(), {
      data: [
        [0.1, 0.7],
        [0.7, 0.1],
      ],
    });
    expect(directions.data[2]).toBeGreaterThan(0);
  });

  it('refuses NaN, infinities, and batches of different width', () => {
    for (const value of [Number.NaN, Infinity, 1e200]) {
      expect(() => measure(eigenDirections(), { data: [[value, 1]] })).toThrow('eigenDirections: data must be finite');
    }
    expect(() => measure(eigenDirections(), { data: [1, 2] })).toThrow(/\[rows, features\]/);
    expect(() => eigenDirections({ matrix: 'kernel' as 'gram' })).toThrow(RangeError);
  });

  it('gives orthonormal directions whose matrix is the one decomposed', () => {
    const whole = fc.integer({ min: -5, max: 5 });
    fc.assert(
      fc.property(fc.array(fc.tuple(whole, whole, whole), { minLength: 1, maxLength: 8 }), (rows) => {
        const { eigenvalues, directions } = measure(eigenDirections(), { data: rows });
        const v = [0, 1, 2].map((k) => Array.from(directions.data.slice(3 * k, 3 * k + 3)));
        for (const i of [0, 1, 2]) {
          for (const j of [0, 1, 2]) {
            const inner = v[i]!.reduce((sum, value, feature) => sum + value * v[j]![feature]!, 0);
            expect(inner).toBeCloseTo(i === j ? 1 : 0, 10);
            const gram = rows.reduce((sum, row) => sum + row[i]! * row[j]!, 0);
            const rebuilt = v.reduce((sum, direction, k) => sum + eigenvalues[k]! * direction[i]! * direction[j]!, 0);
            expect(rebuilt).toBeCloseTo(gram, 8);
          }
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe('imagePatches', () => {
  const { images, patches } = reference;
  /** [a, b, c, d] to [a, c, d, b]. */
  const channelsLast = (x: readonly number[][][][]) =>
    x.map((image) => image[0]!.map((row, i) => row.map((_, j) => image.map((channel) => channel[i]![j]!))));

  it('agrees with torch.nn.functional.unfold, with and without stride', () => {
    const all = imagePatches(images, { size: [3, 2], layout: 'channelsFirst' });
    expect(all.shape).toEqual([18, 18]);
    expectDeepClose(all.data, tensor(patches).data, 0);
    const strided = imagePatches(images, { size: [3, 2], stride: 2, layout: 'channelsFirst' });
    expectDeepClose(strided.data, tensor(reference.stridedPatches).data, 0);
  });

  it('makes of the kernel matrix the convolution, with channels last', () => {
    const rows = imagePatches(channelsLast(images), { size: [3, 2] });
    // [out, in, height, width] to [(height, width, in), out].
    const kernel = channelsLast(reference.convolution).map((output) => output.flat(2));
    const output = channelsLast(reference.output).flat(2);
    for (let patch = 0; patch < rows.shape[0]!; patch++) {
      const row = Array.from(rows.data.slice(18 * patch, 18 * patch + 18));
      const values = kernel.map((weights) => weights.reduce((sum, weight, feature) => sum + weight * row[feature]!, 0));
      expectDeepClose(values, output[patch], 1e-12);
    }
  });

  it('takes random patches by seed, the same each time', () => {
    const options = { size: [3, 2], layout: 'channelsFirst', count: 200 } as const;
    const drawn = imagePatches(images, { ...options, seed: 3 });
    expect(drawn.shape).toEqual([200, 18]);
    expect(imagePatches(images, { ...options, seed: 3 })).toEqual(drawn);
    expect(imagePatches(images, { ...options, seed: 4 })).not.toEqual(drawn);
    const known = new Set(patches.map(String));
    const seen = new Set(
      Array.from({ length: 200 }, (_, row) => String(Array.from(drawn.data.slice(18 * row, 18 * row + 18)))),
    );
    expect([...seen].every((row) => known.has(row))).toBe(true);
    expect(seen.size).toBe(18);
  });

  it('refuses a kernel larger than the image', () => {
    expect(() => imagePatches(images, { size: [6, 1], layout: 'channelsFirst' })).toThrow(/size must be at most/);
    expect(() => imagePatches([[1]], { size: [1, 1] })).toThrow(TypeError);
  });
});

describe('eigenComponents', () => {
  const eigen = measure(eigenDirections(), { data });
  const { kernel, studentKernel } = reference;

  it('agrees with numpy.linalg.norm of the projections, and carries the ratios', () => {
    const zero = kernel.map((row) => row.map(() => 0));
    const result = eigenComponents({ eigen, teacher: [zero, kernel], student: [kernel, kernel, studentKernel] });
    expectDeepClose(result.eigenvalues, reference.gram.eigenvalues, 1e-12);
    expectDeepClose(result.teacher[1], reference.components, 1e-12);
    expectDeepClose(result.student[2], reference.studentComponents, 1e-12);
    expect(result.ratios).toHaveLength(2);
    expect(result.ratios[0]).toEqual([null, null, null, null]);
    expectDeepClose(result.ratios[1], [1, 1, 1, 1], 1e-12);
    const expected = reference.studentComponents.map((value, k) => value / reference.components[k]!);
    expectDeepClose(result.finalRatios, expected, 1e-12);
  });

  it('reads dense kernels, vectors and convolution kernels in either layout alike', () => {
    const transposed = kernel[0]!.map((_, output) => kernel.map((row) => row[output]!));
    const first = eigenComponents({ eigen, teacher: [transposed], student: [transposed] }, { layout: 'outputsFirst' });
    expectDeepClose(first.teacher[0], reference.components, 1e-12);
    // Four features as a kernel [2, 1, 2, 3] with outputs last, and [3, 2, 2, 1] with outputs first.
    const flat = tensor(kernel).data;
    const last = eigenComponents({
      eigen,
      teacher: [tensor(flat, [2, 1, 2, 3])],
      student: [kernel.map((row) => row[0]!)],
    });
    expectDeepClose(last.teacher[0], reference.components, 1e-12);
    const column = kernel.map((row) => [row[0]!]);
    expectDeepClose(
      last.student[0],
      eigenComponents({ eigen, teacher: [column], student: [column] }).teacher[0],
      1e-12,
    );
    const convolution = { teacher: [tensor(tensor(transposed).data, [3, 2, 2, 1])], student: [transposed] };
    const outputsFirst = eigenComponents({ eigen, ...convolution }, { layout: 'outputsFirst' });
    expectDeepClose(outputsFirst.teacher[0], reference.components, 1e-12);
  });

  it('refuses weights of other features, NaN, and no checkpoint', () => {
    expect(() => eigenComponents({ eigen, teacher: [[1, 2, 3]], student: [kernel] })).toThrow(/of 4 features/);
    expect(() => eigenComponents({ eigen, teacher: [kernel], student: [[Number.NaN, 0, 0, 0]] })).toThrow(
      /student\[0\]/,
    );
    expect(() => eigenComponents({ eigen, teacher: [], student: [kernel] })).toThrow(/at least one checkpoint/);
    // Infinity times a direction's 0 would be NaN.
    expect(() => eigenComponents({ eigen, teacher: [[Infinity, 0, 0, 0]], student: [kernel] })).toThrow(
      /teacher\[0\] must be finite numbers, got Infinity/,
    );
    const undirected = { eigenvalues: [1], directions: [[Number.NaN, 1]] };
    expect(() => eigenComponents({ eigen: undirected, teacher: [[1, 1]], student: [[1, 1]] })).toThrow(
      /eigen.directions must be finite numbers/,
    );
  });

  it.each([1e-200, 1e200])('has ratios that do not depend on the size of the weights (%d)', (size) => {
    const [axes, teacher, student] = [
      {
        eigenvalues: [9, 1],
        directions: [
          [0.6, 0.8],
          [0.8, -0.6],
        ],
      },
      [3, 4],
      [1, 2],
    ];
    const times = (weights: readonly number[]) => weights.map((weight) => weight * size);
    const plain = eigenComponents({ eigen: axes, teacher: [teacher], student: [student] });
    const scaled = eigenComponents({ eigen: axes, teacher: [times(teacher)], student: [times(student)] });
    expectDeepClose(scaled.ratios, plain.ratios, 1e-12);
    expectDeepClose(scaled.teacher[0]![0]! / size, 5, 1e-12);
    // At a right angle to the second direction: 3·0.8 − 4·0.6 is not 0 in float64.
    expect([scaled.teacher[0]![1], scaled.ratios[0]![1]]).toEqual([0, null]);
  });
});
