/** The device of a test file: opened before its first test, destroyed after its last, a visible skip where there is none. */
import { type WebgpuBackend, webgpuBackend } from 'dark-knowledge/webgpu';
import { afterAll, beforeAll, type TestContext } from 'vitest';
import { openDevice } from './webgpu.ts';

const required = (process.env.DARK_KNOWLEDGE_REQUIRED_BACKENDS ?? '').split(',').includes('webgpu');

/** A function that gives a test the file's device. Throws where the environment requires webgpu and there is none. */
export function testDevice(): (context: TestContext) => GPUDevice {
  let device: GPUDevice | undefined;
  let missing = '';
  beforeAll(async () => {
    const opened = await openDevice();
    if (!('missing' in opened)) device = opened;
    else if (required) throw new Error(`Backend webgpu is required here and missing: ${opened.missing}`);
    else missing = opened.missing;
  });
  afterAll(() => device?.destroy());
  return (context) => {
    if (!device) context.skip(missing);
    return device!;
  };
}

/** The same for a backend on it, which times its kernels where the device can. */
export function testWebgpu(): (context: TestContext) => WebgpuBackend {
  const deviceOf = testDevice();
  let backend: WebgpuBackend | undefined;
  return (context) => {
    const device = deviceOf(context);
    backend ??= webgpuBackend(device, { profile: device.features.has('timestamp-query') });
    return backend;
  };
}
