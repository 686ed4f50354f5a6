import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { type HostTensor, iterativeFgsm, iterativeFgsmOn, tensor } from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import { tfjsBackend } from 'dark-knowledge/tfjs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openBackend, testBackends } from '../../support/backends.ts';
import { expectDeepClose } from '../../support/deepClose.ts';
import { first, gradientFor, images, labels, reference, second } from './attackedNetwork.ts';

describe('iterativeFgsm', () => {
  it('takes the steps that PyTorch takes', async () => {
    const seen: HostTensor[] = [];
    const gradient = gradientFor(labels);
    const adversarial = await iterativeFgsm({
      images,
      epsilon: 0.1,
      gradient: (current) => {
        seen.push(current);
        return gradient(current);
      },
    });
    expectDeepClose(seen[0]!.data, tensor(images).data, 0);
    for (let step = 1; step < 5; step++)
      expectDeepClose(seen[step]!.data, tensor(reference.path[step - 1]!).data, 1e-12);
    expectDeepClose(adversarial.data, tensor(reference.path[4]!).data, 1e-12);
    expect(adversarial.shape).toEqual([6, 5]);
  });

  it('agrees with PyTorch where the bound and the data range clip, and toward a class of choice', async () => {
    const large = await iterativeFgsm({ images, gradient: gradientFor(labels), epsilon: 0.3, steps: 4, stepSize: 0.1 });
    expectDeepClose(large.data, tensor(reference.large).data, 1e-12);
    const targets = labels.map((label) => (label + 1) % 4);
    const targeted = await iterativeFgsm({ images, gradient: gradientFor(targets), epsilon: 0.2, targeted: true });
    expectDeepClose(targeted.data, tensor(reference.targeted).data, 1e-12);
  });

  it('gives the same on a backend, with a gradient that comes later, and leaves no tensor behind', async () => {
    for (const [backend, tolerance] of [
      [cpuBackend({ precision: 'float64' }), 1e-12],
      [cpuBackend(), 1e-6],
    ] as const) {
      const before = backend.tensorCount?.();
      const adversarial = await iterativeFgsmOn(backend, {
        images,
        epsilon: 0.1,
        gradient: async (current) => backend.fromHost(gradientFor(labels)(await backend.read(current))),
      });
      expectDeepClose((await backend.read(adversarial)).data, tensor(reference.path[4]!).data, tolerance);
      backend.dispose(adversarial);
      expect(backend.tensorCount?.()).toBe(before);
    }
  });

  for (const candidate of testBackends) {
    it(`gives the same on ${candidate.name}`, async (context) => {
      const opened = await openBackend(candidate);
      if ('missing' in opened) return context.skip(opened.missing);
      const { backend } = opened;
      const before = backend.tensorCount?.();
      const adversarial = await iterativeFgsmOn(backend, {
        images,
        epsilon: 0.3,
        steps: 4,
        stepSize: 0.1,
        gradient: async (current) => backend.fromHost(gradientFor(labels)(await backend.read(current))),
      });
      expectDeepClose((await backend.read(adversarial)).data, tensor(reference.large).data, 1e-6);
      backend.dispose(adversarial);
      expect(backend.tensorCount?.(), 'tensors left behind').toBe(before);
    });
  }

  it('runs on tfjs tensors with a tfjs gradient', async () => {
    await tf.setBackend('cpu');
    const backend = tfjsBackend();
    const [weightsIn, weightsOut, clean] = [tf.tensor2d(first), tf.tensor2d(second), tf.tensor2d(images)];
    const before = tf.memory().numTensors;
    const gradient = (x: tf.Tensor): tf.Tensor =>
      tf.tidy(() => {
        const hidden = tf.tanh(tf.matMul(x as tf.Tensor2D, weightsIn));
        const error = tf.sub(tf.softmax(tf.matMul(hidden as tf.Tensor2D, weightsOut)), tf.oneHot(labels, 4));
        const inward = tf.mul(tf.matMul(error as tf.Tensor2D, weightsOut, false, true), tf.sub(1, tf.square(hidden)));
        return tf.matMul(inward as tf.Tensor2D, weightsIn, false, true);
      });
    const adversarial = await iterativeFgsmOn(backend, { images: clean, gradient, epsilon: 0.1 });
    expect(tf.memory().numTensors).toBe(before + 1);
    expect(clean.isDisposed).toBe(false);
    expectDeepClose(await adversarial.data(), tensor(reference.path[4]!).data, 1e-6);
    const failing = iterativeFgsmOn(backend, {
      images: clean,
      epsilon: 0.1,
      gradient: (x) => tf.tidy(() => tf.mul(x, Number.NaN)),
    });
    await expect(failing).rejects.toThrow('iterativeFgsm: gradient must be free of NaN');
    adversarial.dispose();
  });

  it('leaves the tensor that it lent to the gradient function alone, should it come back', async () => {
    const backend = cpuBackend();
    const clean = backend.fromHost(tensor([0.5, 0]));
    const before = backend.tensorCount?.();
    // J = ½·Σx², whose gradient is x.
    const adversarial = await iterativeFgsmOn(backend, { images: clean, gradient: (x) => x, epsilon: 0.25, steps: 2 });
    expectDeepClose((await backend.read(adversarial)).data, [0.75, 0], 1e-6);
    expect(Array.from((await backend.read(clean)).data)).toEqual([0.5, 0]);
    expect(backend.tensorCount?.()).toBe(before === undefined ? undefined : before + 1);
  });

  it('frees what it holds when the gradient function fails', async () => {
    const backend = cpuBackend();
    const before = backend.tensorCount?.();
    let calls = 0;
    const attack = iterativeFgsmOn(backend, {
      images,
      epsilon: 0.1,
      gradient: (x) => {
        calls += 1;
        if (calls === 3) throw new Error('out of memory');
        return backend.exp(x);
      },
    });
    await expect(attack).rejects.toThrow('out of memory');
    expect(backend.tensorCount?.()).toBe(before);
  });

  it('refuses images outside the data range, NaN, wrong shapes and wrong options', async () => {
    const gradient = (x: HostTensor) => x;
    await expect(iterativeFgsm({ images: [[0, 255]], gradient, epsilon: 8 })).rejects.toThrow(
      /images must be in the data range \[0, 1\], got '1 pixels outside'\. Set dataRange/,
    );
    await expect(iterativeFgsm({ images: [[Number.NaN]], gradient, epsilon: 0.1 })).rejects.toThrow(RangeError);
    await expect(iterativeFgsm({ images: [[0.5]], gradient: () => [[Number.NaN]], epsilon: 0.1 })).rejects.toThrow(
      /gradient must be free of NaN/,
    );
    await expect(iterativeFgsm({ images: [[0.5]], gradient: () => [0.5], epsilon: 0.1 })).rejects.toThrow(TypeError);
    await expect(iterativeFgsm({ images: [[0.5]], gradient, epsilon: 0 })).rejects.toThrow(/epsilon/);
    await expect(iterativeFgsm({ images: [[0.5]], gradient, epsilon: 0.1, steps: 0 })).rejects.toThrow(/steps/);
    await expect(iterativeFgsm({ images: [[0.5]], gradient, epsilon: 0.1, dataRange: [1, 0] })).rejects.toThrow(
      /dataRange/,
    );
    const backend = cpuBackend();
    await expect(
      iterativeFgsmOn(backend, { images: [[0, 255]], gradient: (x) => backend.exp(x), epsilon: 8 }),
    ).rejects.toThrow(/images must be in the data range/);
  });

  it('never leaves the bound or the data range', async () => {
    const pixel = fc.integer({ min: 0, max: 64 }).map((whole) => whole / 64);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(pixel, fc.double({ min: -1, max: 1, noNaN: true })), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 32 }).map((whole) => whole / 64),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 64 }).map((whole) => whole / 64),
        async (pixels, epsilon, steps, stepSize) => {
          const clean = pixels.map(([value]) => value);
          const slope = pixels.map(([, value]) => value);
          const { data } = await iterativeFgsm({ images: clean, gradient: () => slope, epsilon, steps, stepSize });
          const reach = Math.min(epsilon, steps * stepSize);
          clean.forEach((value, index) => {
            const goal = value + reach * Math.sign(slope[index]!);
            expect(data[index]).toBe(Math.min(1, Math.max(0, goal)));
          });
        },
      ),
      { numRuns: 60 },
    );
  });
});
