import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { WorkerOptions } from 'node:worker_threads';
import {
  type AnyLoss,
  type AnyMetric,
  calibrationError,
  cka,
  crossEntropy,
  type HostTensor,
  hint,
  jensenShannon,
  klDivergence,
  representationalSimilarity,
  softCrossEntropy,
  type TypedArray,
  valueAndGradientsOn,
} from 'dark-knowledge';
import { conformanceCases } from 'dark-knowledge/testing';
import { type WasmBackend, wasmBackend } from 'dark-knowledge/wasm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { statisticsOf } from '../../src/metric.ts';
import { firstFreeByte, startKernels } from '../../src/wasm/instance.ts';
import { makeArena } from '../../src/wasm/memory.ts';
import { oneThread, rangesOf, rangesOver, startThreads, type Threads } from '../../src/wasm/threads.ts';

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

  it('matMul and squaredDistances are what one thread computes, to the last digit', () => {
    const multiply = (on: WasmBackend) =>
      on.scope(() => {
        const a = on.fromHost(wave([2, 301, 257], 4));
        const b = on.fromHost(wave([2, 203, 257], 5));
        const x = on.fromHost(wave([401, 300], 6));
        const y = on.fromHost(wave([300, 21], 7));
        const products = [
          on.matMul(a, b, { transposeB: true }),
          on.matMul(y, x, { transposeA: true, transposeB: true }),
          on.matMul(x, x, { transposeA: true }),
          on.matMul(x, x, { transposeB: true }),
          on.squaredDistances!(x),
        ];
        return products.map((tensor) => on.readSync(tensor).data);
      });
    expect(multiply(backend)).toEqual(multiply(single));
  });

  const metricBatch = {
    probabilities: {
      data: Float32Array.from({ length: rows * classes }, (_, at) => (1 + (at % 7)) / (classes * 4)),
      shape: [rows, classes],
    },
    labels: batch.labels,
    x: wave([1500, 140], 7),
    y: wave([1500, 130], 8),
  };

  it.each<[string, AnyMetric]>([
    ['calibrationError', calibrationError()],
    ['calibrationError of every class', calibrationError({ over: 'classwise' })],
    ['cka', cka()],
    ['representationalSimilarity', representationalSimilarity()],
    ['representationalSimilarity, centred', representationalSimilarity({ preset: 'centered' })],
  ])('%s has the statistics of one thread', (_, metric) => {
    const compute = (on: WasmBackend) =>
      on.scope(() => {
        const given = Object.fromEntries(
          metric.inputs
            .filter((name) => name in metricBatch)
            .concat(metric.optionalInputs.filter((name) => name === 'probabilities'))
            .map((name) => [name, metricBatch[name as keyof typeof metricBatch]]),
        );
        const statistics = Object.entries(statisticsOf(on, metric, given));
        return statistics.map(([name, value]) => [
          name,
          typeof value === 'number' ? [value] : on.readSync(value!).data,
        ]);
      });
    const expected = Object.fromEntries(compute(single)) as Record<string, Float64Array>;
    for (const [name, values] of compute(backend) as [string, Float64Array][]) {
      const scale = Math.max(...expected[name]!.map(Math.abs));
      const farthest = Math.max(...values.map((value, at) => Math.abs(value - expected[name]![at]!)));
      expect([name, farthest <= 1e-12 * scale]).toEqual([name, true]);
    }
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

describe('runs of calls', () => {
  const instance = startKernels(false, true);
  const { memory } = instance;
  const arena = makeArena(memory, firstFreeByte);
  let threads: Threads;

  beforeAll(async () => {
    threads = startThreads(instance, 4, arena);
    while (threads.available() < 4) await new Promise((resolve) => setTimeout(resolve, 10));
  });
  afterAll(() => threads.close());

  /**
   * (module (import "env" "memory" (memory 1 65536 shared))
   *   (func (export "difference") (param i32 i32) (result f64) local.get 1, local.get 0, i32.sub, f64.convert_i32_s)
   *   (func (export "write") (param i32 i32) local.get 0, local.get 1, i32.store)
   *   (func (export "failAtZero") (param i32) local.get 0, i32.eqz, if, unreachable, end))
   */
  // biome-ignore format: a section a line
  const bytes = Uint8Array.of(
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    1, 16, 3, 0x60, 2, 0x7f, 0x7f, 1, 0x7c, 0x60, 2, 0x7f, 0x7f, 0, 0x60, 1, 0x7f, 0,
    2, 18, 1, 3, 0x65, 0x6e, 0x76, 6, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 2, 3, 1, 0x80, 0x80, 4,
    3, 4, 3, 0, 1, 2,
    7, 35, 3, 10, ...Buffer.from('difference'), 0, 0, 5, ...Buffer.from('write'), 0, 1, 10, ...Buffer.from('failAtZero'), 0, 2,
    10, 30, 3, 8, 0, 0x20, 1, 0x20, 0, 0x6b, 0xb7, 0x0b, 9, 0, 0x20, 0, 0x20, 1, 0x36, 2, 0, 0x0b, 9, 0, 0x20, 0, 0x45, 0x04, 0x40, 0, 0x0b, 0x0b,
  );
  const lists = (count: number) => Array.from({ length: count }, (_, index) => [index, 3 * index]);

  it("answer in the lists' order, more lists than a job holds too", () => {
    const module = threads.add(bytes);
    for (const count of [0, 1, 2, 64, 65, 1000]) {
      const expected = lists(count).map(([a, b]) => b! - a!);
      expect(threads.run({ module, name: 'difference' }, lists(count))).toEqual(expected);
    }
  });

  it('know several modules, and the kernels beside them, after memory grew', () => {
    const before = threads.add(bytes);
    const grown = arena.allocate(50_000_000);
    const after = threads.add(bytes.slice());
    for (let turn = 0; turn < 50; turn++) {
      for (const module of [before, after]) {
        expect(threads.run({ module, name: 'difference' }, lists(9))).toEqual(lists(9).map(([a, b]) => b! - a!));
      }
      expect(threads.run('matrixTileRows', [[], [], []])).toEqual([5, 5, 5]);
    }
    arena.free(grown);
  });

  it('give each thread its own argument', () => {
    const module = threads.add(bytes);
    const room = arena.allocate(4 * 8);
    const seen = new Set<number>();
    for (let turn = 0; turn < 100; turn++) {
      new Int32Array(memory.buffer, room, 8).fill(-1);
      threads.run({ module, name: 'write' }, new Array(40).fill([0, 7]), { at: 0, start: room, step: 8 });
      const found = [...new Int32Array(memory.buffer, room, 8)];
      expect(found.filter((_, index) => index % 2 === 1)).toEqual([-1, -1, -1, -1]);
      for (const [index, value] of found.entries()) if (value === 7) seen.add(index / 2);
    }
    expect([...seen].every((thread) => thread < 4) && seen.size > 0).toBe(true);
  });

  it('fail as a whole where one call fails, in whatever thread, and go on', () => {
    const module = threads.add(bytes);
    for (let failing = 0; failing < 40; failing++) {
      const calls = Array.from({ length: 40 }, (_, index) => [index - failing]);
      expect(() => threads.run({ module, name: 'failAtZero' }, calls)).toThrow();
      expect(threads.run({ module, name: 'difference' }, lists(40))).toEqual(lists(40).map(([a, b]) => b! - a!));
    }
  });

  it('are as many on one thread', () => {
    const alone = oneThread(instance);
    const module = alone.add(bytes);
    expect(alone.run({ module, name: 'difference' }, lists(3))).toEqual([0, 2, 4]);
    expect(alone.run({ module, name: 'difference' }, [[1, 3]], { at: 0, start: 2, step: 9 })).toEqual([1]);
    expect(rangesOver(alone, 100, 1e9, 1)).toEqual([{ start: 0, size: 100 }]);
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
