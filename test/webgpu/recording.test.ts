/** The recording side on webgpu: its caches, what stays alive, what fails, and kernels within a device's limits. */
import { type Backend, type HostTensor, klDivergence, valueAndGradientsOn } from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import { type WebgpuBackend, webgpuBackend } from 'dark-knowledge/webgpu';
import { describe, expect, it } from 'vitest';
import { openWebgpuParts, type WebgpuInternals } from '../../src/webgpu/webgpuBackend.ts';
import { oracle } from '../support/backends.ts';
import { expectDeepClose } from '../support/deepClose.ts';
import { limited, openDevice } from '../support/webgpu.ts';
import { testDevice } from '../support/webgpuTests.ts';

const need = testDevice();

const numbers = (...data: number[]): HostTensor => ({ data: Float32Array.from(data), shape: [data.length] });
const wave = (shape: readonly number[], phase = 0): HostTensor => {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return { data: Float32Array.from({ length: size }, (_, at) => 3 * Math.sin(at * 1.7 + phase)), shape };
};

/** What a backend computes of some inputs in a scope, on the host. */
async function computed<T>(
  backend: Backend<T>,
  inputs: readonly HostTensor[],
  compute: (backend: Backend<T>, inputs: readonly T[]) => readonly T[],
): Promise<readonly number[][]> {
  const results = backend.scope(() => compute(backend, inputs.map(backend.fromHost)));
  const read = await Promise.all(results.map((tensor) => backend.read(tensor)));
  for (const tensor of results) if (!backend.isDisposed?.(tensor)) backend.dispose(tensor);
  return read.map(({ data }) => Array.from(data));
}

/** A device that counts the buffers that exist. */
function counting(target: GPUDevice): { readonly device: GPUDevice; readonly live: () => number } {
  let live = 0;
  const device = new Proxy(target, {
    get(_, name) {
      const value = Reflect.get(target, name, target) as unknown;
      if (typeof value !== 'function') return value;
      if (name !== 'createBuffer') return value.bind(target);
      return (descriptor: GPUBufferDescriptor) => {
        const buffer = target.createBuffer(descriptor);
        const destroy = buffer.destroy.bind(buffer);
        live++;
        buffer.destroy = () => {
          live--;
          destroy();
        };
        return buffer;
      };
    },
  });
  return { device, live: () => live };
}

const sums = <T>(b: Backend<T>, [x, y]: readonly T[]): readonly T[] => {
  const e = b.exp(b.multiply(x!, y!));
  return [b.sum(e, { axis: -1 }), b.sum(e, { axis: 0 }), b.sum(e), b.divide(e, b.sum(e, { axis: -1, keepDims: true }))];
};

describe('caches on webgpu', () => {
  const opened = (context: Parameters<typeof need>[0], internals: WebgpuInternals = {}) => {
    const parts = openWebgpuParts(need(context), {}, internals);
    return { ...parts, counters: parts.executor.planner.counters };
  };

  const scaled =
    (factor: number, least: number) =>
    <T>(b: Backend<T>, [x]: readonly T[]): readonly T[] => [
      b.sum(b.maximum(b.multiply(x!, b.scalar(factor)), b.scalar(least)), { axis: -1 }),
    ];

  const check = async (backend: WebgpuBackend, shape: readonly number[], factor: number, least = -0.5) =>
    expectDeepClose(
      await computed(backend, [wave(shape)], scaled(factor, least)),
      await computed(oracle, [wave(shape)], scaled(factor, least)),
      1e-5,
      `${shape}, ${factor}`,
    );

  it('the same graph is planned once, another shape again, and its program is the same', async (context) => {
    const { backend, counters } = opened(context);
    for (let step = 0; step < 3; step++) await check(backend, [5, 40], 4);
    expect(counters).toEqual({ plans: 1, programs: 1 });
    await check(backend, [9, 44], 4);
    expect(counters).toEqual({ plans: 2, programs: 1 });
  });

  it('rows that a device walks in another way are another program', async (context) => {
    const { backend, counters } = opened(context);
    for (const shape of [
      [5, 40],
      [70, 3],
      [3, 1100],
      [2, 9000],
      [1, 9000],
    ])
      await check(backend, shape, 4);
    expect(counters).toEqual({ plans: 5, programs: 5 });
  });

  it('another number is no other program, unless the algebra asks for it', async (context) => {
    const { backend, counters } = opened(context);
    for (const factor of [4, 3, 0.7]) await check(backend, [5, 40], factor);
    expect(counters).toEqual({ plans: 1, programs: 1 });
    // 1 is part of the structure: a product disappears. So is the sign of a number.
    for (const factor of [1, -2]) await check(backend, [5, 40], factor);
    expect(counters).toEqual({ plans: 3, programs: 3 });
    // Against a magnitude a kernel may compare bits, but not with a negative number.
    const within = (bound: number) =>
      computed(backend, [wave([5, 40])], (b, [x]) => [b.greater(b.scalar(bound), b.abs(x!))]);
    expect((await within(0.5))[0]).toContain(1);
    expect((await within(-0.5))[0]).not.toContain(1);
  });

  it('a temperature changes from step to step, an option is another graph', async (context) => {
    const { backend, counters } = opened(context);
    const [studentLogits, teacherLogits] = [wave([5, 6]), wave([5, 6], 1)];
    for (const options of [
      { temperature: 4 },
      { temperature: 3 },
      { temperature: 4, scaleByTemperatureSquared: false },
    ]) {
      const inputs = { studentLogits, teacherLogits };
      const { value, gradients } = valueAndGradientsOn(backend, klDivergence(options), inputs);
      const expected = valueAndGradientsOn(oracle, klDivergence(options), inputs);
      const read = await Promise.all([value, gradients.studentLogits].map(backend.read));
      const wanted = await Promise.all([expected.value, expected.gradients.studentLogits].map(oracle.read));
      expectDeepClose(
        read.map(({ data }) => Array.from(data)),
        wanted.map(({ data }) => Array.from(data)),
        1e-5,
      );
    }
    expect(counters.plans).toBe(2);
  });

  it('graphs whose hashes collide are told apart', async (context) => {
    const { backend, counters } = opened(context, { planning: { hashOf: () => 7 } });
    for (const [rows, factor] of [
      [5, 4],
      [6, 4],
      [5, 1],
      [5, 4],
    ] as const) {
      await check(backend, [rows, 40], factor);
    }
    expect(counters.plans).toBe(3);
  });
});

describe('what stays alive on webgpu', () => {
  it('no tensor and no buffer after steps of changing shapes', async (context) => {
    const { device, live } = counting(need(context));
    const { backend, store } = openWebgpuParts(device, { poolBytes: 0 });
    const step = async (rows: number) => {
      await computed(backend, [wave([rows, 30]), wave([rows, 30], 1)], sums);
      await device.queue.onSubmittedWorkDone();
    };
    await step(64);
    const buffers = live();
    for (let rows = 1; rows <= 60; rows++) await step(rows);
    await step(64);
    expect(live()).toBeLessThanOrEqual(buffers);
    expect(backend.tensorCount()).toBe(0);
    expect(store.count()).toBe(0);
  });

  it('an input that is disposed inside a scope stays until recorded operations have read it', async (context) => {
    const { backend, store } = openWebgpuParts(need(context));
    const x = backend.fromHost(numbers(1, 2));
    const doubled = backend.scope(() => {
      const made = backend.add(x, x);
      backend.dispose(x);
      return made;
    });
    expect(Array.from((await backend.read(doubled)).data)).toEqual([2, 4]);
    backend.dispose(doubled);
    expect(store.count()).toBe(0);
  });

  it('a logSoftmax outside of a scope, or of no rows, leaves its result alone', (context) => {
    const { backend, store } = openWebgpuParts(need(context));
    const [x, none] = [backend.fromHost(wave([3, 4])), backend.fromHost(wave([0, 4]))];
    const before = store.count();
    backend.dispose(backend.logSoftmax!(x));
    backend.dispose(backend.scope(() => backend.logSoftmax!(none)));
    expect(store.count()).toBe(before);
  });
});

describe('what fails on webgpu', () => {
  it('shapes that do not fit fail at the call, and the scope leaves nothing', (context) => {
    const { backend, store } = openWebgpuParts(need(context));
    expect(() =>
      backend.scope(() =>
        backend.add(backend.exp(backend.fromHost(numbers(1, 2))), backend.fromHost(numbers(1, 2, 3))),
      ),
    ).toThrow('add: shapes must broadcast to one another, got [2] and [3].');
    expect([backend.tensorCount(), store.count()]).toEqual([0, 0]);
  });

  it('what a device cannot hold fails at the end of the scope, and leaves nothing', async (context) => {
    const device = limited(need(context), { maxBufferSize: 4096, maxStorageBufferBindingSize: 4096 });
    const { backend, store } = openWebgpuParts(device);
    const [x, y] = [backend.fromHost(wave([100, 1])), backend.fromHost(wave([1, 100]))];
    expect(() => backend.scope(() => [backend.exp(x), backend.multiply(x, y)])).toThrow(RangeError);
    expect([backend.tensorCount(), store.count()]).toEqual([2, 2]);
    // It goes on.
    const [sum] = await computed(backend, [numbers(1, 2)], (b, [z]) => [b.sum(b.exp(z!))]);
    expect(sum![0]).toBeCloseTo(Math.E + Math.E ** 2, 4);
  });

  it('two backends record at the same time, on one device and on two', async (context) => {
    const device = need(context);
    const other = (await openDevice()) as GPUDevice;
    for (const [a, b] of [
      [webgpuBackend(device), webgpuBackend(device)],
      [webgpuBackend(device), webgpuBackend(other)],
    ] as const) {
      const kept = a.scope(() => {
        const x = a.exp(a.fromHost(numbers(0, 1)));
        const inner = b.scope(() => b.add(b.fromHost(numbers(1, 2)), b.scalar(1)));
        return { x: a.add(x, a.scalar(1)), inner };
      });
      expectDeepClose(Array.from((await a.read(kept.x)).data), [2, 1 + Math.E], 1e-6);
      expect(Array.from((await b.read(kept.inner)).data)).toEqual([2, 3]);
      expect(() => a.scope(() => a.exp(kept.inner))).toThrow(TypeError);
    }
    other.destroy();
  });
});

describe('limits of a device', () => {
  /** Results within some limits beside float64's, and how many graphs were left to the eager backend. */
  async function within(
    context: Parameters<typeof need>[0],
    limits: Parameters<typeof limited>[1],
    inputs: readonly HostTensor[],
    compute: <T>(backend: Backend<T>, inputs: readonly T[]) => readonly T[],
  ): Promise<number> {
    const { backend, recorder } = openWebgpuParts(limited(need(context), limits));
    expectDeepClose(await computed(backend, inputs, compute), await computed(oracle, inputs, compute), 1e-5);
    return recorder.counters.interpreted;
  }

  it('more buffers than a kernel binds are bound by several kernels', async (context) => {
    const inputs = Array.from({ length: 4 }, (_, at) => wave([6, 30], at));
    const each = <T>(b: Backend<T>, tensors: readonly T[]): readonly T[] => [
      ...tensors.map((x) => b.exp(x)),
      ...tensors.map((x) => b.sum(b.abs(x), { axis: -1 })),
      ...tensors.map((x) => b.sum(b.multiply(x, x), { axis: 0 })),
      ...tensors.map((x) => b.sum(x)),
    ];
    expect(await within(context, { maxStorageBuffersPerShaderStage: 4 }, inputs, each)).toBe(0);
  });

  it('one value of more inputs than a kernel binds is computed one operation after the other', async (context) => {
    const inputs = Array.from({ length: 6 }, (_, at) => wave([6, 30], at));
    const joined = <T>(b: Backend<T>, tensors: readonly T[]): readonly T[] => [tensors.reduce((x, y) => b.add(x, y))];
    expect(await within(context, { maxStorageBuffersPerShaderStage: 4 }, inputs, joined)).toBe(1);
  });

  it('more workgroups than a dimension holds are spread over two', async (context) => {
    const limits = { maxComputeWorkgroupsPerDimension: 5 };
    expect(await within(context, limits, [wave([23, 30]), wave([23, 30], 1)], sums)).toBe(0);
  });

  it('few rows, so long that several workgroups walk each, are walked to their ends', async (context) => {
    const [long, deeper] = [wave([7, 5000]), wave([3, 9000], 1)];
    const values = <T>(b: Backend<T>, tensors: readonly T[]): readonly T[] =>
      tensors.flatMap((x) => [b.subtract(x, b.sum(x, { axis: 0, keepDims: true })), b.sum(b.multiply(x, x))]);
    expect(await within(context, {}, [long, deeper], values)).toBe(0);
    const limits = { maxStorageBufferBindingSize: 65_536, maxComputeWorkgroupsPerDimension: 20 };
    const alone = <T>(b: Backend<T>, [x]: readonly T[]): readonly T[] => [b.exp(x!), b.sum(b.multiply(x!, x!))];
    expect(await within(context, limits, [wave([9, 8000], 2)], alone)).toBe(0);
  });

  it('rows are bound in parts where a binding is small, and a single row too', async (context) => {
    const limits = { maxStorageBufferBindingSize: 65_536 };
    const rows = <T>(b: Backend<T>, [x]: readonly T[]): readonly T[] => [b.exp(b.logSoftmax?.(x!) ?? x!)];
    const logits = wave([300, 100]);
    const { backend, recorder } = openWebgpuParts(limited(need(context), limits));
    const [got] = await computed(backend, [logits], rows);
    const host = cpuBackend({ precision: 'float64' });
    const [expected] = await computed(host, [logits], (b, [x]) => {
      const e = b.exp(b.subtract(x!, b.max(x!, { axis: -1, keepDims: true })));
      return [b.divide(e, b.sum(e, { axis: -1, keepDims: true }))];
    });
    expectDeepClose(got, expected, 1e-5);
    expect(recorder.counters.interpreted).toBe(0);
    const flat = <T>(b: Backend<T>, [x]: readonly T[]): readonly T[] => [b.sum(b.multiply(x!, x!)), b.abs(x!)];
    expect(await within(context, limits, [wave([40_000])], flat)).toBe(0);
  });
});

describe('optimisers of shaders', () => {
  it('lose no NaN and no rounding that a formula takes off again', async (context) => {
    const { backend } = openWebgpuParts(need(context));
    const x = numbers(Number.NaN, Number.POSITIVE_INFINITY, 1, 3);
    const large = numbers(1, 1, 2 ** 24, 2 ** 24);
    const [product, quotient, choice, rounded] = await computed(backend, [x, large], (b, [a, l]) => [
      b.multiply(a!, b.scalar(0)),
      b.divide(b.scalar(0), a!),
      // 0 on both sides of a condition that only the data decide.
      b.multiply(a!, b.where(b.scalar(0.5), b.scalar(0), b.scalar(0))),
      b.subtract(b.add(a!, l!), l!),
    ]);
    expect(product).toEqual([Number.NaN, Number.NaN, 0, 0]);
    expect(quotient).toEqual([Number.NaN, 0, 0, 0]);
    expect(choice).toEqual([Number.NaN, Number.NaN, 0, 0]);
    expect(rounded).toEqual([Number.NaN, Number.POSITIVE_INFINITY, 0, 4]);
  });
});
