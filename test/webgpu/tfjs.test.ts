import * as tf from '@tensorflow/tfjs-core';
import {
  type AnyLoss,
  crossEntropy,
  evaluate,
  evaluateOn,
  jensenShannon,
  klDivergence,
  measure,
  measureOn,
  predictiveDivergence,
  similarityPreserving,
  softCrossEntropy,
  valueAndGradients,
  valueAndGradientsOn,
  weightedSum,
} from 'dark-knowledge';
import { tfjsBackend, tfjsLoss } from 'dark-knowledge/tfjs';
import { requestWebgpuDevice } from 'dark-knowledge/webgpu';
import { describe, expect, it } from 'vitest';
import { expectDeepClose } from '../support/deepClose.ts';
import { testTfjsWebgpu, watched } from '../support/tfjsWebgpu.ts';

const need = testTfjsWebgpu();

function logits(seed: number, rows: number, classes: number): number[][] {
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: classes }, (_, at) =>
      Math.fround(3 * Math.sin(seed * 12.9898 + (row * classes + at) * 78.233)),
    ),
  );
}

const losses: readonly (readonly [string, unknown])[] = [
  ['forward KL', klDivergence({ temperature: 2 })],
  ['reverse KL, weighted rows', klDivergence({ direction: 'reverse' })],
  ['soft cross-entropy', softCrossEntropy({ temperature: 3 })],
  ['Jensen–Shannon', jensenShannon({ beta: 0.3 })],
  ['smoothed cross-entropy with ignored rows', crossEntropy({ labelSmoothing: 0.1, ignoreIndex: 1 })],
];

describe('tfjsLoss on tfjs webgpu', () => {
  for (const [rows, classes] of [
    [5, 3],
    [3, 90],
  ] as const) {
    it(`runs the fused programs on tfjs's own tensors: ${rows} × ${classes}`, async (context) => {
      need(context);
      for (const [name, loss] of losses) {
        const host = {
          studentLogits: logits(1, rows, classes),
          teacherLogits: logits(2, rows, classes),
          labels: Array.from({ length: rows }, (_, row) => row % 3),
          ...(name.includes('weighted') ? { rowWeights: Array.from({ length: rows }, (_, row) => row % 2) } : {}),
        };
        const expected = valueAndGradients(loss as AnyLoss<'scalar'>, host);
        const student = tf.tensor2d(host.studentLogits);
        const teacher = tf.tensor2d(host.teacherLogits);
        const labels = tf.tensor1d(host.labels, 'int32');
        const rowWeights = 'rowWeights' in host ? tf.tensor1d(host.rowWeights as number[]) : undefined;
        const before = tf.memory().numTensors;
        const train = tf.valueAndGrad((studentLogits) =>
          tfjsLoss(loss as AnyLoss<'scalar'>)({
            studentLogits,
            teacherLogits: teacher,
            labels,
            ...(rowWeights ? { rowWeights } : {}),
          }),
        );
        const { value, grad } = train(student);
        expect(tf.memory().numTensors, 'tensors made').toBe(before + 2);
        expectDeepClose(await value.data(), [expected.value], 3e-6, name);
        expectDeepClose(await grad.data(), expected.gradients.studentLogits!.data, 3e-6, `gradient of ${name}`);
        tf.dispose([value, grad, student, teacher, labels]);
      }
    });
  }

  it('a loss is a program for its parts, one for its value, and one for its gradient', async (context) => {
    need(context);
    const host = { studentLogits: logits(1, 2, 20_000), teacherLogits: logits(2, 2, 20_000) };
    const expected = valueAndGradients(klDivergence(), host);
    const given = { studentLogits: tf.tensor2d(host.studentLogits), teacherLogits: tf.tensor2d(host.teacherLogits) };
    const { result, programs, tensors } = watched(() => valueAndGradientsOn(tfjsBackend(), klDivergence(), given));
    expect(tensors).toBe(2);
    expect(programs.map((key) => key.split('\n')[0]!.trim())).toEqual([
      'dark-knowledge fused sums',
      'dark-knowledge fused values',
      'dark-knowledge fused results',
    ]);
    expectDeepClose(await result.value.data(), [expected.value], 3e-6);
    expectDeepClose(await result.gradients.studentLogits.data(), expected.gradients.studentLogits.data, 3e-6);
    // In training the gradient is asked for apart, and the value is not computed along with it.
    const train = tf.valueAndGrad((studentLogits) =>
      tfjsLoss(klDivergence())({ studentLogits, teacherLogits: given.teacherLogits }),
    );
    const trained = watched(() => train(given.studentLogits));
    expect(trained.programs.filter((key) => key.includes('dark-knowledge'))).toHaveLength(3);
    expectDeepClose(await trained.result.grad.data(), expected.gradients.studentLogits.data, 3e-6);
  });

  it('a weighted sum is programs of its own, not of each of its terms, and so is a metric', async (context) => {
    need(context);
    const backend = tfjsBackend();
    const objective = weightedSum({
      hard: { loss: crossEntropy(), weight: 0.25 },
      soft: { loss: klDivergence({ temperature: 2 }), weight: 0.75 },
    });
    const host = { studentLogits: logits(1, 4, 30), teacherLogits: logits(2, 4, 30), labels: [0, 1, 2, 3] };
    const expected = valueAndGradients(objective, host);
    const given = {
      studentLogits: tf.tensor2d(host.studentLogits),
      teacherLogits: tf.tensor2d(host.teacherLogits),
      labels: tf.tensor1d(host.labels),
    };
    const { result, programs } = watched(() => valueAndGradientsOn(backend, objective, given));
    expect(programs.filter((key) => !key.startsWith('dark-knowledge'))).toEqual([]);
    expectDeepClose(await result.value.data(), [expected.value], 3e-6);
    expectDeepClose(await result.gradients.studentLogits.data(), expected.gradients.studentLogits.data, 3e-6);
    const metric = { studentLogits: given.studentLogits, teacherLogits: given.teacherLogits };
    const measured = watched(() => measureOn(backend, predictiveDivergence(), metric));
    expect(measured.programs.some((key) => key.startsWith('dark-knowledge fused'))).toBe(true);
    // The positions of the largest logits are tfjs's to find: nothing else is.
    expect(measured.programs.filter((key) => key.startsWith('reduce')).length).toBeLessThanOrEqual(4);
    expectDeepClose(await measured.result, measure(predictiveDivergence(), host), 1e-5);
  });

  it('products are not computed twice: what the forward pass has left is kept for the backward pass', async (context) => {
    need(context);
    const loss = tfjsLoss(similarityPreserving());
    const host = { studentFeatures: logits(1, 5, 7), teacherFeatures: logits(2, 5, 6) };
    const expected = valueAndGradients(similarityPreserving(), host);
    const teacherFeatures = tf.tensor2d(host.teacherFeatures);
    const student = tf.tensor2d(host.studentFeatures);
    const train = tf.valueAndGrad((studentFeatures) => loss({ studentFeatures, teacherFeatures }));
    const products = [0, 1].map(() => {
      const { result, programs, tensors } = watched(() => train(student));
      expect(tensors).toBe(2);
      return { result, count: programs.filter((key) => /matmul/i.test(key)).length };
    });
    expect(products[1]!.count).toBeLessThan(products[0]!.count);
    for (const { result } of products) {
      expectDeepClose(await result.value.data(), [expected.value], 1e-5);
      expectDeepClose(await result.grad.data(), expected.gradients.studentFeatures.data, 1e-5);
    }
  });

  it('a change of temperature, of shape and of option is computed as such, and labels may be int32', async (context) => {
    need(context);
    const backend = tfjsBackend();
    for (const [rows, loss] of [
      [3, klDivergence({ temperature: 2 })],
      [3, klDivergence({ temperature: 5 })],
      [4, klDivergence({ temperature: 5 })],
      [4, klDivergence({ temperature: 5, scaleByTemperatureSquared: false })],
      [4, crossEntropy()],
    ] as readonly (readonly [number, AnyLoss<'scalar'>])[]) {
      const labels = Int32Array.from({ length: rows }, (_, row) => row % 5);
      const host = { studentLogits: logits(1, rows, 5), teacherLogits: logits(2, rows, 5), labels: [...labels] };
      const expected = valueAndGradients(loss, host);
      const { value, gradients } = valueAndGradientsOn(backend, loss, { ...host, labels: tf.tensor1d(labels) });
      expectDeepClose(await value.data(), [expected.value], 3e-6);
      expectDeepClose(await gradients.studentLogits!.data(), expected.gradients.studentLogits!.data, 3e-6);
    }
  });

  it('what fails inside leaves no tensor, and later calls work; two backends share the device', async (context) => {
    need(context);
    const [a, b] = [tfjsBackend(), tfjsBackend()];
    const given = { studentLogits: tf.tensor2d(logits(1, 3, 4)), teacherLogits: tf.tensor2d(logits(2, 3, 5)) };
    const before = tf.memory().numTensors;
    expect(() => valueAndGradientsOn(a, klDivergence(), given)).toThrow(/teacherLogits/);
    expect(() => tfjsLoss(klDivergence())(given)).toThrow(/teacherLogits/);
    expect(tf.memory().numTensors).toBe(before);
    const teacherLogits = tf.tensor2d(logits(2, 3, 4));
    const expected = evaluate(klDivergence(), { studentLogits: logits(1, 3, 4), teacherLogits: logits(2, 3, 4) });
    // One inside the other's scope.
    const [first, second] = a.scope(() =>
      [a, b].map((backend) => evaluateOn(backend, klDivergence(), { ...given, teacherLogits }).value),
    );
    for (const value of [first!, second!]) expectDeepClose(await value.data(), [expected.value], 3e-6);
    for (let step = 0; step < 20; step++) {
      const rows = 1 + (step % 5);
      const batch = { studentLogits: logits(1, rows, 4), teacherLogits: logits(2, rows, 4) };
      tf.dispose(Object.values(valueAndGradientsOn(a, klDivergence(), batch)));
    }
    tf.dispose([first!, second!, teacherLogits]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it("takes a caller's buffer without a copy, and refuses one of another device", async (context) => {
    const gpu = need(context);
    const { device } = tf.backend() as unknown as { readonly device: GPUDevice };
    const teacherLogits = tf.tensor2d(logits(2, 2, 4));
    const over = (owner: GPUDevice): tf.Tensor => {
      const buffer = owner.createBuffer({ size: 32, usage: 0x80 | 0x8 | 0x4 });
      owner.queue.writeBuffer(buffer, 0, Float32Array.from(logits(1, 2, 4).flat()));
      return tf.tensor({ buffer, zeroCopy: true } as never, [2, 4], 'float32');
    };
    const loss = tfjsLoss(klDivergence());
    const expected = valueAndGradients(klDivergence(), {
      studentLogits: logits(1, 2, 4),
      teacherLogits: logits(2, 2, 4),
    });
    const value = loss({ studentLogits: over(device), teacherLogits });
    expectDeepClose(await value.data(), [expected.value], 3e-6);

    const other = await requestWebgpuDevice(gpu);
    const wrong = loss({ studentLogits: over(other), teacherLogits });
    await wrong.data().catch(() => undefined);
    expect(() => loss({ studentLogits: over(device), teacherLogits })).toThrow(
      "tfjs webgpu kernel 'fused sums': every tensor's buffer must belong to tfjs's device",
    );
    // Said once; what follows is sound again.
    expectDeepClose(await loss({ studentLogits: over(device), teacherLogits }).data(), [expected.value], 3e-6);
    other.destroy();
  });
});
