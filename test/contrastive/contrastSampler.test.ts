import { contrastSampler } from 'dark-knowledge';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { type AnyBackend, openBackend, oracle, testBackends } from '../support/backends.ts';

const rowsOf = ({ data, shape: [rows = 0, columns = 0] }: { data: ArrayLike<number>; shape: readonly number[] }) =>
  Array.from({ length: rows }, (_, row) => Array.from(data).slice(row * columns, (row + 1) * columns));

describe('contrastSampler', () => {
  it('draws negatives of other classes, and positives as asked', () => {
    const labels = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 6, maxLength: 30 });
    fc.assert(
      fc.property(
        labels,
        fc.nat(1000),
        fc.constantFrom('exact' as const, 'relax' as const),
        (drawn, seed, positives) => {
          const classes = [...drawn, 5, 6];
          const sampler = contrastSampler({ labels: classes, count: 7, positives, seed });
          const indices = classes.map((_, row) => row);
          const { positiveIndices, contrastIndices } = sampler.sample(indices, 3);
          expect(contrastIndices.shape).toEqual([classes.length, 7]);
          rowsOf(contrastIndices).forEach((row, sample) => {
            for (const index of row) expect(classes[index]).not.toBe(classes[sample]);
            for (const index of row) expect(index >= 0 && index < classes.length).toBe(true);
          });
          positiveIndices.data.forEach((positive, sample) => {
            if (positives === 'exact') expect(positive).toBe(sample);
            else expect(classes[positive]).toBe(classes[sample]);
          });
        },
      ),
      { numRuns: 50 },
    );
  });

  it('takes rows of negative labels for classes of their own: every other row is a negative, the row itself its positive', () => {
    const labels = [-100, 0, -100, 0, -1];
    const sampler = contrastSampler({ labels, count: 4, positives: 'relax', replacement: false, seed: 2 });
    const { positiveIndices, contrastIndices } = sampler.sample([0, 2, 4], 0);
    expect(Array.from(positiveIndices.data)).toEqual([0, 2, 4]);
    expect(rowsOf(contrastIndices).map((row) => row.sort())).toEqual([
      [1, 2, 3, 4],
      [0, 1, 3, 4],
      [0, 1, 2, 3],
    ]);
    expect(() => sampler.sample([1], 0)).toThrow(/This sample has 3 negatives/);
  });

  it('draws uniform negatives that are neither the sample nor its positive', () => {
    const labels = Array.from({ length: 12 }, (_, row) => row % 3);
    for (const positives of ['exact', 'relax'] as const) {
      for (const replacement of [true, false]) {
        const sampler = contrastSampler({ labels, count: 10, negatives: 'uniform', positives, replacement, seed: 5 });
        for (let step = 0; step < 30; step++) {
          const indices = [0, 5, 11, 6];
          if (positives === 'relax' || replacement) {
            const { positiveIndices, contrastIndices } = sampler.sample(indices, step);
            rowsOf(contrastIndices).forEach((row, sample) => {
              expect(row).not.toContain(indices[sample]);
              expect(row).not.toContain(positiveIndices.data[sample]);
              if (!replacement) expect(new Set(row).size).toBe(10);
            });
          }
        }
      }
    }
  });

  it('reaches every allowed row equally often', () => {
    // 40 000 draws over 8 rows: each count is 5000 ± 66 (one standard deviation).
    const labels = [0, 1, 0, 1, 1, 2, 2, 2, 2, 0, 1];
    const count = 40_000;
    const { data } = contrastSampler({ labels, count, seed: 9 }).sample([2], 0).contrastIndices;
    const counts = labels.map((_, row) => data.filter((index) => index === row).length);
    labels.forEach((label, row) => {
      if (label === 0) expect(counts[row]).toBe(0);
      else expect(Math.abs(counts[row]! - count / 8)).toBeLessThan(5 * 66);
    });
  });

  it('without replacement reaches every allowed row equally often, and takes all of a pool just large enough', () => {
    const drawn = new Map<number, number>();
    const sampler = contrastSampler({ size: 6, count: 2, replacement: false });
    const batch = Array<number>(5000).fill(1);
    for (const index of sampler.sample(batch, 0).contrastIndices.data) drawn.set(index, (drawn.get(index) ?? 0) + 1);
    // 10 000 draws over 5 rows, 2000 ± 40.
    expect([...drawn.keys()].sort()).toEqual([0, 2, 3, 4, 5]);
    for (const count of drawn.values()) expect(Math.abs(count - 2000)).toBeLessThan(200);
    const all = contrastSampler({ size: 6, count: 5, replacement: false }).sample([4], 0).contrastIndices.data;
    expect(Array.from(all).sort()).toEqual([0, 1, 2, 3, 5]);
  });

  it('gives the same draws for the same seed and step, and others for another', () => {
    const make = (seed: number) => contrastSampler({ size: 1000, count: 20, seed });
    const draws = make(1).sample([3, 4], 7);
    expect(make(1).sample([3, 4], 7)).toEqual(draws);
    expect(make(1).sample([3, 4], 8)).not.toEqual(draws);
    expect(make(2).sample([3, 4], 7)).not.toEqual(draws);
    // Fixed for ever, so that a run can be repeated: by a Python program that hashes as random.ts describes.
    expect(Array.from(draws.positiveIndices.data)).toEqual([3, 4]);
    expect(rowsOf(draws.contrastIndices).map((row) => row.slice(0, 3))).toEqual([
      [461, 184, 998],
      [279, 351, 688],
    ]);
  });

  it('takes no longer for many classes than for two', () => {
    const time = (classes: number): number => {
      const labels = Int32Array.from({ length: 100_000 }, (_, row) => row % classes);
      const sampler = contrastSampler({ labels, count: 2000 });
      sampler.sample([0, 1, 2], 0);
      // The fastest of twenty: a busy machine interrupts some of them.
      const times = Array.from({ length: 20 }, (_, step) => {
        const start = performance.now();
        sampler.sample([step, 500, 9999], step);
        return performance.now() - start;
      });
      return Math.min(...times);
    };
    time(2);
    // A scan over the other classes would take 25 000 times as long.
    expect(time(50_000)).toBeLessThan(50 * time(2) + 3);
  });

  it('says which sample has no negative, or too few different ones', () => {
    const oneClass = contrastSampler({ labels: [4, 4, 4], count: 2 });
    expect(() => oneClass.sample([1], 0)).toThrow(
      new RangeError(
        'contrastSampler.sample: indices must be rows whose sample is one with at least one negative, got 1. This sample has 0 negatives.',
      ),
    );
    const few = contrastSampler({ labels: [0, 1, 1], count: 3, replacement: false });
    expect(() => few.sample([0], 0)).toThrow(/one with at least 3 different negatives, got 0\. This sample has 2/);
    expect(() => contrastSampler({ size: 1, count: 1 }).sample([0], 0)).toThrow('This sample has 0 negatives.');
  });

  it('refuses rows and options out of range', () => {
    const sampler = contrastSampler({ size: 10, count: 2 });
    for (const index of [10, -1, 0.5]) {
      expect(() => sampler.sample([index], 0)).toThrow(
        new RangeError(
          `contrastSampler.sample: indices must be rows of the bank, whole numbers in [0, 10), got ${index}.`,
        ),
      );
    }
    const on = () => sampler.sampleOn(oracle, [10], 0);
    expect(on).toThrow('contrastSampler.sampleOn: indices must be rows of the bank, whole numbers in [0, 10), got 10.');
    expect(() => sampler.sample([0], -1)).toThrow('contrastSampler.sample: step must be a whole number of at least 0');
    expect(() => contrastSampler({ count: 2 })).toThrow(
      'contrastSampler: size must be given where there are no labels',
    );
    expect(() => contrastSampler({ size: 3, count: 0 })).toThrow(
      'contrastSampler: count must be a whole number of at least 1',
    );
    expect(() => contrastSampler({ size: 3, count: 1, positives: 'relax' })).toThrow(
      "contrastSampler: labels must be given where positives is 'relax', got undefined.",
    );
    expect(() => contrastSampler({ size: 3, labels: [0, 1], count: 1 })).toThrow(
      'contrastSampler: size must be the number of labels, 2, got 3.',
    );
    expect(() => contrastSampler({ size: 3, count: 1, replace: false } as never)).toThrow('option must be one of');
  });
});

for (const candidate of testBackends) {
  describe(`contrastSampler on ${candidate.name}`, () => {
    let backend: AnyBackend | undefined;
    let missing = '';
    beforeAll(async () => {
      const opened = await openBackend(candidate);
      if ('missing' in opened) missing = opened.missing;
      else backend = opened.backend;
    });

    it('gives the draws of the host, which the caller owns', async (context) => {
      if (!backend) return context.skip(missing);
      const labels = Array.from({ length: 50 }, (_, row) => row % 3);
      const before = backend.tensorCount?.();
      for (const replacement of [true, false]) {
        for (const negatives of ['otherClasses', 'uniform'] as const) {
          const sampler = contrastSampler({ labels, count: 8, negatives, positives: 'relax', replacement, seed: 3 });
          const expected = sampler.sample([4, 0, 49], 2);
          const drawn = sampler.sampleOn(backend, [4, 0, 49], 2);
          for (const name of ['positiveIndices', 'contrastIndices'] as const) {
            expect(backend.shapeOf(drawn[name])).toEqual(expected[name].shape);
            expect(Array.from((await backend.read(drawn[name])).data)).toEqual(Array.from(expected[name].data));
            backend.dispose(drawn[name]);
          }
        }
      }
      expect(backend.tensorCount?.()).toBe(before);
    });
  });
}
