import { type AnyMetric, type CalibrationErrorOptions, calibrationError, measureOn } from 'dark-knowledge';
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

const classwise = (options: CalibrationErrorOptions = {}): AnyMetric =>
  calibrationError({ ...options, over: 'classwise' });

/** Logits that look random, and their softmax in float32. */
function scores(rows: number, classes: number, seed: number) {
  let state = seed;
  const draw = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const logits = Float32Array.from({ length: rows * classes }, () => 6 * (draw() - 0.5));
  const probabilities = logits.map((logit, at) => {
    const row = logits.subarray(at - (at % classes), at - (at % classes) + classes);
    return Math.exp(logit) / row.reduce((sum, other) => sum + Math.exp(other), 0);
  });
  const labels = Float32Array.from({ length: rows }, () => Math.floor(draw() * classes));
  const shape = [rows, classes];
  return { logits: { data: logits, shape }, probabilities: { data: probabilities, shape }, labels };
}

describe('classwise calibration in kernels of its own', () => {
  it('logits and probabilities, classes and bins beside the edges of a workgroup, both edge rules', async (context) => {
    const target = need(context);
    for (const [rows, classes, bins] of [
      [5, 2, 1],
      [300, 3, 15],
      [70, 64, 16],
      [65, 65, 17],
      [20, 130, 40],
    ] as const) {
      const { logits, probabilities, labels } = scores(rows, classes, rows);
      for (const edges of ['right', 'left'] as const) {
        const metric = classwise({ bins, edges });
        expectDeepClose(
          await measureOn(target, metric, { probabilities, labels }),
          await measureOn(oracle, metric, { probabilities, labels }),
          2e-6,
        );
        expectDeepClose(
          await measureOn(target, metric, { logits, labels }),
          await measureOn(oracle, metric, { logits, labels }),
          2e-6,
        );
      }
    }
  });

  it('equals the composite on the same device, leading axes and boundaries of any kind among them', async (context) => {
    const target = need(context);
    const { logits, labels } = scores(60, 7, 1);
    const batch = { logits: { ...logits, shape: [5, 12, 7] }, labels: { data: labels, shape: [5, 12] } };
    const metric = classwise({ boundaries: [0, 0.01, 0.5, 0.875, 1] });
    expectDeepClose(await measureOn(target, metric, batch), await measureOn(compositeOf(target), metric, batch), 2e-6);
  });

  it('many rows: parts join, and sums keep their digits', async (context) => {
    const target = need(context);
    const { logits, probabilities, labels } = scores(20_000, 2, 4);
    for (const batch of [
      { logits, labels },
      { probabilities, labels },
    ]) {
      expectDeepClose(await measureOn(target, classwise(), batch), await measureOn(oracle, classwise(), batch), 5e-7);
    }
  });

  it('exact k/n probabilities fall where the edge rule says, 0 into the first bin and 1 into the last', async (context) => {
    const target = need(context);
    const tenths = Array.from({ length: 11 }, (_, k) => [Math.fround(k / 10), Math.fround(1 - Math.fround(k / 10))]);
    const batch = {
      probabilities: { data: Float32Array.from(tenths.flat()), shape: [11, 2] },
      labels: Float32Array.from({ length: 11 }, (_, row) => row % 2),
    };
    for (const edges of ['right', 'left'] as const) {
      const result = (await measureOn(target, classwise({ bins: 10, edges }), batch)) as {
        perClass: readonly { bins: readonly { count: number }[] }[];
      };
      // 0, 0.1, … 1 in float32: (lower, upper] takes 0 and 0.1 first, [lower, upper) takes 0.9 and 1 last.
      const counts = edges === 'right' ? [2, 1, 1, 1, 1, 1, 1, 1, 1, 1] : [1, 1, 1, 1, 1, 1, 1, 1, 1, 2];
      expect(result.perClass[0]!.bins.map(({ count }) => count)).toEqual(counts);
    }
  });

  it('bins that nothing falls into are empty', async (context) => {
    const target = need(context);
    const batch = {
      probabilities: [
        [0.93, 0.07],
        [0.92, 0.08],
      ],
      labels: [0, 1],
    };
    const result = (await measureOn(target, classwise({ bins: 20 }), batch)) as {
      bins: readonly { count: number; gap: number | null }[];
    };
    expect(result.bins.filter(({ count }) => count > 0)).toHaveLength(2);
    expect(result.bins[10]).toMatchObject({ count: 0, gap: null });
  });

  it('NaN, negative and unnormalised probabilities are counted as the composite counts them, and refused', async (context) => {
    const target = need(context);
    for (const batch of [
      {
        probabilities: [
          [0.5, 0.5],
          [NaN, 0.5],
          [NaN, NaN],
        ],
        labels: [0, 1, 1],
      },
      {
        probabilities: [
          [0.5, 0.5],
          [1.2, -0.2],
        ],
        labels: [0, 1],
      },
      {
        probabilities: [
          [0.5, 0.5],
          [0.6, 0.6],
        ],
        labels: [0, 1],
      },
      {
        logits: [
          [1, 2, 3],
          [NaN, 0, 0],
          [-Infinity, -Infinity, -Infinity],
          [Infinity, 0, 0],
        ],
        labels: [0, 1, 1, 2],
      },
    ]) {
      const message = await measureOn(oracle, classwise(), batch as never).then(
        () => 'accepted',
        (error: Error) => error.message,
      );
      expect(message).not.toBe('accepted');
      await expect(measureOn(target, classwise(), batch as never)).rejects.toThrow(message);
    }
    // −Infinity is a class that cannot be.
    const certain = {
      logits: [
        [0, -Infinity],
        [1, 1],
      ],
      labels: [0, 1],
    };
    expectDeepClose(
      await measureOn(target, classwise(), certain),
      await measureOn(oracle, classwise(), certain as never),
      1e-6,
    );
  });

  it('scores larger than a binding are taken in parts', async (context) => {
    const small = webgpuBackend(limited(need(context).device, { maxStorageBufferBindingSize: 16384 }));
    const { logits, labels } = scores(1000, 9, 7);
    const metric = classwise({ bins: 4 });
    expectDeepClose(
      await measureOn(small, metric, { logits, labels }),
      await measureOn(oracle, metric, { logits, labels }),
      2e-6,
    );
  });

  it('two kernels and their sums: no table of probabilities, no pass for each bin', async (context) => {
    const target = need(context);
    if (!target.device.features.has('timestamp-query')) return context.skip('no timestamp-query');
    const { logits, labels } = scores(100, 10, 2);
    const ranWith = async (bins: number) => {
      await target.timings();
      await measureOn(target, classwise({ bins }), { logits, labels });
      return (await target.timings()).map(({ kernel }) => kernel);
    };
    const ran = await ranWith(15);
    expect(ran.slice(0, 2)).toEqual(['calibrationError classwise rows', 'calibrationError classwise bins']);
    // What is left adds the parts up, and looks each label up in a row of ones; as much of it for few bins as for many.
    const rest = ['sum', 'fused sums', 'fused results', 'takeAlong', 'copy', 'reshape'];
    expect(ran.slice(2).filter((kernel) => !rest.includes(kernel))).toEqual([]);
    expect(await ranWith(40)).toHaveLength(ran.length);
  });
});
