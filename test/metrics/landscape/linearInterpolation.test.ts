import { type HostTensor, linearInterpolation, linearInterpolationOn, tensor } from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { type AnyBackend, openBackend, testBackends } from '../../support/backends.ts';
import { expectDeepClose } from '../../support/deepClose.ts';

const from = { 'dense/kernel': tensor(new Float32Array([0.1, 0.2, 0.3, 0.4]), [2, 2]), bias: [1, 3] };
const to = { 'dense/kernel': tensor(new Float32Array([0.3, 0.1, 0.7, 0.9]), [2, 2]), bias: [3, 1] };

/** A path whose loss is a function of λ alone, read off a parameter that runs from 0 to 1. */
const along = (loss: (lambda: number) => number, points = 25) =>
  linearInterpolation({ from: { at: [0] }, to: { at: [1] }, points, evaluate: ({ at }) => loss(at!.data[0]!) });

describe('linearInterpolation', () => {
  it('evaluates λ·to + (1 − λ)·from at evenly spaced points', async () => {
    const seen: HostTensor[] = [];
    const { lambdas } = await linearInterpolation({
      from,
      to,
      points: 5,
      evaluate: (parameters) => {
        seen.push(parameters.bias!);
        return 0;
      },
    });
    expect(lambdas).toEqual([0, 0.25, 0.5, 0.75, 1]);
    expectDeepClose(
      seen.map(({ data }) => [...data]),
      [
        [1, 3],
        [1.5, 2.5],
        [2, 2],
        [2.5, 1.5],
        [3, 1],
      ],
      1e-15,
    );
  });

  it('mixes whole numbers into doubles where it is told to, and leaves them to the nearer end elsewhere, on devices too', async () => {
    const [start, end] = [{ steps: Int32Array.of(3, 1) }, { steps: Int32Array.of(3, 2) }];
    const walked = async (options: object) => {
      const seen: number[][] = [];
      const evaluate = ({ steps }: Readonly<Record<string, HostTensor>>) => {
        seen.push(Array.from(steps!.data));
        return 0;
      };
      await linearInterpolation({ from: start, to: end, points: 11, evaluate, ...options });
      return seen;
    };
    // In whole numbers 0.3·3 + 0.7·3 was 2.
    expectDeepClose(
      await walked({ predicate: () => true }),
      Array.from({ length: 11 }, (_, at) => [3, 1 + at / 10]),
      1e-15,
    );
    const kept = Array.from({ length: 11 }, (_, at) => [3, at < 5 ? 1 : 2]);
    expect(await walked({})).toEqual(kept);
    const onDevice: number[][] = [];
    const backend = cpuBackend();
    await linearInterpolationOn(backend, {
      from: { steps: start.steps, weight: [0] },
      to: { steps: end.steps, weight: [1] },
      points: 11,
      evaluate: async ({ steps }) => {
        onDevice.push(Array.from((await backend.read(steps!)).data));
        return 0;
      },
    });
    expect(onDevice).toEqual(kept);
  });

  it('keeps measurements by any name, and refuses those that are no numbers', async () => {
    const walked = (measured: object) =>
      linearInterpolation({ from: { a: [0] }, to: { a: [1] }, points: 2, evaluate: () => ({ loss: 1, ...measured }) });
    const { measurements } = await walked({ constructor: 2, toString: 3 });
    expect({ ...measurements }).toEqual({ constructor: [2, 2], toString: [3, 3] });
    expect(Object.hasOwn(Object, '0')).toBe(false);
    await expect(walked({ accuracy: '0.5' })).rejects.toThrow(
      "linearInterpolation: the accuracy that evaluate returned must be a number, got '0.5'.",
    );
  });

  it('takes 25 points when none are asked for', async () => {
    expect((await along(() => 0)).losses).toHaveLength(25);
  });

  it('reproduces both ends bit for bit, without a call of recalibrate', async () => {
    const ends: HostTensor[] = [];
    const recalibrated: number[] = [];
    const odd = { a: tensor(new Float32Array([0.1, -0, Number.NaN, Infinity])) };
    const other = { a: tensor(new Float32Array([1e30, 0, 3, -Infinity])) };
    await linearInterpolation({
      from: odd,
      to: other,
      points: 3,
      evaluate: (parameters, lambda) => {
        if (lambda !== 0.5) ends.push(parameters.a!);
        return 0;
      },
      recalibrate: (parameters, lambda) => {
        recalibrated.push(lambda);
        return parameters;
      },
    });
    expect(ends[0]!.data).toEqual(odd.a.data);
    expect(ends[1]!.data).toEqual(other.a.data);
    expect(recalibrated).toEqual([0.5]);
  });

  it('keeps float32 parameters in float32, rounded once', async () => {
    await linearInterpolation({
      from,
      to,
      points: 4,
      evaluate: (parameters, lambda) => {
        const kernel = parameters['dense/kernel']!;
        expect(kernel.data).toBeInstanceOf(Float32Array);
        expect(kernel.shape).toEqual([2, 2]);
        const [start, end] = [Math.fround(0.3), Math.fround(0.7)];
        if (lambda > 0 && lambda < 1) expect(kernel.data[2]).toBe(Math.fround(lambda * end + (1 - lambda) * start));
        return 0;
      },
    });
  });

  it('measures a monotone path from 1 to 3 as no barrier over the line, and 1 over the mean', async () => {
    const { value, barrier } = await along((lambda) => 1 + 2 * lambda);
    expectDeepClose(barrier, { linear: 0, mean: 1, endpoint: 0 }, 1e-12);
    expect(value).toBe(barrier.linear);
  });

  it('measures a bump over each baseline', async () => {
    // L = 1 + 2λ + 4·4λ(1 − λ): 6 at λ = ½, so 4 over the line and over the mean; the maximum of L itself over 3 lies at
    // λ = 9/16, where L = 6.0625.
    const { barrier } = await along((lambda) => 1 + 2 * lambda + 16 * lambda * (1 - lambda), 17);
    expectDeepClose(barrier, { linear: 4, mean: 6.0625 - 2, endpoint: 6.0625 - 3 }, 1e-12);
  });

  it('is never negative over the line or the larger end, and 0 for a path that dips', async () => {
    expect((await along((lambda) => (lambda - 0.5) ** 2)).barrier).toEqual({ linear: 0, mean: 0, endpoint: 0 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { minLength: 2, maxLength: 9 }),
        async (losses) => {
          const last = losses.length - 1;
          const { barrier } = await along((lambda) => losses[Math.round(lambda * last)]!, losses.length);
          expect(barrier.linear).toBeGreaterThanOrEqual(0);
          expect(barrier.endpoint).toBeGreaterThanOrEqual(0);
          expect(barrier.mean).toBeGreaterThanOrEqual(barrier.endpoint);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('waits for an asynchronous evaluator, keeps its other numbers, and reports progress in order', async () => {
    const progress: unknown[] = [];
    const { losses, measurements } = await linearInterpolation({
      from: { at: [0] },
      to: { at: [1] },
      points: 3,
      evaluate: async ({ at }) => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        return { loss: at!.data[0]! * 2, accuracy: 1 - at!.data[0]! };
      },
      onProgress: (step) => progress.push(step),
    });
    expect(losses).toEqual([0, 1, 2]);
    expect(measurements).toEqual({ accuracy: [1, 0.5, 0] });
    expect(progress).toEqual([
      { done: 1, total: 3, lambda: 0, loss: 0 },
      { done: 2, total: 3, lambda: 0.5, loss: 1 },
      { done: 3, total: 3, lambda: 1, loss: 2 },
    ]);
  });

  it('leaves what the predicate excludes, and whole numbers, at the nearer end, and evaluates what recalibrate returns', async () => {
    const seen: (readonly [number, number, number])[] = [];
    await linearInterpolation({
      from: { a: [0], mean: [10], steps: tensor(Int32Array.of(5)) },
      to: { a: [1], mean: [20], steps: tensor(Int32Array.of(8)) },
      points: 5,
      predicate: (name, { data }) => name !== 'mean' && data instanceof Float64Array,
      recalibrate: async (parameters) => ({ ...parameters, a: tensor([parameters.a!.data[0]! + 100]) }),
      evaluate: ({ a, mean, steps }) => {
        seen.push([a!.data[0]!, mean!.data[0]!, steps!.data[0]!]);
        return 0;
      },
    });
    expect(seen).toEqual([
      [0, 10, 5],
      [100.25, 10, 5],
      [100.5, 20, 8],
      [100.75, 20, 8],
      [1, 20, 8],
    ]);
  });

  it('gives a NaN loss a status and infinite barriers their due', async () => {
    const broken = await along((lambda) => (lambda === 0.5 ? Number.NaN : lambda), 3);
    expect(broken).toMatchObject({ status: 'nanLoss', barrier: { linear: 0, mean: 0.5, endpoint: 0 } });
    expect((await along(() => Number.NaN, 3)).barrier).toEqual({ linear: 0, mean: 0, endpoint: 0 });
    const diverged = await along((lambda) => (lambda === 0.5 ? Infinity : 1), 3);
    expect(diverged).toMatchObject({ status: 'ok', barrier: { linear: Infinity } });
  });

  it('has no height over an end that is infinite, and says so', async () => {
    for (const ends of [
      [Infinity, Infinity],
      [Infinity, 2],
      [2, Infinity],
    ] as const) {
      const path = await along((lambda) => (lambda === 0.5 ? 1 : ends[lambda === 0 ? 0 : 1]), 3);
      expect(path).toMatchObject({ status: 'infiniteEnd', value: 0, barrier: { linear: 0, mean: 0, endpoint: 0 } });
    }
  });

  it('names the parameter that is missing or of another shape', async () => {
    const evaluate = () => 0;
    const fails = (options: object, text: RegExp) =>
      expect(linearInterpolation({ from, to, evaluate, ...options } as never)).rejects.toThrow(text);
    await fails({ to: { bias: [3, 1] } }, /linearInterpolation: to\['dense\/kernel'\] must be given/);
    await fails({ to: { ...to, extra: [1] } }, /from\['extra'\] must be given, as to\['extra'\] is/);
    await fails(
      { to: { ...to, bias: [1] } },
      /to\['bias'\] must be of the shape of from\['bias'\], \[2\], got shape \[1\]/,
    );
    await fails({ points: 1 }, /points must be a whole number of at least 2, got 1/);
    await fails({ evaluate: 3 }, /evaluate must be a function, got 3/);
    await fails({ evaluate: () => ({ accuracy: 1 }) }, /result of evaluate must be a number or a record/);
    await fails({ from: {}, to: {} }, /at least one parameter/);
    await fails({ steps: 3 }, /option must be one of/);
    await fails({ evaluate: () => Promise.reject(new Error('out of memory')) }, /out of memory/);
  });
});

for (const candidate of testBackends) {
  describe(`linearInterpolationOn ${candidate.name}`, () => {
    let opened: { readonly backend: AnyBackend } | { readonly missing: string };
    beforeAll(async () => {
      opened = await openBackend(candidate);
    });

    it('walks the same path, hands over the ends themselves, and frees what it made', async (context) => {
      if ('missing' in opened) return context.skip(opened.missing);
      const { backend } = opened;
      const place = (given: Record<string, number[]>) =>
        Object.fromEntries(Object.entries(given).map(([name, value]) => [name, backend.fromHost(tensor(value))]));
      const [first, second] = [place({ a: [1, 2], kept: [5] }), place({ a: [3, -2], kept: [7] })];
      const before = backend.tensorCount?.();
      const seen: number[][] = [];
      const { losses } = await linearInterpolationOn(backend, {
        from: first,
        to: second,
        points: 5,
        predicate: (name) => name !== 'kept',
        recalibrate: (parameters, lambda) =>
          lambda === 0.5 ? { ...parameters, a: backend.fromHost(tensor([9, 9])) } : parameters,
        evaluate: async (parameters, lambda) => {
          if (lambda === 0) expect(parameters.a).toBe(first.a);
          if (lambda === 1) expect(parameters.a).toBe(second.a);
          seen.push([...(await backend.read(parameters.a)).data, ...(await backend.read(parameters.kept)).data]);
          return lambda;
        },
      });
      expectDeepClose(
        seen,
        [
          [1, 2, 5],
          [1.5, 1, 5],
          [9, 9, 7],
          [2.5, -1, 7],
          [3, -2, 7],
        ],
        1e-6,
      );
      expect(losses).toEqual([0, 0.25, 0.5, 0.75, 1]);
      expect(backend.tensorCount?.(), 'tensors left behind').toBe(before);
      for (const value of [...Object.values(first), ...Object.values(second)]) backend.dispose(value);
      await expect(
        linearInterpolationOn(backend, { from: { a: [1, 2] }, to: { a: [1] }, evaluate: () => 0 }),
      ).rejects.toThrow(/linearInterpolationOn: to\['a'\] must be of the shape/);
      expect(backend.tensorCount?.()).toBe(before === undefined ? undefined : before - 4);
    });
  });
}
