import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { evaluateOn, klDivergence, measureOn, tensor, valueAndGradientsOn } from 'dark-knowledge';
import { wasmBackend } from 'dark-knowledge/wasm';
import { requestWebgpuDevice, type WebgpuBackendOptions, webgpuBackend } from 'dark-knowledge/webgpu';
import { describe, expect, it } from 'vitest';
import { fallingExponential } from '../../src/webgpu/arithmetic.ts';
import { createRuntime } from '../../src/webgpu/runtime.ts';
import { createTensorStore } from '../../src/webgpu/tensors.ts';
import { oracle } from '../support/backends.ts';
import { expectDeepClose } from '../support/deepClose.ts';
import { limited, openGpu } from '../support/webgpu.ts';
import { testDevice } from '../support/webgpuTests.ts';

/** GPUBufferUsage.STORAGE | COPY_SRC | COPY_DST. */
const SHARED = 0x80 | 0x4 | 0x8;

const need = testDevice();

const ramp = (size: number, shape = [size]) => ({
  data: Float32Array.from({ length: size }, (_, at) => Math.sin(at) * 3),
  shape,
});

async function numbers(read: Promise<{ readonly data: ArrayLike<number> }>): Promise<number[]> {
  return Array.from((await read).data);
}

describe('accuracy', () => {
  it('exp and log are within two units in the last place over their range', async (context) => {
    const backend = webgpuBackend(need(context));
    const count = 20_000;
    const powers = Float32Array.from({ length: count }, (_, at) => -87 + (175 * at) / count);
    const near1 = Float32Array.from({ length: count }, (_, at) => 0.5 + at / count);
    const wide = Float32Array.from({ length: count }, (_, at) => Math.exp(-87 + (175 * at) / count));
    const worst = async (name: 'exp' | 'log', data: Float32Array) => {
      const got = await numbers(backend.read(backend[name](backend.fromHost({ data, shape: [count] }))));
      return got.reduce((most, value, at) => {
        const exact = Math[name](data[at]!);
        const unit = 2 ** (Math.floor(Math.log2(Math.abs(exact))) - 23);
        return exact === 0 ? most : Math.max(most, Math.abs(value - exact) / unit);
      }, 0);
    };
    expect(await worst('exp', powers)).toBeLessThan(2);
    expect(await worst('log', near1)).toBeLessThan(2);
    expect(await worst('log', wide)).toBeLessThan(2);
  });

  it('the host computes with one-element tensors what the device would', async (context) => {
    const backend = webgpuBackend(need(context));
    // Outside of a scope: nothing is recorded.
    const larger = (a: number, b: number) =>
      numbers(backend.read(backend.maximum(backend.scalar(a), backend.scalar(b))));
    expect(await larger(-3, -2)).toEqual([-2]);
    expect(await larger(Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY)).toEqual([Number.NEGATIVE_INFINITY]);
    expect(await larger(-1, Number.NaN)).toEqual([Number.NaN]);
  });

  it('the exponential of softmaxes is within two units in the last place below 0, and passes NaN on', async (context) => {
    const runtime = createRuntime(need(context), { poolBytes: 0, batchSize: 1, profile: false });
    const store = createTensorStore(runtime);
    const count = 20_000;
    const data = Float32Array.from({ length: count }, (_, at) => (-87 * at) / count);
    data.set([Number.NaN, Number.NEGATIVE_INFINITY, -200, -88, -3.4e38], count - 5);
    const x = store.fromHost({ data, shape: [count] });
    const result = store.make([count], 'fallingExponential');
    runtime.run({
      key: 'fallingExponential',
      build: () => ({
        name: 'fallingExponential',
        reads: ['x'],
        writes: ['result'],
        uniforms: {},
        workgroupSize: 64,
        declarations: fallingExponential,
        body: 'if (index < uniforms.units) { result[index] = fallingExponential(x[index]); }',
      }),
      reads: [{ storage: store.storageOf(x, 'test'), perUnit: 1 }],
      writes: [{ storage: result.storage!, perUnit: 1 }],
      units: count,
      groups: (units) => Math.ceil(units / 64),
    });
    const got = await numbers(store.read(result, (tensor) => tensor));
    expect(got.slice(count - 5)).toEqual([Number.NaN, 0, 0, 0, 0]);
    for (let at = 0; at < count - 5; at++) {
      const exact = Math.exp(data[at]!);
      const unit = 2 ** (Math.floor(Math.log2(exact)) - 23);
      expect(Math.abs(got[at]! - exact) / unit).toBeLessThan(2);
    }
  });

  it('a sum of a million numbers keeps float32 precision', async (context) => {
    const backend = webgpuBackend(need(context));
    const data = Float32Array.from({ length: 1_000_003 }, (_, at) => 1 + (at % 7) * 0.1);
    const exact = data.reduce((sum, value) => sum + value, 0);
    const flat = backend.fromHost({ data, shape: [data.length] });
    expect((await numbers(backend.read(backend.sum(flat))))[0]! / exact).toBeCloseTo(1, 6);
    const column = backend.reshape(flat, [data.length, 1]);
    const ones = backend.fromHost({ data: new Float32Array(data.length).fill(1), shape: [data.length, 1] });
    const product = backend.matMul(column, ones, { transposeA: true });
    expect((await numbers(backend.read(product)))[0]! / exact).toBeCloseTo(1, 6);
  });

  it('matrix products agree with the host where tiles are partly filled', async (context) => {
    const backend = webgpuBackend(need(context));
    for (const [m, k, n] of [
      [1, 3, 2],
      [17, 33, 16],
      [70, 19, 65],
      [65, 600, 20],
    ] as const) {
      for (const transposeA of [false, true]) {
        for (const transposeB of [false, true]) {
          const a = ramp(2 * m * k, [2, ...(transposeA ? [k, m] : [m, k])]);
          const b = ramp(2 * k * n, [2, ...(transposeB ? [n, k] : [k, n])]);
          const options = { transposeA, transposeB };
          const expected = await oracle.read(oracle.matMul(a, b, options));
          const got = await backend.read(backend.matMul(backend.fromHost(a), backend.fromHost(b), options));
          const apart = Array.from(got.data, (value, at) => Math.abs(value - expected.data[at]!));
          expect(Math.max(...apart), `${m} × ${k} × ${n} ${JSON.stringify(options)}`).toBeLessThan(2e-6 * k);
        }
      }
    }
  });
});

describe('buffers', () => {
  it('are reused, and those beyond the cap are destroyed', async (context) => {
    const target = need(context);
    let created = 0;
    const counting = new Proxy(target, {
      get(_, name) {
        if (name === 'createBuffer') created++;
        const value = Reflect.get(target, name, target) as unknown;
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const rounds = async (options: WebgpuBackendOptions) => {
      const backend = webgpuBackend(counting, options);
      const x = backend.fromHost(ramp(1000));
      created = 0;
      for (let round = 0; round < 20; round++) {
        const y = backend.exp(x);
        await backend.read(y);
        backend.dispose(y);
      }
      return created;
    };
    expect(await rounds({})).toBeLessThanOrEqual(2);
    expect(await rounds({ poolBytes: 0 })).toBeGreaterThanOrEqual(20);
  });

  it('an upload does not overwrite what queued kernels still read', async (context) => {
    const backend = webgpuBackend(need(context));
    const first = backend.fromHost(ramp(500));
    const doubled = backend.add(first, first);
    backend.dispose(first);
    // The freed buffer is the only one of its size in the pool.
    const second = backend.fromHost({ data: new Float32Array(500).fill(7), shape: [500] });
    expect(await numbers(backend.read(doubled))).toEqual(Array.from(ramp(500).data, (value) => Math.fround(2 * value)));
    expect((await numbers(backend.read(second)))[0]).toBe(7);
  });

  it('of the caller are read in place and survive', async (context) => {
    const target = need(context);
    const backend = webgpuBackend(target);
    const buffer = target.createBuffer({ size: 16, usage: 0x80 | 0x8 });
    target.queue.writeBuffer(buffer, 0, Float32Array.of(1, 2, 3, 4));
    const x = backend.fromBuffer(buffer, [2, 2]);
    expect(await numbers(backend.read(x))).toEqual([1, 2, 3, 4]);
    const sum = backend.sum(x, { axis: 0 });
    backend.dispose(x);
    expect(await numbers(backend.read(sum))).toEqual([4, 6]);
    const again = backend.fromBuffer(buffer, [4]);
    expect(backend.bufferOf(again)).toBe(buffer);
    expect(await numbers(backend.read(backend.exp(backend.subtract(again, again))))).toEqual([1, 1, 1, 1]);
    expect(() => backend.fromBuffer(buffer, [5])).toThrow(
      'webgpuBackend.fromBuffer: buffer must be of at least 20 bytes',
    );
    const unfit = target.createBuffer({ size: 16, usage: 0x8 });
    expect(() => backend.fromBuffer(unfit, [4])).toThrow(
      'webgpuBackend.fromBuffer: buffer must be made with GPUBufferUsage.STORAGE',
    );
  });

  it('hand results to the caller without a copy', async (context) => {
    const target = need(context);
    const backend = webgpuBackend(target);
    const sum = backend.add(backend.fromHost(tensor([1, 2])), backend.scalar(1));
    const staging = target.createBuffer({ size: 8, usage: 0x1 | 0x8 });
    const encoder = target.createCommandEncoder();
    encoder.copyBufferToBuffer(backend.bufferOf(sum), 0, staging, 0, 8);
    target.queue.submit([encoder.finish()]);
    await staging.mapAsync(1);
    expect(Array.from(new Float32Array(staging.getMappedRange()))).toEqual([2, 3]);
  });
});

describe('limits', () => {
  it('on bindings and workgroups are met by splitting', async (context) => {
    const target = need(context);
    const backend = webgpuBackend(
      limited(target, { maxStorageBufferBindingSize: 8192, maxComputeWorkgroupsPerDimension: 10 }),
    );
    const x = ramp(7500, [300, 25]);
    const y = { data: x.data.map((value) => Math.fround(value * value)), shape: [300, 25] };
    const compute = async (b: typeof oracle) => {
      const [a, c] = [b.fromHost(x), b.fromHost(y)];
      const { value, gradients } = valueAndGradientsOn(b, klDivergence(), { studentLogits: a, teacherLogits: c });
      const results = [
        value,
        gradients.studentLogits,
        b.multiply(a, b.add(c, b.fromHost(ramp(25)))),
        b.sum(a),
        b.sum(a, { axis: -1 }),
        b.sum(a, { axis: 0 }),
        b.argMax(a),
      ];
      return Promise.all(results.map((result) => numbers(b.read(result))));
    };
    expectDeepClose(await compute(backend), await compute(oracle), 3e-5);
  });

  it('on what a kernel sees of a matrix or of a table of rows are met by splitting', async (context) => {
    const backend = webgpuBackend(limited(need(context), { maxStorageBufferBindingSize: 24576 }));
    const rows = tensor(Float32Array.from([0, 299, 150, 7, 163, 164, -1, 300, Number.NaN]));
    const matrices = {
      small: ramp(24 * 40, [24, 40]),
      tall: ramp(300 * 24, [300, 24]),
      wide: ramp(24 * 300, [24, 300]),
    };
    const compute = async (b: typeof oracle) => {
      const on = Object.fromEntries(Object.entries(matrices).map(([name, host]) => [name, b.fromHost(host)]));
      const { small, tall, wide } = on;
      const results = [
        b.matMul(tall, small), // rows of the left
        b.matMul(small, tall, { transposeA: true, transposeB: true }), // rows of the right, which are the result's columns
        b.matMul(tall, tall, { transposeA: true }), // the inner axis of both
        b.matMul(wide, tall),
        b.matMul(wide, wide, { transposeB: true }),
        b.matMul(small, wide, { transposeA: true }), // the right, and the result
        b.matMul(wide, small, { transposeA: true }),
        b.matMul(wide, tall, { transposeA: true, transposeB: true }), // all three
        b.matMul(tall, wide),
        b.replaceRows!(tall, [299, 3, 160], b.fromHost(ramp(72, [3, 24]))),
      ];
      return Promise.all(results.map((result) => numbers(b.read(result))));
    };
    const count = backend.tensorCount();
    expectDeepClose(await compute(backend), await compute(oracle), 3e-5);
    expect(backend.tensorCount()).toBe(count + 3 + 9 + 2);
    const none = backend.gather(
      backend.fromHost({ data: new Float32Array(0), shape: [0, 2] }),
      backend.fromHost(tensor([1, 0])),
    );
    expect(await numbers(backend.read(none))).toEqual([Number.NaN, Number.NaN, Number.NaN, Number.NaN]);
    const gathered = backend.gather(backend.fromHost(matrices.tall), backend.fromHost(rows));
    const table = matrices.tall.data;
    expectDeepClose(
      await numbers(backend.read(gathered)),
      Array.from(rows.data).flatMap((row) =>
        Array.from({ length: 24 }, (_, column) => (row >= 0 && row < 300 ? table[row * 24 + column]! : Number.NaN)),
      ),
      1e-7,
    );
  });

  it('that cannot be met are a RangeError before any work', async (context) => {
    const target = need(context);
    const backend = webgpuBackend(limited(target, { maxStorageBufferBindingSize: 4096, maxBufferSize: 1_000_000 }));
    const long = backend.fromHost(ramp(4000, [2, 2000]));
    const count = backend.tensorCount();
    expect(() => backend.scope(() => backend.gather(long, backend.fromHost(tensor([1, 0]))))).toThrow(
      "gather: tensor must be of at most 4096 bytes here (the device's maxStorageBufferBindingSize), got 16000.",
    );
    expect(() => backend.scope(() => backend.matMul(long, long, { transposeB: true }))).toThrow(
      "matMul: tensor must be of at most 4096 bytes here (the device's maxStorageBufferBindingSize), got 16000.",
    );
    expect(() => backend.scope(() => backend.add(long, backend.fromHost(ramp(400_000, [100, 2, 2000]))))).toThrow(
      "fromHost: result of shape [400000] must be of at most 1000000 bytes (the device's maxBufferSize), got 1600000.",
    );
    expect(backend.tensorCount()).toBe(count);
  });
});

describe('many operations', () => {
  it('go to the device together, and so do their reads', async (context) => {
    const target = need(context);
    let submits = 0;
    const queue = new Proxy(target.queue, {
      get(_, name) {
        if (name === 'submit') submits++;
        const value = Reflect.get(target.queue, name, target.queue) as unknown;
        return typeof value === 'function' ? value.bind(target.queue) : value;
      },
    });
    const counting = new Proxy(target, {
      get(_, name) {
        if (name === 'queue') return queue;
        const value = Reflect.get(target, name, target) as unknown;
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const backend = webgpuBackend(counting);
    let x = backend.fromHost(ramp(100));
    for (let step = 0; step < 20; step++) x = backend.abs(x);
    const parts = [backend.sum(x), backend.max(x), backend.exp(x)];
    await Promise.all(parts.map((part) => backend.read(part)));
    expect(submits).toBeLessThanOrEqual(2);
  });

  it('work in any number', async (context) => {
    const backend = webgpuBackend(need(context), { batchSize: 8 });
    const zero = backend.fromHost(tensor([0, 0]));
    const one = backend.fromHost(tensor([1, 1]));
    const total = backend.scope(() => {
      let sum = zero;
      for (let step = 0; step < 300; step++) sum = backend.add(sum, one);
      return sum;
    });
    expect(await numbers(backend.read(total))).toEqual([300, 300]);
  });
});

describe('errors of the device', () => {
  it("another device's buffer rejects the read and names the kernel", async (context) => {
    const backend = webgpuBackend(need(context));
    const gpu = await openGpu();
    if ('missing' in gpu) return context.skip(gpu.missing);
    const other = await requestWebgpuDevice(gpu);
    const foreign = backend.fromBuffer(other.createBuffer({ size: 16, usage: SHARED }), [4]);
    const sound = backend.exp(backend.fromHost(tensor([0, 0])));
    await expect(backend.read(sound)).resolves.toMatchObject({ shape: [2] });
    const wrong = backend.exp(foreign);
    await expect(backend.read(wrong)).rejects.toThrow(/webgpuBackend: kernel 'exp' failed: .*Device/s);
    // What depends on it fails too, later; what does not, works.
    await expect(backend.read(backend.abs(wrong))).rejects.toThrow("kernel 'exp'");
    await expect(backend.read(backend.abs(sound))).resolves.toMatchObject({ shape: [2] });
    other.destroy();
  });

  it('memory that the device does not have rejects the read and names the operation', async (context) => {
    const target = need(context);
    // The real limit is lower, so the device itself refuses the buffer.
    const backend = webgpuBackend(limited(target, { maxBufferSize: 2 ** 50, maxStorageBufferBindingSize: 2 ** 50 }));
    const rows = Math.ceil(target.limits.maxBufferSize / 4 / 1024) + 1;
    const column = backend.fromHost({ data: new Float32Array(1024), shape: [1024] });
    const huge = backend.oneHot(column, rows);
    await expect(backend.read(backend.sum(huge))).rejects.toThrow("'oneHot' failed");
  });

  it('a lost device rejects pending reads, and later calls throw', async (context) => {
    const gpu = await openGpu();
    if ('missing' in gpu) return context.skip(gpu.missing);
    const own = await requestWebgpuDevice(gpu);
    const backend = webgpuBackend(own);
    const x = backend.fromHost(tensor([1, 2]));
    const pending = backend.read(backend.exp(x));
    const measured = measureOn(backend, (await import('dark-knowledge')).accuracy(), {
      logits: tensor([[1, 2]]),
      labels: tensor([1]),
    });
    own.destroy();
    await expect(pending).rejects.toThrow();
    await expect(measured).rejects.toThrow();
    await own.lost;
    expect(() => backend.add(x, x)).toThrow('webgpuBackend: device must be alive, got a lost one');
    await expect(backend.read(x)).rejects.toThrow('device must be alive');
    backend.dispose(x);
  });

  it('a disposed tensor is refused, and so is one of another backend, by the names of member and argument', async (context) => {
    const target = need(context);
    const [backend, other] = [webgpuBackend(target), webgpuBackend(target)];
    const x = backend.fromHost(tensor([1, 2]));
    backend.dispose(x);
    expect(() => backend.exp(x)).toThrow('webgpuBackend.exp: x must be a live tensor, got a disposed one.');
    const host = tensor([
      [1, 0],
      [0, 1],
    ]);
    const [own, foreign] = [backend.fromHost(host), other.fromHost(host)];
    const calls: Readonly<Record<string, () => unknown>> = {
      'dispose: tensor': () => backend.dispose(foreign),
      'isDisposed: tensor': () => backend.isDisposed(foreign),
      'shapeOf: tensor': () => backend.shapeOf(foreign),
      'bufferOf: tensor': () => backend.bufferOf(foreign),
      'add: a': () => backend.add(foreign, own),
      'multiply: a': () => backend.multiply(foreign, backend.scalar(1)),
      'multiply: b': () => backend.multiply(backend.scalar(1), foreign),
      'where: condition': () => backend.where(foreign, own, own),
      'exp: x': () => backend.exp(foreign),
      'sum: x': () => backend.sum(foreign),
      'argMax: x': () => backend.argMax(foreign),
      'reshape: x': () => backend.reshape(foreign, [4]),
      'transpose: x': () => backend.transpose(foreign),
      'matMul: a': () => backend.matMul(foreign, own),
      'matMul: b': () => backend.matMul(own, foreign),
      'oneHot: indices': () => backend.oneHot(foreign, 3),
      'gather: x': () => backend.gather(foreign, own),
      'gather: indices': () => backend.gather(own, foreign),
      'replaceRows: x': () => backend.replaceRows!(foreign, [1, 0], own),
      'replaceRows: replacement': () => backend.replaceRows!(own, [1, 0], foreign),
      'logSoftmax: x': () => backend.logSoftmax!(foreign),
      'argSort: x': () => backend.argSort!(foreign),
      'takeAlong: x': () => backend.takeAlong!(foreign, own),
      'takeAlong: indices': () => backend.takeAlong!(own, foreign),
      'scatterAlong: updates': () => backend.scatterAlong!(own, foreign, 2),
      'rowsInParts: rows': () => backend.scope(() => backend.rowsInParts!([2, 2]).write(foreign)),
    };
    for (const [where, call] of Object.entries(calls)) {
      expect(call, where).toThrow(
        new TypeError(`webgpuBackend.${where} must be a tensor of this backend, got one of another webgpuBackend.`),
      );
    }
    await expect(backend.read(foreign)).rejects.toThrow('webgpuBackend.read: tensor must be a tensor of this backend');
    const ofWasm = wasmBackend().scalar(1) as never;
    expect(() => backend.add(own, ofWasm)).toThrow('b must be a tensor of this backend, got one of a wasmBackend.');
    expect(await numbers(other.read(foreign))).toEqual([1, 0, 0, 1]);
  });

  it('numbers and buffers that do not fit a shape are refused', (context) => {
    const target = need(context);
    const backend = webgpuBackend(target);
    const buffer = target.createBuffer({ size: 64, usage: SHARED });
    const count = backend.tensorCount();
    expect(() => backend.fromHost({ data: new Float32Array(40), shape: [2] })).toThrow(
      'webgpuBackend.fromHost: tensor must be of a shape that fits its 40 elements, got shape [2].',
    );
    expect(() => backend.fromHost({ data: new Float32Array(1), shape: [-1, -1] })).toThrow(
      'shape must be a list of whole',
    );
    expect(() => backend.fromBuffer(buffer, [-2, -4])).toThrow(
      'webgpuBackend.fromBuffer: shape must be a list of whole numbers of at least 0, got [-2, -4].',
    );
    expect(() => backend.fromBuffer({} as GPUBuffer, [2])).toThrow(
      'webgpuBackend.fromBuffer: buffer must be a GPUBuffer',
    );
    expect(() => backend.scalar('1' as never)).toThrow("webgpuBackend.scalar: value must be a number, got '1'.");
    expect(backend.tensorCount()).toBe(count);
  });

  it('a wrong device or option is refused at once', (context) => {
    expect(() => webgpuBackend({} as GPUDevice)).toThrow('webgpuBackend: device must be a GPUDevice');
    const target = need(context);
    expect(() => webgpuBackend(target, { poolByte: 1 } as never)).toThrow('webgpuBackend: option must be one of');
  });
});

it('times kernels and counts their bytes', async (context) => {
  const target = need(context);
  if (!target.features.has('timestamp-query')) return context.skip('no timestamp-query');
  const backend = webgpuBackend(target, { profile: true });
  const x = backend.fromHost(ramp(1000));
  backend.add(x, x);
  const { value } = evaluateOn(backend, klDivergence(), { studentLogits: x, teacherLogits: x });
  await backend.read(value);
  const timings = await backend.timings();
  expect(timings[0]).toMatchObject({ kernel: 'add', bytes: 12_000 });
  expect(timings.map(({ kernel }) => kernel)).toContain('fused values and sums');
  expect(timings.every(({ nanoseconds }) => nanoseconds >= 0)).toBe(true);
});

it('a process that used it ends by itself', async (context) => {
  need(context);
  const script = `
    import { create, globals } from 'webgpu';
    import { requestWebgpuDevice, webgpuBackend } from './src/webgpu/index.ts';
    Object.assign(globalThis, globals);
    const gpu = create([]);
    const device = await requestWebgpuDevice(gpu);
    const backend = webgpuBackend(device);
    const x = backend.fromHost({ data: Float32Array.of(0, 1), shape: [2] });
    console.log((await backend.read(backend.exp(x))).data[0]);
    device.destroy();
    globalThis.held = gpu;`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '--eval', script],
    { timeout: 50_000 },
  );
  expect(stdout.trim()).toBe('1');
});
