import * as tf from '@tensorflow/tfjs-core';
import {
  type AnyLoss,
  type AnyMetric,
  calibrationError,
  crd,
  evaluateOn,
  type HostTensor,
  hint,
  measureOn,
  valueAndGradientsOn,
} from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import { tfjsBackend, tfjsLoss } from 'dark-knowledge/tfjs';
import { requestWebgpuDevice } from 'dark-knowledge/webgpu';
import { describe, expect, it } from 'vitest';
import { expectDeepClose } from '../support/deepClose.ts';
import { testTfjsWebgpu, watched, withLimits } from '../support/tfjsWebgpu.ts';

type Batch = Readonly<Record<string, HostTensor>>;

const oracle = cpuBackend({ precision: 'float64' });

const need = testTfjsWebgpu();

function wave(shape: readonly number[], seed: number, scale = 2) {
  const size = shape.reduce((product, extent) => product * extent, 1);
  const data = Float32Array.from(
    { length: size },
    (_, at) => scale * Math.sin(seed + at * 12.9898) * Math.cos(at * 0.37),
  );
  return { data, shape };
}

const numbers = (values: readonly number[], shape: readonly number[] = [values.length]) => ({
  data: Float32Array.from(values),
  shape,
});

function onTfjs(batch: Batch): Record<string, tf.Tensor> {
  return Object.fromEntries(
    Object.entries(batch).map(([name, { data, shape }]) => [name, tf.tensor(data as Float32Array, shape.slice())]),
  );
}

/** Value and gradients on tfjs beside float64: by the program named, without a read, and without a tensor left behind. */
async function expectFusedLoss(loss: AnyLoss<never>, batch: Batch, program: string, tolerance: number): Promise<void> {
  const expected = valueAndGradientsOn(oracle, loss as AnyLoss, batch as never);
  const given = onTfjs(batch);
  const { result, programs, reads, tensors } = watched(() =>
    valueAndGradientsOn(tfjsBackend(), loss as AnyLoss, given),
  );
  expect(reads, 'reads').toBe(0);
  expect(tensors, 'tensors made').toBe(1 + loss.differentiable.length);
  expect(programs.filter((key) => key.startsWith(`dark-knowledge ${program}`)).length, program).toBeGreaterThan(0);
  expectDeepClose(await result.value.data(), expected.value.data, tolerance, 'value');
  for (const name of loss.differentiable) {
    expect(result.gradients[name]!.shape).toEqual(expected.gradients[name]!.shape);
    expectDeepClose(await result.gradients[name]!.data(), expected.gradients[name]!.data, tolerance, name);
  }
  const alone = watched(() => evaluateOn(tfjsBackend(), loss as AnyLoss, given));
  expect([alone.reads, alone.tensors], 'the value alone').toEqual([0, 1]);
  expect(alone.programs.filter((key) => key.startsWith(`dark-knowledge ${program}`)).length).toBeGreaterThan(0);
  expectDeepClose(await alone.result.value.data(), expected.value.data, tolerance, 'value alone');
  tf.dispose([given, result.value, result.gradients, alone.result.value]);
}

describe('hint on tfjs webgpu', () => {
  const shapes = [[1, 1], [1, 7], [5], [3, 24], [2, 25], [4, 3, 3, 5], [2, 1500], [130, 4]] as const;
  for (const shape of shapes) {
    it(`has the value and the gradient of the composite: [${shape.join(', ')}]`, async (context) => {
      need(context);
      const batch = { studentFeatures: wave(shape, 1), teacherFeatures: wave(shape, 2) };
      await expectFusedLoss(hint() as never, batch, 'fused', 2e-6);
      await expectFusedLoss(hint({ reduction: 'halfSum' }) as never, batch, 'fused', 2e-6);
      const rowWeights = numbers(Array.from({ length: shape[0] }, (_, row) => (row % 3) / 2));
      await expectFusedLoss(hint({ normalizer: 3 }) as never, { ...batch, rowWeights }, 'fused', 2e-6);
    });
  }

  it('counts a sample of weight 0 for nothing, whatever it holds, and large features in full', async (context) => {
    need(context);
    const teacherFeatures = wave([3, 30], 2);
    const studentFeatures = wave([3, 30], 1, 1e4);
    studentFeatures.data.fill(NaN, 30, 60);
    const batch = { studentFeatures, teacherFeatures, rowWeights: numbers([1, 0, 2]) };
    await expectFusedLoss(hint() as never, batch, 'fused', 2e-6);
    const none = { ...batch, rowWeights: numbers([0, 0, 0]) };
    await expectFusedLoss(hint() as never, none, 'fused', 0);
  });

  it('trains through tfjs, with an upstream gradient that is not 1', async (context) => {
    need(context);
    const batch = { studentFeatures: wave([4, 40], 1), teacherFeatures: wave([4, 40], 2) };
    const { gradients } = valueAndGradientsOn(oracle, hint(), batch);
    const { studentFeatures, teacherFeatures } = onTfjs(batch) as Record<keyof typeof batch, tf.Tensor>;
    const { result, programs, reads } = watched(() =>
      tf.grad((student) => tfjsLoss(hint())({ studentFeatures: student, teacherFeatures }))(
        studentFeatures,
        tf.scalar(3),
      ),
    );
    expect(reads).toBe(0);
    expect(programs.filter((key) => key.startsWith('dark-knowledge fused values'))).toHaveLength(1);
    expectDeepClose(
      await result.data(),
      gradients.studentFeatures.data.map((slope) => 3 * slope),
      2e-6,
    );
  });

  it('maps the student by a regressor, and the programs around the products are generated', async (context) => {
    need(context);
    const parameters = { regressorWeight: wave([3, 5], 3), regressorBias: wave([5], 4) };
    const linear = { studentFeatures: wave([4, 3], 1), teacherFeatures: wave([4, 5], 2), ...parameters };
    await expectFusedLoss(hint({ regressor: 'linear' }) as never, linear, 'fused', 5e-6);
    const studentFeatures = wave([3, 3, 2, 4], 1);
    studentFeatures.data.fill(NaN, 24, 48);
    const channelsFirst = {
      studentFeatures,
      teacherFeatures: wave([3, 5, 2, 4], 2),
      ...parameters,
      rowWeights: numbers([1, 0, 2]),
    };
    const loss = hint({ regressor: 'convolution', layout: 'channelsFirst', reduction: 'halfSum' });
    await expectFusedLoss(loss as never, channelsFirst, 'fused', 1e-5);
  });
});

/** A calibration error on tfjs beside float32 on the host, by the programs named and without a read before the end. */
async function expectFusedCalibration(metric: AnyMetric, batch: Batch, tolerance: number): Promise<void> {
  const expected = await measureOn(cpuBackend(), metric, batch as never);
  const given = onTfjs(batch);
  const { result, programs, readsInBetween } = watched(() => measureOn(tfjsBackend(), metric, given as never));
  expect(readsInBetween).toBe(false);
  const own = programs
    .filter((key) => key.startsWith('dark-knowledge calibrationError'))
    .map((key) => key.split(' ')[2]);
  expect(own.map((name) => name?.replace(/_.*/, ''))).toEqual(['rows', 'bins']);
  expectDeepClose(await result, expected, tolerance);
  tf.dispose(given);
}

describe('calibrationError on tfjs webgpu', () => {
  for (const [rows, classes] of [
    [1, 2],
    [1, 3],
    [70, 24],
    [50, 25],
    [9, 1500],
    [5000, 10],
  ] as const) {
    it(`has the statistics of the composite: ${rows} × ${classes}`, async (context) => {
      need(context);
      const labels = numbers(Array.from({ length: rows }, (_, row) => (row * 13) % classes));
      for (const edges of ['right', 'left'] as const) {
        const metric = calibrationError({ bins: 10, edges }) as unknown as AnyMetric;
        await expectFusedCalibration(metric, { logits: wave([rows, classes], 3, 4), labels }, 2e-6);
      }
    });
  }

  it('puts a confidence of exactly k/n where the edge rule says, and ties to the first class', async (context) => {
    need(context);
    for (const bins of [2, 3, 5, 10, 15]) {
      const tops = Array.from({ length: bins + 1 }, (_, k) => k / bins).filter((top) => top >= 0.5);
      const probabilities = numbers(
        tops.flatMap((top) => [Math.fround(1 - top), top]),
        [tops.length, 2],
      );
      const labels = numbers(tops.map((_, row) => row % 2));
      for (const edges of ['right', 'left'] as const) {
        await expectFusedCalibration(
          calibrationError({ bins, edges }) as unknown as AnyMetric,
          { probabilities, labels },
          1e-6,
        );
      }
    }
  });

  it('takes logits of ±1e4 and −Infinity, labels in int32 and rows of any rank', async (context) => {
    need(context);
    const logits = numbers([1e4, -1e4, 0, -1e4, 1e4, 1e4, -Infinity, 2, 1, 0, 0, 0], [2, 2, 3]);
    const labels = numbers([0, 1, 2, 0], [2, 2]);
    const metric = calibrationError({ bins: 4 });
    await expectFusedCalibration(metric as unknown as AnyMetric, { logits, labels }, 1e-6);
    const whole = tf.tensor([0, 1, 2, 0], [2, 2], 'int32');
    const { result, tensors } = watched(() =>
      measureOn(tfjsBackend(), metric, { logits: tf.tensor(logits.data, [2, 2, 3]), labels: whole }),
    );
    // The logits, the six statistics and the number of labels out of range; all but the first are freed when they are read.
    expect(tensors).toBe(8);
    const before = tf.memory().numTensors;
    expectDeepClose(await result, await measureOn(cpuBackend(), metric, { logits, labels }), 1e-6);
    expect(tf.memory().numTensors).toBe(before - 7);
  });

  it('refuses NaN, rows that are all −Infinity, negative and unnormalised probabilities', async (context) => {
    need(context);
    for (const [batch, message] of [
      [{ probabilities: numbers([0.5, 0.5, NaN, 0.5], [2, 2]) }, 'free of NaN'],
      [{ probabilities: numbers([0.5, 0.5, 1.2, -0.2], [2, 2]) }, 'at least 0'],
      [{ probabilities: numbers([0.5, 0.5, 0.6, 0.6], [2, 2]) }, 'rows that sum to 1'],
      [{ logits: numbers([1, 2, -Infinity, -Infinity], [2, 2]) }, 'free of NaN'],
      [{ logits: numbers([1, 2, Infinity, 0], [2, 2]) }, 'free of NaN'],
    ] as const) {
      const given = { ...batch, labels: numbers([0, 1]) } as never;
      const metric = calibrationError() as unknown as AnyMetric;
      await expect(measureOn(tfjsBackend(), metric, given)).rejects.toThrow(message);
      await expect(measureOn(cpuBackend(), metric, given)).rejects.toThrow(message);
    }
  });

  it('spreads more workgroups than a dimension holds over two and three of them', async (context) => {
    need(context);
    for (const rows of [50, 100]) {
      const logits = wave([rows, 25], 3, 4);
      const labels = numbers(Array.from({ length: rows }, (_, row) => (row * 7) % 25));
      const metric = calibrationError({ bins: 5 }) as unknown as AnyMetric;
      await withLimits({ maxComputeWorkgroupsPerDimension: 8 }, () =>
        expectFusedCalibration(metric, { logits, labels }, 2e-6),
      );
    }
  });
});

/** A CRD batch whose every tensor is a wave; candidates of `count` in a bank of `size` rows. */
function crdBatch(batch: number, dimension: number, size: number, count: number) {
  return {
    studentFeatures: wave([batch, 6], 1),
    teacherFeatures: wave([batch, 5], 2),
    studentProjectionWeight: wave([6, dimension], 3),
    studentProjectionBias: wave([dimension], 4),
    teacherProjectionWeight: wave([5, dimension], 5),
    teacherProjectionBias: wave([dimension], 6),
    studentBank: wave([size, dimension], 7, 0.2),
    teacherBank: wave([size, dimension], 8, 0.2),
    positiveIndices: numbers(Array.from({ length: batch }, (_, row) => (row * 5) % size)),
    contrastIndices: numbers(
      Array.from({ length: batch * count }, (_, at) => (at * 31 + (at % 7)) % size),
      [batch, count],
    ),
  };
}

describe('crd on tfjs webgpu', () => {
  for (const [title, batch] of [
    ['one anchor, one candidate, one row', crdBatch(1, 1, 1, 1)],
    ['fewer candidates than a step takes', crdBatch(3, 8, 20, 7)],
    ['exactly a workgroup of candidates', crdBatch(2, 32, 50, 512)],
    ['candidates for two workgroups, a dimension that fills no lanes evenly', crdBatch(3, 40, 50, 700)],
    ['a dimension of 128', crdBatch(2, 128, 30, 33)],
  ] as const) {
    it(`has value and gradients of the composite: ${title}`, async (context) => {
      need(context);
      const loss = crd({ normalization: 'paper', temperature: 0.5 });
      await expectFusedLoss(loss as never, batch, 'crd contrast', 2e-5);
    });
  }

  it('with partitions, row weights of 0, a sum and one value a row', async (context) => {
    need(context);
    const partitions = { studentLogPartition: numbers([3.2], []), teacherLogPartition: numbers([4.1], []) };
    const batch = { ...crdBatch(4, 24, 40, 60), ...partitions };
    await expectFusedLoss(crd({ reduction: 'sum' }) as never, batch, 'crd contrast', 5e-5);
    const rowWeights = numbers([1, 0, 0.5, 2]);
    const studentFeatures = wave([4, 6], 1);
    studentFeatures.data.fill(NaN, 6, 12);
    const masked = { ...batch, studentFeatures, rowWeights };
    await expectFusedLoss(crd() as never, masked, 'crd contrast', 5e-5);
    await expectFusedLoss(crd({ reduction: 'none' }) as never, masked, 'crd contrast', 5e-5);
  });

  it('stays finite where scores are ±1e4', async (context) => {
    need(context);
    const batch = {
      ...crdBatch(3, 16, 20, 40),
      studentBank: wave([20, 16], 7, 1e4),
      teacherBank: wave([20, 16], 8, 1e4),
    };
    // Slopes of 10⁴ times 40 candidates cancel down to tens: five of their digits.
    await expectFusedLoss(crd({ normalization: 'paper', temperature: 1 }) as never, batch, 'crd contrast', 2e-4);
  });

  it('gives NaN, not row 0, for a number that names no row', async (context) => {
    need(context);
    const batch = crdBatch(2, 16, 20, 40);
    for (const astray of [20, -1]) {
      const contrastIndices = numbers(new Array(80).fill(astray), [2, 40]);
      const given = onTfjs({ ...batch, contrastIndices });
      const { value } = valueAndGradientsOn(tfjsBackend(), crd({ normalization: 'paper' }), given as never);
      expect((await (value as tf.Tensor).data())[0]).toBeNaN();
    }
  });

  it('leaves embeddings wider than its registers to the composite, and other negatives', async (context) => {
    need(context);
    const wide = crdBatch(2, 520, 6, 5);
    const loss = crd({ normalization: 'paper' });
    const expected = valueAndGradientsOn(oracle, loss, wide);
    const { result, programs } = watched(() => valueAndGradientsOn(tfjsBackend(), loss, onTfjs(wide) as never));
    expect(programs.filter((key) => key.startsWith('dark-knowledge crd'))).toEqual([]);
    expectDeepClose(await (result.value as tf.Tensor).data(), expected.value.data, 2e-5);
    const within = crd({ negatives: 'inBatch', normalization: 'paper' });
    const {
      positiveIndices: _p,
      contrastIndices: _c,
      studentBank: _s,
      teacherBank: _t,
      ...batch
    } = crdBatch(4, 8, 6, 5);
    const inBatch = valueAndGradientsOn(tfjsBackend(), within, onTfjs(batch) as never);
    expectDeepClose(
      await (inBatch.value as tf.Tensor).data(),
      valueAndGradientsOn(oracle, within, batch).value.data,
      2e-5,
    );
  });
});

describe('tfjsLoss with several differentiable inputs', () => {
  for (const [name, program, loss, batch] of [
    ['crd', 'crd', crd({ normalization: 'paper', temperature: 0.5 }), crdBatch(3, 8, 20, 7)],
    [
      'hint with a regressor',
      'fused',
      hint({ regressor: 'linear' }),
      {
        studentFeatures: wave([4, 3], 1),
        teacherFeatures: wave([4, 5], 2),
        regressorWeight: wave([3, 5], 3),
        regressorBias: wave([5], 4),
      },
    ],
  ] as const) {
    it(`${name}: tfjs gets all gradients and keeps nothing else`, async (context) => {
      need(context);
      const anyLoss = loss as unknown as AnyLoss<'scalar'>;
      const expected = valueAndGradientsOn(oracle, anyLoss, batch as Batch);
      const given = onTfjs(batch as Batch);
      const parameters = anyLoss.differentiable.map((input) => given[input]!);
      const train = tf.valueAndGrads((...tensors) => {
        const placed = Object.fromEntries(anyLoss.differentiable.map((input, at) => [input, tensors[at]!]));
        return tfjsLoss(anyLoss)({ ...given, ...placed });
      });
      const { result, programs, reads, tensors } = watched(() => train(parameters));
      expect(reads).toBe(0);
      expect(tensors).toBe(1 + parameters.length);
      expect(programs.some((key) => key.startsWith(`dark-knowledge ${program}`))).toBe(true);
      expectDeepClose(await result.value.data(), expected.value.data, 2e-5);
      for (const [at, input] of anyLoss.differentiable.entries()) {
        expectDeepClose(await result.grads[at]!.data(), expected.gradients[input]!.data, 2e-5, input);
      }
    });
  }
});

describe('what tfjs webgpu cannot bind', () => {
  /** A tensor over a buffer of the device given. */
  function over(owner: GPUDevice, shape: readonly [number, number]): tf.Tensor {
    const { data } = wave(shape, 1);
    const buffer = owner.createBuffer({ size: data.byteLength, usage: 0x80 | 0x8 | 0x4 });
    owner.queue.writeBuffer(buffer, 0, data);
    return tf.tensor({ buffer, zeroCopy: true } as never, shape.slice(), 'float32');
  }

  it('a buffer of another device rejects the read that depends on it, and the kernel is named', async (context) => {
    const gpu = need(context);
    const { device } = tf.backend() as unknown as { readonly device: GPUDevice };
    const other = await requestWebgpuDevice(gpu);
    const backend = tfjsBackend();
    const labels = numbers([0, 1, 2]);
    const measured = (owner: GPUDevice) =>
      measureOn(backend, calibrationError(), { logits: over(owner, [3, 4]), labels });
    await expect(measured(other)).rejects.toThrow(
      "tfjs webgpu kernel 'calibrationError rows': every tensor's buffer must belong to tfjs's device",
    );
    expectDeepClose(
      await measured(device),
      await measureOn(cpuBackend(), calibrationError(), { logits: wave([3, 4], 1), labels }),
      2e-6,
    );

    const teacherFeatures = wave([3, 4], 2);
    const evaluated = (owner: GPUDevice) =>
      valueAndGradientsOn(backend, hint(), { studentFeatures: over(owner, [3, 4]), teacherFeatures });
    await expect(backend.read(evaluated(other).gradients.studentFeatures)).rejects.toThrow(
      "tfjs webgpu kernel 'fused sums': every tensor's buffer must belong to tfjs's device",
    );
    const expected = valueAndGradientsOn(oracle, hint(), { studentFeatures: wave([3, 4], 1), teacherFeatures });
    expectDeepClose((await backend.read(evaluated(device).value)).data, expected.value.data, 2e-6);

    const { teacherBank, ...others } = crdBatch(2, 4, 3, 5);
    const contrasted = (owner: GPUDevice) =>
      valueAndGradientsOn(backend, crd({ normalization: 'paper' }), { ...others, teacherBank: over(owner, [3, 4]) });
    await expect(backend.read(contrasted(other).value)).rejects.toThrow(
      "tfjs webgpu kernel 'crd contrast': every tensor's buffer must belong to tfjs's device",
    );
    const known = valueAndGradientsOn(oracle, crd({ normalization: 'paper' }), {
      ...others,
      teacherBank: wave([3, 4], 1),
    });
    expect(teacherBank.shape).toEqual([3, 4]);
    expectDeepClose((await backend.read(contrasted(device).value)).data, known.value.data, 2e-5);

    // Where tfjs's own kernels read it, no kernel of this library is there to be named.
    const { studentFeatures: _, ...rest } = crdBatch(3, 4, 3, 5);
    const embedded = tfjsLoss(crd({ normalization: 'paper' }))({
      ...rest,
      studentFeatures: over(other, [3, 6]),
    });
    await expect(backend.read(embedded)).rejects.toThrow(
      "tfjs webgpu: every tensor's buffer must belong to tfjs's device",
    );
    other.destroy();
  });

  it('a tensor beyond the largest binding is refused before any work', async (context) => {
    need(context);
    const features = wave([2, 200], 1);
    const compute = async () =>
      valueAndGradientsOn(tfjsBackend(), hint(), { studentFeatures: features, teacherFeatures: features });
    await expect(withLimits({ maxStorageBufferBindingSize: 1000 }, compute)).rejects.toThrow(
      "tfjs webgpu kernel 'fused sums': tensor must be of at most 1000 bytes",
    );
  });
});
