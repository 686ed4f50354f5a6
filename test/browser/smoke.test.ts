import { expect, it } from 'vitest';
import { bundle, openPage } from '../support/browser.ts';
import { expectDeepClose } from '../support/deepClose.ts';

interface Compared {
  readonly webgpu: object;
  readonly host: object;
}

it('in headless Chromium, KL with its gradient, ECE and CKA on WebGPU equal the host', {
  timeout: 120_000,
}, async (context) => {
  const script = await bundle('test/browser/smoke.page.ts');
  const opened = await openPage({
    '/': {
      type: 'text/html',
      body: '<!doctype html><title>smoke</title><script type="module" src="/smoke.js"></script>',
    },
    '/smoke.js': { type: 'text/javascript', body: script },
  });
  const required = (process.env.DARK_KNOWLEDGE_REQUIRED_BACKENDS ?? '').split(',').includes('webgpu');
  if ('missing' in opened) {
    if (required) throw new Error(opened.missing);
    return context.skip(opened.missing);
  }
  try {
    const { page } = opened;
    await page.waitForFunction('typeof compare === "function"');
    if (
      !(await page.evaluate('navigator.gpu !== undefined && navigator.gpu.requestAdapter().then((a) => a !== null)'))
    ) {
      if (required) throw new Error('Chromium has no WebGPU adapter');
      return context.skip('Chromium has no WebGPU adapter');
    }
    const { webgpu, host } = (await page.evaluate('compare()')) as Compared;
    expectDeepClose(webgpu, host, 1e-5);
    expect(Object.keys(host)).toHaveLength(4);
  } finally {
    await opened.close();
  }
});
