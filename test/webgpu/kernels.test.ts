import {
  type AnyLoss,
  type AnyMetric,
  calibrationError,
  cka,
  crd,
  hint,
  klDivergence,
  measure,
  measureOn,
  valueAndGradients,
  valueAndGradientsOn,
} from 'dark-knowledge';
import type { WebgpuBackend } from 'dark-knowledge/webgpu';
import { describe, expect, it } from 'vitest';
import { expectDeepClose } from '../support/deepClose.ts';
import { testWebgpu } from '../support/webgpuTests.ts';

const need = testWebgpu();

const wave = (rows: number, columns: number, seed: number) => ({
  data: Float32Array.from(
    { length: rows * columns },
    (_, at) => 2 * Math.sin(seed + at * 12.9898) * Math.cos(at * 0.37),
  ),
  shape: [rows, columns],
});

/** The kernels that ran since the last call, where the device can tell. */
async function kernels(target: WebgpuBackend): Promise<readonly string[]> {
  return (await target.timings()).map(({ kernel }) => kernel);
}

describe('kernels on long rows', () => {
  it('hint: one generated kernel over the features, with and without row weights', async (context) => {
    const target = need(context);
    for (const rowWeights of [undefined, Float32Array.of(1, 0, 2)]) {
      const inputs = {
        studentFeatures: wave(3, 1500, 1),
        teacherFeatures: wave(3, 1500, 2),
        ...(rowWeights ? { rowWeights } : {}),
      };
      const expected = valueAndGradients(hint({ reduction: 'halfSum' }), inputs);
      await kernels(target);
      const { value, gradients } = valueAndGradientsOn(target, hint({ reduction: 'halfSum' }), inputs);
      expectDeepClose((await target.read(value)).data, [expected.value], 3e-6);
      const gradient = await target.read(gradients.studentFeatures);
      expectDeepClose(gradient.data, expected.gradients.studentFeatures.data, 3e-6);
      if (target.device.features.has('timestamp-query')) {
        const ran = await kernels(target);
        expect(ran.filter((kernel) => kernel === 'fused values and sums')).toHaveLength(1);
        expect(ran).not.toContain('subtract');
      }
    }
  });

  it('calibration error: statistics without a table of probabilities', async (context) => {
    const target = need(context);
    const logits = wave(5000, 30, 3);
    const labels = Float32Array.from({ length: 5000 }, (_, row) => (row * 13) % 30);
    for (const edges of ['right', 'left'] as const) {
      const metric = calibrationError({ bins: 10, edges });
      await kernels(target);
      const result = await measureOn(target, metric, { logits, labels });
      expectDeepClose(result, measure(metric, { logits, labels }), 1e-6);
      if (target.device.features.has('timestamp-query')) {
        expect(await kernels(target)).toContain('calibrationError rows');
      }
    }
  });

  it('calibration error: NaN, negative and unnormalised probabilities are refused as on the host', async (context) => {
    const target = need(context);
    for (const [row, message] of [
      [[NaN, 0.5], 'free of NaN'],
      [[1.2, -0.2], 'at least 0'],
      [[0.6, 0.6], 'rows that sum to 1'],
    ] as const) {
      const batch = { probabilities: [[0.5, 0.5], row], labels: [0, 1] };
      await expect(measureOn(target, calibrationError() as AnyMetric, batch)).rejects.toThrow(message);
    }
  });

  it('crd: more candidates than a workgroup takes, and a dimension that fills no lanes evenly', async (context) => {
    const target = need(context);
    const inputs = {
      studentFeatures: wave(3, 6, 1),
      teacherFeatures: wave(3, 5, 2),
      studentProjectionWeight: wave(6, 40, 3),
      studentProjectionBias: { data: wave(1, 40, 4).data, shape: [40] },
      teacherProjectionWeight: wave(5, 40, 5),
      teacherProjectionBias: { data: wave(1, 40, 6).data, shape: [40] },
      studentBank: wave(50, 40, 7),
      teacherBank: wave(50, 40, 8),
      positiveIndices: Float32Array.of(3, 49, 0),
      contrastIndices: {
        data: Float32Array.from({ length: 2100 }, (_, at) => (at * 31 + (at % 7)) % 50),
        shape: [3, 700],
      },
    };
    const loss = crd({ normalization: 'paper', temperature: 0.5 });
    const expected = valueAndGradients(loss, inputs);
    await kernels(target);
    const { value, gradients } = valueAndGradientsOn(target, loss, inputs);
    // Values near 10⁴: seven digits of them.
    expectDeepClose((await target.read(value)).data, [expected.value], 1e-5);
    for (const name of loss.differentiable) {
      expectDeepClose((await target.read(gradients[name])).data, expected.gradients[name].data, 1e-4, name);
    }
    if (target.device.features.has('timestamp-query')) expect(await kernels(target)).toContain('crd contrast');
    // A number that names no row must not pass for row 0.
    const astray = { ...inputs, contrastIndices: { ...inputs.contrastIndices, data: new Float32Array(2100).fill(50) } };
    const unknown = valueAndGradientsOn(target, loss, astray);
    expect((await target.read(unknown.value)).data[0]).toBeNaN();
  });

  it('cka: products of centred features by tiles', async (context) => {
    const target = need(context);
    const batch = { x: wave(40, 70, 1), y: wave(40, 20, 5) };
    expectDeepClose(await measureOn(target, cka(), batch), measure(cka(), batch), 2e-5);
  });

  it('a gradient with an upstream of 1 costs no pass of its own', async (context) => {
    const target = need(context);
    if (!target.device.features.has('timestamp-query')) return context.skip('no timestamp-query');
    await kernels(target);
    const { value } = valueAndGradientsOn(target, klDivergence() as AnyLoss, {
      studentLogits: wave(4, 20, 1),
      teacherLogits: wave(4, 20, 2),
    });
    await target.read(value);
    const ran = await kernels(target);
    // All of the rows, and the mean of what workgroups have left.
    expect(ran).toEqual(['fused values and sums', 'fused results']);
  });
});
