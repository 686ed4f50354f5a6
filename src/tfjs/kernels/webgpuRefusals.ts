/**
 * What the device of tfjs's `webgpu` backend refuses, about which tfjs says nothing: a tensor over a buffer of another
 * device (`tf.tensor({ buffer, zeroCopy: true })`) is never read, and the result holds what was in the memory before.
 */
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';

/** What the device has yet to say about work sent to it, and what it said that nobody has been told. */
interface Verdicts {
  pending: Promise<unknown>;
  failure?: Error | undefined;
}

const verdicts = new WeakMap<GPUDevice, Verdicts>();

/**
 * Computes something synchronously on tfjs's backend. Where that is `webgpu` and the device refuses it, the next such call,
 * or `throwRefusals`, throws.
 *
 * @param name Of a kernel; what tfjs's own kernels do has none.
 */
export function heeding<Result>(name: string | undefined, compute: () => Result): Result {
  const device = currentDevice();
  if (device === undefined) return compute();
  const verdict = verdicts.get(device) ?? { pending: Promise.resolve() };
  verdicts.set(device, verdict);
  throwFailure(verdict);
  device.pushErrorScope('validation');
  try {
    return compute();
  } finally {
    const heard = device.popErrorScope().then(
      (error) => {
        if (error) verdict.failure ??= refusal(name, error.message);
      },
      () => undefined,
    );
    verdict.pending = verdict.pending.then(() => heard);
  }
}

/** Waits for the device's verdict on the work sent so far, and throws where it refused any. */
export async function throwRefusals(): Promise<void> {
  const device = currentDevice();
  const verdict = device && verdicts.get(device);
  if (!verdict) return;
  await verdict.pending;
  throwFailure(verdict);
}

function currentDevice(): GPUDevice | undefined {
  return tf.getBackend() === 'webgpu' ? (tf.backend() as WebGPUBackend).device : undefined;
}

/** Says it once. */
function throwFailure(verdict: Verdicts): void {
  const { failure } = verdict;
  verdict.failure = undefined;
  if (failure) throw failure;
}

function refusal(name: string | undefined, message: string): Error {
  const kernel = name === undefined ? '' : ` kernel '${name}'`;
  return new Error(
    `tfjs webgpu${kernel}: every tensor's buffer must belong to tfjs's device, got a refusal: ${message}`,
  );
}
