import { accumulate, cka, measure, type TensorLike, tensor } from 'dark-knowledge';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import reference from '../../fixtures/similarity.json' with { type: 'json' };
import { expectDeepClose } from '../../support/deepClose.ts';
import { describeMetric } from '../../support/metricSuite.ts';
import { normals, rotated, rowsOf } from './samples.ts';

const { x, y, wideX, wideY } = reference;
const expected = reference.cka;

describeMetric('cka', [
  {
    title: 'linear, the biased and the debiased value',
    metric: cka(),
    batch: { x, y },
    expected: {
      value: expected.linear,
      biased: expected.linear,
      debiased: expected.debiased,
      samples: 100,
      status: 'ok',
    },
  },
  {
    title: 'the debiased value on request',
    metric: cka({ debiased: true }),
    batch: { x, y },
    expected: { value: expected.debiased, biased: expected.linear, debiased: expected.debiased },
  },
  {
    title: 'more features than samples on one side',
    metric: cka(),
    batch: { x: wideX, y: wideY },
    expected: { biased: expected.wide, debiased: expected.wideDebiased },
  },
  {
    title: 'linear by Gram matrices',
    metric: cka({ form: 'gram' }),
    batch: { x: wideX, y: wideY },
    expected: { biased: expected.wide, debiased: expected.wideDebiased, samples: 12, status: 'ok' },
    streams: false,
  },
  {
    title: 'RBF, the median taken with the diagonal',
    metric: cka({ kernel: 'rbf', bandwidth: 0.5 }),
    batch: { x, y },
    expected: { value: expected.rbf, debiased: expected.rbfDebiased },
    streams: false,
    onDevices: false,
  },
  {
    title: 'RBF, the median taken without the diagonal',
    metric: cka({ kernel: 'rbf', bandwidth: 0.5, median: 'withoutDiagonal' }),
    batch: { x, y },
    expected: { value: expected.rbfWithoutDiagonal },
    streams: false,
    onDevices: false,
  },
  {
    title: 'RBF of few samples: the median of an even number of distances, found on the device',
    metric: cka({ kernel: 'rbf', bandwidth: 0.5 }),
    batch: { x: x.slice(0, 12), y: y.slice(0, 12) },
    streams: false,
  },
  {
    title: 'RBF of few samples: most distances are equal',
    metric: cka({ kernel: 'rbf', median: 'withoutDiagonal' }),
    batch: { x: [[0], [1], [1], [0], [0]], y: y.slice(0, 5) },
    streams: false,
  },
  {
    title: 'one minibatch has the debiased value',
    metric: cka({ minibatch: true }),
    batch: { x, y },
    expected: { value: expected.debiased, biased: expected.linear },
    streams: false,
  },
  {
    title: 'axes after the first are flattened',
    metric: cka(),
    batch: { x: tensor(tensor(x).data, [100, 2, 5]), y: tensor(tensor(y).data, [100, 5, 2, 1]) },
    expected: { value: expected.linear, debiased: expected.debiased },
  },
  {
    title: 'feature means of 30 and 1000, at which raw float32 products fail',
    metric: cka(),
    batch: { x: x.map((row) => row.map((value) => value + 30)), y: y.map((row) => row.map((value) => value + 1000)) },
    expected: { value: expected.linear, debiased: expected.debiased },
  },
  {
    title: 'one constant side has a status and no NaN',
    metric: cka(),
    batch: { x: x.map(() => [0.1, 30.3]), y },
    expected: { value: 0, biased: 0, debiased: 0, samples: 100, status: 'constantX' },
  },
  {
    title: 'the other constant side',
    metric: cka({ kernel: 'rbf' }),
    batch: { x: x.slice(0, 9), y: y.slice(0, 9).map(() => [0.1, 30.3]) },
    expected: { value: 0, status: 'constantY' },
    streams: false,
  },
  {
    title: 'a single sample is constant on both sides',
    metric: cka(),
    batch: { x: [[1, 2]], y: [[3, 4]] },
    expected: { value: 0, samples: 1, status: 'constantBoth' },
  },
  {
    title: 'three samples have no debiased value',
    metric: cka(),
    // Collinear differences 0, 1, 2 against 0, 2, 4: alike but for scale.
    batch: { x: [[0], [1], [2]], y: [[0], [2], [4]] },
    expected: { value: 1, debiased: 0, status: 'tooFewSamples' },
  },
  {
    title: 'a feature that fires for one sample only has no debiased value',
    metric: cka({ debiased: true }),
    batch: { x: y.map((_, row) => [row === 3 ? 1 : 0]), y },
    expected: { value: 0, debiased: 0, status: 'debiasedUndefined' },
  },
]);

describe('cka', () => {
  it('has the values that the published definitions give for numpy seed 1337', () => {
    expectDeepClose([expected.linear, expected.rbf, expected.debiased], [0.55761, 0.65483, 0.51346], 1e-5);
  });

  it('sums unbiased HSICs over minibatches', () => {
    for (const [kernel, value] of [
      ['linear', expected.minibatch20],
      ['rbf', expected.minibatch20Rbf],
    ] as const) {
      const running = accumulate(cka({ kernel, minibatch: true, bandwidth: 0.5 }));
      for (let start = 0; start < 100; start += 20) {
        running.update({ x: x.slice(start, start + 20), y: y.slice(start, start + 20) });
      }
      expectDeepClose(running.compute().value, value, 1e-12);
      expect(Object.values(running.toJSON().statistics ?? {}).every(({ data }) => data.length === 1)).toBe(true);
    }
  });

  it('gives unrelated wide activations a biased value near 1 and a debiased one near 0', () => {
    const { biased, debiased } = measure(cka({ form: 'gram' }), { x: normals(1, 100, 1000), y: normals(2, 100, 1000) });
    expect(biased).toBeGreaterThan(0.89);
    expect(biased).toBeLessThan(0.93);
    expect(Math.abs(debiased)).toBeLessThan(0.03);
  });

  it('chooses Gram matrices by both widths, and only where the features would need a large state', () => {
    const batch = (first: number, second: number) => ({ x: normals(1, 5, first), y: normals(2, 5, second) });
    const keysOf = (widths: [number, number]) => {
      const running = accumulate(cka());
      running.update(batch(...widths));
      return Object.keys(running.toJSON().statistics ?? {});
    };
    expect(keysOf([3, 40])).toContain('x0y0.products');
    expect(keysOf([3, 2100])).not.toContain('x0y0.products');
    expect(keysOf([2100, 3])).not.toContain('x0y0.products');
  });

  it('says how to stream where Gram matrices cannot be merged', () => {
    const running = accumulate(cka({ form: 'gram' }));
    running.update({ x, y });
    expect(() => running.update({ x, y })).toThrow(/cka: form must be 'features' or minibatch for a stream/);
    const kernel = accumulate(cka({ kernel: 'rbf' }));
    kernel.update({ x, y });
    expect(() => kernel.update({ x, y })).toThrow(/minibatch: true/);
  });

  it('refuses what it cannot compare', () => {
    const fails = (batch: { x: TensorLike; y: TensorLike }, text: RegExp) =>
      expect(() => measure(cka(), batch)).toThrow(text);
    fails({ x: [[1], [2]], y: [[1], [2], [3]] }, /cka: y must be of as many samples as x, 2, got shape \[3, 1\]/);
    fails({ x: [], y: [] }, /cka: x must be of shape \[n, features\]/);
    fails({ x: [[1], [Number.NaN]], y: [[1], [2]] }, /cka: x must be finite, got '1 of NaN or ±Infinity'/);
    fails({ x: [[1], [Infinity]], y: [[1], [2]] }, /finite/);
    expect(() => measure(cka({ minibatch: true }), { x: [[1], [2]], y: [[1], [2]] })).toThrow(/at least 4 a batch/);
    expect(() => cka({ bandwidth: 0 })).toThrow(/cka: bandwidth must be a finite number greater than 0, got 0/);
    expect(() => cka({ form: 'features', kernel: 'rbf' })).toThrow(/form/);
    expect(() => cka({ kernels: 'rbf' } as never)).toThrow(/cka: option must be/);
  });

  it('is unchanged by rotation, reflection, isotropic scale and shift, with either kernel', () => {
    fc.assert(
      fc.property(
        fc.nat(1e6),
        fc.double({ min: 0.01, max: 100, noNaN: true }),
        fc.integer({ min: 4, max: 30 }),
        (seed, scale, rows) => {
          const [a, b] = [rowsOf(normals(seed, rows, 6)), rowsOf(normals(seed + 1, rows, 4))];
          const turned = rotated(seed + 2, a).map((row) => row.map((value) => scale * value + 5));
          for (const options of [{}, { form: 'gram' }, { kernel: 'rbf' }] as const) {
            const { value, biased, debiased } = measure(cka(options), { x: a, y: b });
            expectDeepClose(measure(cka(options), { x: turned, y: b }), { value, biased, debiased }, 1e-8);
          }
        },
      ),
      { numRuns: 25 },
    );
  });

  it('is symmetric, is 1 of a set with itself, and ignores the order of samples', () => {
    fc.assert(
      fc.property(fc.nat(1e6), fc.integer({ min: 5, max: 20 }), (seed, rows) => {
        const [a, b] = [rowsOf(normals(seed, rows, 3)), rowsOf(normals(seed + 1, rows, 5))];
        const once = measure(cka(), { x: a, y: b });
        expectDeepClose(measure(cka(), { x: b, y: a }), once, 1e-11);
        expectDeepClose(measure(cka(), { x: a, y: a }), { biased: 1, debiased: 1 }, 1e-11);
        expectDeepClose(measure(cka(), { x: a.toReversed(), y: b.toReversed() }), once, 1e-11);
      }),
      { numRuns: 25 },
    );
  });

  it('merges parts of any size in any order to the value of the whole, far from the origin too', () => {
    fc.assert(
      fc.property(
        fc.nat(1e6),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 6 }),
        (seed, sizes) => {
          const rows = sizes.reduce((total, size) => total + size, 0);
          const a = rowsOf(normals(seed, rows, 3)).map((row) => row.map((value) => value + 100));
          const b = rowsOf(normals(seed + 1, rows, 2)).map((row, index) => [row[0]! + a[index]![0]!, row[1]! - 50]);
          let at = 0;
          const parts = sizes.map((size) => {
            const part = accumulate(cka());
            part.update({ x: a.slice(at, at + size), y: b.slice(at, at + size) });
            at += size;
            return part;
          });
          const merged = accumulate(cka());
          for (const part of parts.toReversed()) merged.merge(part);
          expectDeepClose(merged.compute(), measure(cka(), { x: a, y: b }), 1e-9);
        },
      ),
      { numRuns: 25 },
    );
  });
});
