import { type AnyLoss, evaluateOn, type HintOptions, hint, valueAndGradientsOn } from 'dark-knowledge';
import { describe, expect, it } from 'vitest';
import { type AnyBackend, oracle } from '../support/backends.ts';
import { expectDeepClose } from '../support/deepClose.ts';
import { testWebgpu } from '../support/webgpuTests.ts';

const need = testWebgpu();

interface Features {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** Numbers that look random. */
function random(shape: readonly number[], seed: number): Features {
  let state = seed;
  const data = Float32Array.from({ length: shape.reduce((size, extent) => size * extent, 1) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
  return { data, shape };
}

type Inputs = Readonly<Record<string, Features>>;

/** Value and gradients on a backend, as host arrays. */
async function resultsOn(target: AnyBackend, loss: AnyLoss, inputs: Inputs) {
  const { value, gradients } = valueAndGradientsOn(target, loss, inputs);
  const alone = evaluateOn(target, loss, inputs);
  const read = async (tensor: unknown) => {
    const { data, shape } = await target.read(tensor);
    return { data: Array.from(data), shape: [...shape] };
  };
  return {
    value: await read(value),
    alone: await read(alone.value),
    gradients: Object.fromEntries(
      await Promise.all(Object.entries(gradients).map(async ([name, gradient]) => [name, await read(gradient)])),
    ),
  };
}

function inputsOf(student: readonly number[], teacher: readonly number[], from: number, to: number): Inputs {
  return {
    studentFeatures: random(student, 1),
    teacherFeatures: random(teacher, 2),
    regressorWeight: random([from, to], 3),
    regressorBias: random([to], 4),
  };
}

const cases: readonly [string, HintOptions, Inputs][] = [
  ['linear, one of everything', { regressor: 'linear' }, inputsOf([1, 1], [1, 1], 1, 1)],
  ['linear, widths beside a tile', { regressor: 'linear' }, inputsOf([70, 63], [70, 65], 63, 65)],
  ['linear over positions', { regressor: 'linear' }, inputsOf([3, 25, 5], [3, 25, 130], 5, 130)],
  ['convolution', { regressor: 'convolution' }, inputsOf([4, 5, 5, 17], [4, 5, 5, 66], 17, 66)],
  [
    'convolution, channels first',
    { regressor: 'convolution', layout: 'channelsFirst' },
    inputsOf([4, 17, 5, 5], [4, 66, 5, 5], 17, 66),
  ],
];

describe('hint with a regressor on webgpu', () => {
  for (const [name, options, inputs] of cases) {
    it(`${name}: value and every gradient, whatever the reduction and the weights`, async (context) => {
      const target = need(context);
      const batch = inputs.studentFeatures!.shape[0]!;
      const weights = { data: Float32Array.from({ length: batch }, (_, at) => [1.5, 0, 2][at % 3]!), shape: [batch] };
      const weighted = { ...inputs, rowWeights: weights };
      for (const [changed, given] of [
        [{}, weighted],
        [{ reduction: 'halfSum' }, inputs],
        [{ reduction: 'halfSum', normalizer: 7 }, weighted],
      ] as const) {
        const loss = hint({ ...options, ...changed }) as unknown as AnyLoss;
        // Sums of some hundred numbers that partly cancel.
        expectDeepClose(await resultsOn(target, loss, given), await resultsOn(oracle, loss, given), 2e-5);
      }
    });
  }

  it('a sample of weight 0 does not count, whatever it holds', async (context) => {
    const target = need(context);
    for (const [, options, inputs] of cases.slice(1)) {
      const { studentFeatures } = inputs as { readonly studentFeatures: Features };
      const data = studentFeatures.data.slice();
      const perSample = data.length / studentFeatures.shape[0]!;
      data.fill(NaN, perSample, 2 * perSample);
      data[perSample] = Infinity;
      const batch = studentFeatures.shape[0]!;
      const given = {
        ...inputs,
        studentFeatures: { ...studentFeatures, data },
        rowWeights: {
          data: Float32Array.from({ length: batch }, (_, at) => (at === 1 ? 0 : 1)),
          shape: [batch],
        },
      };
      const loss = hint(options) as unknown as AnyLoss;
      const fused = await resultsOn(target, loss, given);
      expect(fused.value.data[0]).toBeGreaterThan(0);
      expectDeepClose(fused, await resultsOn(oracle, loss, given), 5e-6);
    }
  });

  it('no sample left: value 0, gradients 0', async (context) => {
    const target = need(context);
    const [, options, inputs] = cases[2]!;
    const loss = hint(options) as unknown as AnyLoss;
    const none = { ...inputs, rowWeights: { data: new Float32Array(3), shape: [3] } };
    const { value, gradients } = await resultsOn(target, loss, none);
    expect(value.data).toEqual([0]);
    for (const { data } of Object.values(gradients) as { data: number[] }[])
      expect(new Set(data)).toEqual(new Set([0]));
  });

  it('a long sum over few results is left to the split product', async (context) => {
    const target = need(context);
    const inputs = inputsOf([3, 3000], [3, 20], 3000, 20);
    const loss = hint({ regressor: 'linear' }) as unknown as AnyLoss;
    const fused = await resultsOn(target, loss, inputs);
    expectDeepClose(fused, await resultsOn(oracle, loss, inputs), 2e-5);
  });

  it('many positions: the parts of the weight gradient join', async (context) => {
    const target = need(context);
    for (const layout of ['channelsLast', 'channelsFirst'] as const) {
      const [student, teacher] =
        layout === 'channelsLast'
          ? [
              [2, 30, 15, 3],
              [2, 30, 15, 4],
            ]
          : [
              [2, 3, 30, 15],
              [2, 4, 30, 15],
            ];
      const inputs = inputsOf(student!, teacher!, 3, 4);
      const loss = hint({ regressor: 'convolution', layout }) as unknown as AnyLoss;
      expectDeepClose(await resultsOn(target, loss, inputs), await resultsOn(oracle, loss, inputs), 5e-6);
    }
  });

  it('three products: what lies between them is generated, and nothing is subtracted or masked on its own', async (context) => {
    const target = need(context);
    if (!target.device.features.has('timestamp-query')) return context.skip('no timestamp-query');
    const [, options, inputs] = cases[1]!;
    await target.timings();
    const { value } = valueAndGradientsOn(target, hint(options) as unknown as AnyLoss, inputs);
    await target.read(value);
    const ran = (await target.timings()).map(({ kernel }) => kernel);
    expect(ran.filter((kernel) => kernel === 'matMul')).toHaveLength(3);
    for (const kernel of ran) expect(['add', 'subtract', 'multiply', 'where', 'sum']).not.toContain(kernel);
  });
});
