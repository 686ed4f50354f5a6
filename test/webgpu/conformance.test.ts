import { conformanceCases } from 'dark-knowledge/testing';
import { type WebgpuBackend, webgpuBackend } from 'dark-knowledge/webgpu';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { openDevice } from '../support/webgpu.ts';

describe('the webgpu backend', () => {
  let backend: WebgpuBackend | undefined;
  let missing = '';
  beforeAll(async () => {
    const device = await openDevice();
    if ('missing' in device) missing = device.missing;
    else backend = webgpuBackend(device);
  });
  afterAll(() => backend?.device.destroy());

  // The titles do not depend on the backend; the checks run on the one that is open by then.
  const titles = conformanceCases({} as WebgpuBackend).map(({ title }) => title);
  titles.forEach((title, at) => {
    it(title, async (context) => {
      if (!backend) return context.skip(missing);
      await conformanceCases(backend)[at]!.check();
    });
  });
});
