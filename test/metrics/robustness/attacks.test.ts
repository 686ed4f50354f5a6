import { iterativeFgsm, iterativeFgsmOn, tensor } from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import { describe, expect, it } from 'vitest';
import fixture from '../../fixtures/attacks.json' with { type: 'json' };
import { openBackend, testBackends } from '../../support/backends.ts';
import { expectDeepClose } from '../../support/deepClose.ts';
import { gradientFor, images, labels } from './attackedNetwork.ts';

const gradient = gradientFor(labels);
const unbounded = [-Infinity, Infinity] as const;
const attacks = [
  ['in the L2 norm', { epsilon: 0.3, stepSize: 0.1, norm: 'l2' }, fixture.l2],
  [
    'in the L2 norm, without a range',
    { epsilon: 2, stepSize: 0.8, steps: 4, norm: 'l2', dataRange: unbounded },
    fixture.l2Unbounded,
  ],
  [
    'with a bound and a step for each channel',
    { epsilon: fixture.channels, stepSize: fixture.channels.map((size) => size / 3), steps: 4 },
    fixture.byChannel,
  ],
  ['without a range', { epsilon: 0.5, stepSize: 0.2, steps: 4, dataRange: unbounded }, fixture.unbounded],
  [
    'in a range for each channel',
    { epsilon: 0.5, stepSize: 0.2, steps: 4, dataRange: [fixture.lowest, 1] },
    fixture.rangeByChannel,
  ],
] as const;

describe('attacks', () => {
  it.each(attacks)('%s take the steps that NumPy takes', async (_, options, expected) => {
    const { data } = await iterativeFgsm({ images, gradient, ...options });
    expectDeepClose(data, tensor(expected).data, 1e-12);
  });

  for (const candidate of testBackends) {
    it(`are the same on ${candidate.name}, from random starts too`, async (context) => {
      const opened = await openBackend(candidate);
      if ('missing' in opened) return context.skip(opened.missing);
      const { backend } = opened;
      const before = backend.tensorCount?.();
      for (const [, options] of attacks) {
        for (const randomStart of [false, true]) {
          const attack = { images, ...options, randomStart, seed: 5 };
          const expected = await iterativeFgsm({ ...attack, gradient });
          const adversarial = await iterativeFgsmOn(backend, {
            ...attack,
            gradient: async (current) => backend.fromHost(gradient(await backend.read(current))),
          });
          expectDeepClose((await backend.read(adversarial)).data, expected.data, 1e-5);
          backend.dispose(adversarial);
        }
      }
      expect(backend.tensorCount?.(), 'tensors left behind').toBe(before);
    });
  }

  it('start at random inside the bound, evenly, the same for the same seed', async () => {
    const zeros = Array.from({ length: 400 }, () => [0.5, 0.5, 0.5]);
    const still = { images: zeros, gradient: () => zeros.map(() => [0, 0, 0]), steps: 1, randomStart: true };
    const box = await iterativeFgsm({ ...still, epsilon: 0.25 });
    const offsets = Array.from(box.data, (value) => value - 0.5);
    expect(Math.max(...offsets.map(Math.abs))).toBeLessThanOrEqual(0.25);
    expect(offsets.reduce((sum, value) => sum + value ** 2, 0) / 1200 / (0.25 ** 2 / 3)).toBeCloseTo(1, 1);
    const ball = await iterativeFgsm({ ...still, epsilon: 0.25, norm: 'l2' });
    const radii = zeros.map((_, row) =>
      Math.hypot(...ball.data.slice(3 * row, 3 * row + 3).map((value) => value - 0.5)),
    );
    expect(Math.max(...radii)).toBeLessThanOrEqual(0.25 + 1e-12);
    // In three dimensions the mean radius of a uniform ball is ¾ of its own.
    expect(radii.reduce((sum, radius) => sum + radius, 0) / 400 / 0.25).toBeCloseTo(0.75, 1);
    expect((await iterativeFgsm({ ...still, epsilon: 0.25 })).data).toEqual(box.data);
    expect((await iterativeFgsm({ ...still, epsilon: 0.25, seed: 1 })).data).not.toEqual(box.data);
  });

  it('keep an image whose gradient is 0, and pass over the size of a gradient, in the L2 norm', async () => {
    const of = (slope: readonly number[]) =>
      iterativeFgsm({ images: [[0.5, 0.5]], gradient: () => [[...slope]], epsilon: 0.25, steps: 2, norm: 'l2' });
    expect(Array.from((await of([0, 0])).data)).toEqual([0.5, 0.5]);
    const ahead = [0.5 + 0.25 * 0.6, 0.5 + 0.25 * 0.8];
    for (const size of [1, 1e-200, 1e200]) {
      expectDeepClose((await of([3 * size, 4 * size])).data, ahead, 1e-14);
    }
    await expect(of([Infinity, 0])).rejects.toThrow(/infinities in the L2 norm/);
    const backend = cpuBackend();
    const infinite = iterativeFgsmOn(backend, {
      images: [[0.5, 0.5]],
      gradient: () => backend.fromHost(tensor([[Infinity, 0]])),
      epsilon: 0.25,
      norm: 'l2',
    });
    await expect(infinite).rejects.toThrow(/infinities in the L2 norm/);
  });

  it('refuse bounds that do not fit the images', async () => {
    const of = (options: object) => iterativeFgsm({ images, gradient, epsilon: 0.1, ...options });
    await expect(of({ epsilon: [0.1, 0.2] })).rejects.toThrow(/broadcast with/);
    await expect(of({ epsilon: [0.1, 0.1, 0, 0.1, 0.1] })).rejects.toThrow(/epsilon must be finite and greater than 0/);
    await expect(of({ epsilon: fixture.channels, norm: 'l2' })).rejects.toThrow(/numbers where norm is 'l2'/);
    await expect(of({ dataRange: [[0, 0, 0, 0, 2], 1] })).rejects.toThrow(/in this order/);
    await expect(of({ dataRange: [fixture.channels, 1] })).rejects.toThrow(/pixels outside/);
    await expect(iterativeFgsm({ images: [0.5], gradient, epsilon: 0.1, norm: 'l2' })).rejects.toThrow(
      /\[images, \.\.\.\]/,
    );
  });

  it('refuse images that are infinite, or become so, on the host and on a device', async () => {
    const backend = cpuBackend();
    const attacked = (options: { images: number[][]; epsilon: number; norm?: 'l2'; stepSize?: number }) => [
      () =>
        iterativeFgsm({ ...options, images: single(options.images), gradient: () => [[1, 0]], dataRange: unbounded }),
      () =>
        iterativeFgsmOn(backend, {
          ...options,
          gradient: () => backend.fromHost(single([[1, 0]])),
          dataRange: unbounded,
        }),
    ];
    const single = (rows: number[][]) => tensor(Float32Array.from(rows.flat()), [1, 2]);
    for (const norm of [undefined, 'l2'] as const) {
      const named = norm && { norm };
      for (const attack of attacked({ images: [[Infinity, 1]], epsilon: 0.1, ...named })) {
        await expect(attack()).rejects.toThrow(/images must be in the data range \[-Infinity, Infinity\] and finite/);
      }
      // Beyond float32, where 0 times the step is no number either.
      for (const attack of attacked({ images: [[0.5, 1]], epsilon: 1e300, ...named })) {
        await expect(attack()).rejects.toThrow(RangeError);
      }
    }
    // A step beyond float32 still ends at the bound.
    const [onHost] = attacked({ images: [[0.5, 1]], epsilon: 0.25, stepSize: 1e300, norm: 'l2' });
    expect((await onHost!()) as { data: ArrayLike<number> }).toMatchObject({ data: Float32Array.of(0.75, 1) });
  });

  it('refuse a bound with axes that the images lack, and a gradient that is no tensor of the backend', async () => {
    const attack = { images: [0.5, 0.5], epsilon: [[[0.1]]] };
    const backend = cpuBackend();
    await expect(iterativeFgsm({ ...attack, gradient: () => [1, 1] })).rejects.toThrow(/broadcast with/);
    await expect(iterativeFgsmOn(backend, { ...attack, gradient: (x) => backend.exp(x) })).rejects.toThrow(
      /broadcast with/,
    );
    await expect(
      iterativeFgsmOn(backend, { images: [0.5], epsilon: 0.1, gradient: () => [1] as never }),
    ).rejects.toThrow('iterativeFgsm: gradient must be a tensor of the backend, got [1].');
  });
});
