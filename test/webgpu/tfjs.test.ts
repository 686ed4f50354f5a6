import * as tf from '@tensorflow/tfjs-core';
import {
  type AnyLoss,
  crossEntropy,
  evaluateOn,
  jensenShannon,
  klDivergence,
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

  it('a long row has the largest workgroup that the device takes', async (context) => {
    need(context);
    const host = { studentLogits: logits(1, 2, 20_000), teacherLogits: logits(2, 2, 20_000) };
    const expected = valueAndGradients(klDivergence(), host);
    const given = { studentLogits: tf.tensor2d(host.studentLogits), teacherLogits: tf.tensor2d(host.teacherLogits) };
    const { result, programs } = watched(() => valueAndGradientsOn(tfjsBackend(), klDivergence(), given));
    const { limits } = (tf.backend() as unknown as { readonly device: GPUDevice }).device;
    const lanes = limits.maxComputeWorkgroupStorageSize > 16 * 1024 + 4 ? 1024 : 512;
    const most = Math.min(lanes, limits.maxComputeInvocationsPerWorkgroup);
    const own = programs.filter((key) => key.startsWith('dark-knowledge klDivergence'));
    expect(own.map((key) => key.includes(` ${most} 0`))).toEqual([true, true]);
    expectDeepClose(await result.value.data(), [expected.value], 3e-6);
    expectDeepClose(await result.gradients.studentLogits.data(), expected.gradients.studentLogits.data, 3e-6);
  });

  it('the program has replaced the composite, and a weighted sum uses it for its terms', async (context) => {
    need(context);
    const backend = tfjsBackend();
    expect(backend.fusedKernels?.map(({ implements: factory }) => factory)).toContain(klDivergence);
    const given = { studentLogits: tf.tensor2d(logits(1, 4, 30)), teacherLogits: tf.tensor2d(logits(2, 4, 30)) };
    const profile = await tf.profile(() => {
      const { value } = evaluateOn(backend, klDivergence(), given);
      return value;
    });
    // The composite would be about fifteen tfjs kernels over the logits.
    expect(profile.kernelNames).not.toContain('Exp');
    const objective = weightedSum({
      hard: { loss: crossEntropy(), weight: 0.25 },
      soft: { loss: klDivergence({ temperature: 2 }), weight: 0.75 },
    });
    const host = { studentLogits: logits(1, 4, 30), teacherLogits: logits(2, 4, 30), labels: [0, 1, 2, 3] };
    const expected = valueAndGradients(objective, host);
    const { value, gradients } = valueAndGradientsOn(backend, objective, {
      ...given,
      labels: tf.tensor1d(host.labels),
    });
    expectDeepClose(await value.data(), [expected.value], 3e-6);
    expectDeepClose(await gradients.studentLogits.data(), expected.gradients.studentLogits.data, 3e-6);
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
      "tfjs webgpu kernel 'klDivergence forward': every tensor's buffer must belong to tfjs's device",
    );
    // Said once; what follows is sound again.
    expectDeepClose(await loss({ studentLogits: over(device), teacherLogits }).data(), [expected.value], 3e-6);
    other.destroy();
  });
});
