/** A read is answered only when the device has judged all work that the numbers come from. */
import { tensor } from 'dark-knowledge';
import { requestWebgpuDevice } from 'dark-knowledge/webgpu';
import { describe, expect, it } from 'vitest';
import type { KernelProgram } from '../../src/webgpu/program.ts';
import { createRuntime, type Runtime } from '../../src/webgpu/runtime.ts';
import { createTensorStore, type TensorStore, type WebgpuTensor } from '../../src/webgpu/tensors.ts';
import { limited, openGpu } from '../support/webgpu.ts';
import { testDevice } from '../support/webgpuTests.ts';

const need = testDevice();

/** GPUBufferUsage.STORAGE | COPY_SRC | COPY_DST. */
const SHARED = 0x80 | 0x4 | 0x8;

interface Bench {
  readonly device: GPUDevice;
  readonly runtime: Runtime;
  readonly store: TensorStore;
}

function benchOn(device: GPUDevice, batchSize = 64): Bench {
  const runtime = createRuntime(device, { poolBytes: 2 ** 20, batchSize, profile: false });
  return { device, runtime, store: createTensorStore(runtime) };
}

const copyProgram: KernelProgram = {
  name: 'copy',
  reads: ['x'],
  writes: ['result'],
  uniforms: {},
  workgroupSize: 64,
  body: 'if (index < uniforms.units) { result[index] = x[index]; }',
};

interface Run {
  readonly program?: Partial<KernelProgram>;
  readonly offset?: number;
  readonly groups?: number;
  readonly units?: number;
}

/** A kernel over `x`, sound unless told otherwise, and the tensor that it writes. */
function run({ runtime, store }: Bench, x: WebgpuTensor, { program, offset = 0, groups, units = 4 }: Run = {}) {
  const result = store.make([4], 'test');
  const made = { ...copyProgram, ...program };
  runtime.run({
    key: JSON.stringify(made),
    build: () => made,
    reads: [{ storage: store.storageOf(x, 'test'), perUnit: 0, offset }],
    writes: made.writes.map((_, at) => ({
      storage: at === 0 ? result.storage! : store.make([4], 'test').storage!,
      perUnit: 0,
    })),
    units,
    groups: (count) => groups ?? Math.ceil(count / 64),
  });
  return result;
}

const sound = ({ store }: Bench): WebgpuTensor => store.fromHost(tensor([1, 2, 3, 4]));

interface Refused {
  /** Limits that the backend believes, where it would not get as far as the device with the real ones. */
  readonly limits?: Partial<Record<keyof GPUSupportedLimits, number>>;
  /** A tensor that no sound kernel has written. */
  readonly make: (bench: Bench) => WebgpuTensor | Promise<WebgpuTensor>;
}

const program = (name: string, changes: Partial<KernelProgram>): Refused => ({
  make: (bench) => run(bench, sound(bench), { program: { name, ...changes } }),
});

/** What the device refuses. */
const refused: Readonly<Record<string, Refused>> = {
  'a program that is no WGSL': program('typo', { body: 'result[0] = ;' }),
  'a program of the wrong types': program('types', { body: 'result[index] = index;' }),
  'a workgroup larger than the device has': program('large group', { workgroupSize: 65535 }),
  'more buffers than a kernel may have': program('buffers', {
    writes: Array.from({ length: 100 }, (_, at) => `result${at || ''}`),
  }),
  'a binding that begins where none may': { make: (bench) => run(bench, sound(bench), { offset: 1 }) },
  'more workgroups than a dispatch may have': {
    limits: { maxComputeWorkgroupsPerDimension: 2 ** 30 },
    make: (bench) => run(bench, sound(bench), { groups: 2 ** 29 }),
  },
  "another device's buffer": {
    async make(bench) {
      const gpu = await openGpu();
      if ('missing' in gpu) throw new Error(gpu.missing);
      const other = await requestWebgpuDevice(gpu);
      return run(bench, bench.store.borrow(other.createBuffer({ size: 16, usage: SHARED }), [4]));
    },
  },
  'a buffer that was destroyed': {
    make(bench) {
      const buffer = bench.device.createBuffer({ size: 16, usage: SHARED });
      buffer.destroy();
      return run(bench, bench.store.borrow(buffer, [4]));
    },
  },
  'memory that the device does not have': {
    limits: { maxBufferSize: 2 ** 50, maxStorageBufferBindingSize: 2 ** 50 },
    make: (bench) => run(bench, bench.store.make([2 ** 40], 'test')),
  },
};

const task = () => new Promise((resolve) => setTimeout(resolve, 0));

/** When and what is read. */
const occasions: Readonly<Record<string, (bench: Bench, x: WebgpuTensor) => WebgpuTensor | Promise<WebgpuTensor>>> = {
  'read at once': (_, x) => x,
  'read after the submit': async (_, x) => {
    await Promise.resolve();
    return x;
  },
  'read in a later task': async (_, x) => {
    await task();
    return x;
  },
  'read through a later kernel': async (bench, x) => {
    await Promise.resolve();
    return run(bench, x);
  },
  'read through a chain of submits': async (bench, x) => {
    let last = x;
    for (let step = 0; step < 5; step++) {
      await Promise.resolve();
      last = run(bench, last);
    }
    return last;
  },
};

let named = 0;
/** Kernels that the device has not seen before. */
const newKernels = (bench: Bench, count: number): void => {
  for (let kernel = 0; kernel < count; kernel++) run(bench, sound(bench), { program: { name: `new ${named++}` } });
};

describe('a read rejects', () => {
  for (const [what, { limits, make }] of Object.entries(refused)) {
    for (const batchSize of [1, 64]) {
      for (const [occasion, then] of Object.entries(occasions)) {
        for (const others of [0, 5]) {
          it(`${what}, ${occasion}, batches of ${batchSize}${others ? ', among new kernels' : ''}`, async (context) => {
            const device = need(context);
            const bench = benchOn(limits ? limited(device, limits) : device, batchSize);
            const { store } = bench;
            const good = run(bench, sound(bench));
            await store.read(good, (x) => x);
            newKernels(bench, others);
            const bad = await make(bench);
            newKernels(bench, others);
            const x = await then(bench, bad);
            await expect(store.read(x, (copy) => copy)).rejects.toThrow(/^webgpuBackend: .* failed: /);
            // What does not depend on it is read as before.
            expect(Array.from((await store.read(good, (copy) => copy)).data)).toEqual([1, 2, 3, 4]);
          });
        }
      }
    }
  }
});

describe('where one kernel of several fails', () => {
  it('a read of what was there before goes on beside it, in the same go', async (context) => {
    const bench = benchOn(need(context));
    const { store } = bench;
    const good = run(bench, sound(bench));
    await store.read(good, (x) => x);
    // Asked for first, its copy is submitted with the kernel that comes next.
    const reading = store.read(good, (x) => x);
    const bad = run(bench, sound(bench), { program: { name: 'typo beside', body: 'result[0] = ;' } });
    const [first, second] = await Promise.allSettled([reading, store.read(bad, (x) => x)]);
    expect(first).toMatchObject({ status: 'fulfilled', value: { data: Float32Array.of(1, 2, 3, 4) } });
    expect(second).toMatchObject({
      status: 'rejected',
      reason: expect.objectContaining({ message: expect.stringMatching('typo beside') }),
    });
  });

  it('a tensor that is written in parts fails as a whole, whichever part failed', async (context) => {
    const bench = benchOn(need(context), 1);
    const { runtime, store } = bench;
    const result = store.make([128], 'test');
    const x = store.fromHost({ data: new Float32Array(128).fill(1), shape: [128] });
    // Its upload is judged by then, so that it ties the two parts in no way.
    await store.read(x, (copy) => copy);
    for (const [name, body] of [
      ['bad part', 'result[index] = ;'],
      ['good part', copyProgram.body],
    ] as const) {
      runtime.run({
        key: name,
        build: () => ({ ...copyProgram, name, body }),
        reads: [{ storage: store.storageOf(x, 'test'), perUnit: 0, length: 64 }],
        writes: [{ storage: result.storage!, perUnit: 0, offset: name === 'bad part' ? 0 : 64, length: 64 }],
        units: 64,
        groups: () => 1,
      });
    }
    await expect(store.read(result, (copy) => copy)).rejects.toThrow("kernel 'bad part' failed");
  });

  it('memory that the device did not have is not handed out again', async (context) => {
    const device = need(context);
    let refuse = true;
    const short = new Proxy(device, {
      get(target, name) {
        // A buffer with usages that exclude one another is refused as one without memory is.
        if (name === 'createBuffer') {
          return (descriptor: GPUBufferDescriptor) =>
            target.createBuffer(
              refuse && descriptor.label === 'dark-knowledge' ? { ...descriptor, usage: 0x1 | 0x2 | 0x80 } : descriptor,
            );
        }
        const value = Reflect.get(target, name, target) as unknown;
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const bench = benchOn(short);
    const failing = sound(bench);
    await expect(bench.store.read(failing, (x) => x)).rejects.toThrow("webgpuBackend: memory for 'fromHost' failed");
    bench.store.dispose(failing);
    refuse = false;
    expect(Array.from((await bench.store.read(sound(bench), (x) => x)).data)).toEqual([1, 2, 3, 4]);
  });

  it('batches that were judged are forgotten', async (context) => {
    const bench = benchOn(need(context), 1);
    let x = sound(bench);
    for (let step = 0; step < 40; step++) x = run(bench, x);
    await bench.store.read(x, (copy) => copy);
    expect(x.storage!.writer).toMatchObject({ sound: true, parents: new Set(), concerns: new Set() });
  });
});
