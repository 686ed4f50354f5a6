import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { WorkerOptions } from 'node:worker_threads';
import {
  type AnyLoss,
  crossEntropy,
  type HostTensor,
  hint,
  jensenShannon,
  klDivergence,
  softCrossEntropy,
  type TypedArray,
  valueAndGradientsOn,
} from 'dark-knowledge';
import { conformanceCases } from 'dark-knowledge/testing';
import { type WasmBackend, wasmBackend } from 'dark-knowledge/wasm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { relaxedSimdIsSupported, startKernels } from '../../src/wasm/instance.ts';
import { blockBytes, rangesOf, startThreads } from '../../src/wasm/threads.ts';

function wave(shape: readonly number[], phase: number): HostTensor {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return { data: Float32Array.from({ length: size }, (_, index) => 3 * Math.sin(index * 1.3 + phase)), shape };
}

function sameBytes(a: TypedArray, b: TypedArray): boolean {
  return Buffer.from(a.buffer).equals(Buffer.from(b.buffer));
}

describe('wasmBackend with threads', () => {
  const single = wasmBackend();
  let backend: WasmBackend;

  beforeAll(async () => {
    backend = wasmBackend({ threads: 3 });
    while (backend.threadCount() < 3) await new Promise((resolve) => setTimeout(resolve, 10));
  });
  afterAll(() => backend.close());

  it('conforms', async () => {
    for (const { check } of conformanceCases(backend)) await check();
  });

  const rows = 700;
  const classes = 500;
  const batch = {
    studentLogits: wave([rows, classes], 0),
    teacherLogits: wave([rows, classes], 1),
    labels: { data: Int32Array.from({ length: rows }, (_, row) => row % classes), shape: [rows] },
    rowWeights: { data: Float32Array.from({ length: rows }, (_, row) => row % 3), shape: [rows] },
    studentFeatures: wave([rows, classes], 2),
    teacherFeatures: wave([rows, classes], 3),
  };

  it.each([
    ['klDivergence', klDivergence()],
    ['klDivergence of each row', klDivergence({ reduction: 'none' })],
    ['reverse klDivergence', klDivergence({ direction: 'reverse', temperature: 3 })],
    ['softCrossEntropy', softCrossEntropy()],
    ['jensenShannon', jensenShannon({ beta: 0.3 })],
    ['crossEntropy', crossEntropy({ labelSmoothing: 0.1 })],
    ['hint', hint()],
  ] as const)('%s is what one thread computes', (_, loss) => {
    const compute = (on: WasmBackend) =>
      on.scope(() => {
        const { value, gradients } = valueAndGradientsOn(on, loss as unknown as AnyLoss, batch as never);
        return [value, ...Object.values<typeof value>(gradients)].map((tensor) => on.readSync(tensor).data);
      });
    const [value, ...gradients] = compute(backend);
    const [expected, ...expectedGradients] = compute(single);
    // Rows are computed alike; only the order of the last sum differs.
    value!.forEach((number, index) => {
      expect(Math.abs(number - expected![index]!)).toBeLessThanOrEqual(1e-12 * Math.abs(expected![index]!));
    });
    expect(gradients.every((gradient, index) => sameBytes(gradient, expectedGradients[index]!))).toBe(true);
  });

  it('matMul is what one thread computes, to the last digit', () => {
    const multiply = (on: WasmBackend) =>
      on.scope(() => {
        const a = on.fromHost(wave([2, 301, 257], 4));
        const b = on.fromHost(wave([2, 203, 257], 5));
        const x = on.fromHost(wave([300, 100], 6));
        return [on.matMul(a, b, { transposeB: true }), on.matMul(x, x, { transposeA: true })].map(
          (tensor) => on.readSync(tensor).data,
        );
      });
    expect(multiply(backend)).toEqual(multiply(single));
  });

  it('goes on after memory grew, and after close()', () => {
    const other = wasmBackend({ threads: 2 });
    const held = other.allocate([10_000_000]);
    const sum = (): number =>
      other.scope(() => other.readSync(valueAndGradientsOn(other, klDivergence(), batch).value).data[0]!);
    const before = sum();
    other.dispose(held);
    other.close();
    expect(sum()).toBeCloseTo(before, 10);
    expect(other.threadCount()).toBe(1);
  });

  it('refuses numbers of threads that are none', () => {
    for (const threads of [0, 1.5, -1, Number.NaN]) expect(() => wasmBackend({ threads })).toThrow(/threads/);
  });
});

describe('rangesOf', () => {
  it('covers every row once, in whole steps', () => {
    for (const [count, parts, step] of [
      [10, 3, 1],
      [7, 7, 5],
      [301, 4, 5],
      [0, 2, 1],
      [1, 8, 5],
      [9, 0, 1],
    ] as const) {
      const ranges = rangesOf(count, parts, step);
      expect(ranges.length).toBeLessThanOrEqual(Math.max(1, parts));
      expect(ranges.reduce((end, { start, size }) => (start === end ? end + size : Number.NaN), 0)).toBe(count);
    }
  });
});

describe('a process with threads', () => {
  const script = `
    import('./src/wasm/index.ts').then(async ({ wasmBackend }) => {
      const backend = wasmBackend({ threads: 3 });
      while (backend.threadCount() < 3) await new Promise((resolve) => setTimeout(resolve, 5));
      const x = backend.fromHost({ data: new Float32Array(300 * 300).fill(0.5), shape: [300, 300] });
      console.log(backend.threadCount(), backend.readSync(backend.matMul(x, x)).data[7]);
    });`;

  it.each([
    ['as a module', ['--input-type=module'], {}],
    ['as a script', ['--input-type=commonjs'], {}],
    ['as a module, by the environment', [], { NODE_OPTIONS: '--input-type=module' }],
  ])('starts them from text that runs %s, and ends by itself', async (_, flags, environment) => {
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', ...flags, '--eval', script],
      { timeout: 30_000, env: { ...process.env, ...environment } },
    );
    expect([stdout.trim(), stderr.trim()]).toEqual(['3 75', '']);
  });
});

describe('startThreads', () => {
  it('names the kernel that failed on a thread, and the thread goes on', async () => {
    const instance = startKernels(relaxedSimdIsSupported(), true);
    const free = Math.ceil(instance.kernels.firstFreeByte() / 64) * 64;
    const threads = startThreads(instance, 2, free);
    while (threads.available() < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    const [from, to, beyond] = [free + blockBytes, free + blockBytes + 64, 2 ** 32 - 64];
    const work = (x: number) => [
      [0, from, to, 4],
      [0, x, to + 64, 4],
    ];
    expect(() => threads.run('unary', work(beyond))).toThrow("wasmBackend: a thread must finish 'unary'");
    expect(threads.run('unary', work(from))).toEqual([0, 0]);
    expect(Array.from(new Float32Array(instance.memory.buffer, to, 20)).filter((one) => one === 1)).toHaveLength(8);
    threads.close();
  });

  it('goes on without a thread that does not start', async () => {
    const node = process.getBuiltinModule('node:worker_threads');
    const { Worker } = node;
    let ended = 0;
    node.Worker = class extends Worker {
      constructor(_: string | URL, options: WorkerOptions) {
        super('throw new Error("no");', options);
        this.on('exit', () => ended++);
      }
    };
    try {
      const backend = wasmBackend({ threads: 3 });
      while (ended < 2) await new Promise((resolve) => setTimeout(resolve, 5));
      expect(backend.threadCount()).toBe(1);
      const x = backend.fromHost({ data: new Float32Array(300 * 300).fill(0.5), shape: [300, 300] });
      expect(backend.readSync(backend.matMul(x, x)).data[7]).toBe(75);
    } finally {
      node.Worker = Worker;
    }
  });
});
