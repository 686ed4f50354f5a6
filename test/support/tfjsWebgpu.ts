/** tfjs's `webgpu` backend in Node, and what it is seen to do. */
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, type TestContext, vi } from 'vitest';
import { openTfjs } from './tfjs.ts';
import { openGpu } from './webgpu.ts';

const required = (process.env.DARK_KNOWLEDGE_REQUIRED_BACKENDS ?? '').split(',').includes('webgpu');

/**
 * Sets tfjs's `webgpu` backend before a file's first test. The function it returns gives a test the GPU object, or skips
 * the test where there is none; an environment that requires webgpu makes that an error.
 */
export function testTfjsWebgpu(): (context: TestContext) => GPU {
  let gpu: GPU | undefined;
  let missing = '';
  beforeAll(async () => {
    const backend = await openTfjs('webgpu');
    const opened = 'missing' in backend ? backend : await openGpu();
    if (!('missing' in opened)) gpu = opened;
    else if (required) throw new Error(`Backend webgpu is required here and missing: ${opened.missing}`);
    else missing = opened.missing;
  });
  return (context) => {
    if (!gpu) context.skip(missing);
    return gpu!;
  };
}

/** What tfjs's backend did while something was computed. */
export interface Watched<Result> {
  readonly result: Result;
  /** The programs that ran, by the start of their keys. */
  readonly programs: readonly string[];
  /** How often a tensor was read back. */
  readonly reads: number;
  /** Whether a program ran after the first read: something was waited for. */
  readonly readsInBetween: boolean;
  /** Tensors that are there now and were not there before. */
  readonly tensors: number;
}

/** Computes something on tfjs's backend, without waiting, under observation. */
export function watched<Result>(compute: () => Result): Watched<Result> {
  const backend = tf.backend() as unknown as Record<string, (...given: never[]) => unknown>;
  const runs = vi.spyOn(backend, 'runWebGPUProgram');
  // A synchronous read of what is not in host memory needs a canvas: in Node it is an error.
  const readers = ['read', 'getBufferData'].map((name) => vi.spyOn(backend, name));
  const before = tf.memory().numTensors;
  try {
    const result = compute();
    return {
      result,
      programs: runs.mock.calls.map(([program]) => (program as unknown as { readonly shaderKey: string }).shaderKey),
      reads: readers.reduce((count, reader) => count + reader.mock.calls.length, 0),
      readsInBetween: readers.some(
        ({ mock }) => mock.invocationCallOrder[0]! < (runs.mock.invocationCallOrder.at(-1) ?? 0),
      ),
      tensors: tf.memory().numTensors - before,
    };
  } finally {
    for (const spy of [runs, ...readers]) spy.mockRestore();
  }
}

/** Computes something with other limits than those of tfjs's device. */
export async function withLimits<Result>(
  limits: Readonly<Record<string, number>>,
  compute: () => Promise<Result>,
): Promise<Result> {
  const { device } = tf.backend() as unknown as { readonly device: GPUDevice };
  const own = Object.getOwnPropertyDescriptor(device, 'limits');
  const real = device.limits as unknown as Readonly<Record<string, number>>;
  const value = new Proxy({}, { get: (_, name: string) => limits[name] ?? real[name] });
  Object.defineProperty(device, 'limits', { value, configurable: true });
  try {
    return await compute();
  } finally {
    if (own) Object.defineProperty(device, 'limits', own);
    else delete (device as unknown as Record<string, unknown>).limits;
  }
}
