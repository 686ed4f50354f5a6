/**
 * tfjs backends under test: cpu, wasm and, where tfjs-node is installed (`npm run install:tfjs-node`), tensorflow always; others
 * as DARK_KNOWLEDGE_TFJS_BACKENDS names them (webgpu, webgl).
 */
import { createRequire } from 'node:module';
import util from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import type { Backend } from 'dark-knowledge';
import { tfjsBackend } from 'dark-knowledge/tfjs';
import { openGpu } from './webgpu.ts';

const packages: Readonly<Record<string, string>> = {
  cpu: '@tensorflow/tfjs-backend-cpu',
  wasm: '@tensorflow/tfjs-backend-wasm',
  webgl: '@tensorflow/tfjs-backend-webgl',
  webgpu: '@tensorflow/tfjs-backend-webgpu',
  tensorflow: '@tensorflow/tfjs-node',
};

const named = (process.env.DARK_KNOWLEDGE_TFJS_BACKENDS ?? '').split(',').filter(Boolean);

export const tfjsBackendNames: readonly string[] = [...new Set(['cpu', 'wasm', 'tensorflow', ...named])];

/** Whether tfjs-node is installed, so that `tensorflow` can be asked for. */
export const tensorflowIsInstalled: boolean = canResolve('@tensorflow/tfjs-node');

function canResolve(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(name);
    return true;
  } catch {
    return false;
  }
}

/** Sets a tfjs backend, or says why this machine cannot. */
export async function openTfjs(name: string): Promise<Backend<tf.Tensor> | { readonly missing: string }> {
  if (name === 'webgpu') {
    // tfjs registers its webgpu backend only where a browser's entry to the GPU is there at import.
    const gpu = await openGpu();
    if ('missing' in gpu) return gpu;
    if (navigatorOf().gpu === undefined)
      Object.defineProperty(navigatorOf(), 'gpu', { value: gpu, configurable: true });
  }
  if (name === 'tensorflow') {
    if (!tensorflowIsInstalled) return { missing: 'tfjs-node is not installed: npm run install:tfjs-node' };
    prepareTensorflow();
  }
  try {
    await import(/* @vite-ignore */ packages[name] ?? name);
    if (!(await tf.setBackend(name))) return { missing: `tfjs cannot start ${name}` };
    await tf.ready();
  } catch (error) {
    return { missing: `tfjs cannot start ${name}: ${error instanceof Error ? error.message : String(error)}` };
  }
  return pinned(tfjsBackend(), name);
}

/** tfjs-node 4.22 calls what Node 23 has taken away, and TensorFlow tells of the processor's instructions. */
function prepareTensorflow(): void {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '3';
  const old = util as unknown as Record<string, unknown>;
  old.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  old.isArray ??= Array.isArray;
}

/** tfjs has one current backend for all; a suite that holds several open gets the right one at each door. */
function pinned(backend: Backend<tf.Tensor>, name: string): Backend<tf.Tensor> {
  const pin = (): void => {
    // For a backend that has started, the switch happens before the promise is made.
    if (tf.getBackend() !== name) void tf.setBackend(name);
  };
  pin();
  return {
    ...backend,
    scope: (compute) => {
      pin();
      return backend.scope(compute);
    },
    fromHost: (host) => {
      pin();
      return backend.fromHost(host);
    },
    scalar: (value) => {
      pin();
      return backend.scalar(value);
    },
  };
}

function navigatorOf(): { gpu?: GPU } {
  // Node has a navigator from version 21 on.
  const host = globalThis as { navigator?: { gpu?: GPU } };
  host.navigator ??= {};
  return host.navigator;
}
