import { evaluate, klDivergence } from 'dark-knowledge';
import { afterAll, beforeAll, expect, it, type TestContext } from 'vitest';
import { bundle, type OpenPage, openPage } from '../support/browser.ts';

const html = {
  type: 'text/html',
  body: '<!doctype html><title>wasm</title><script type="module" src="/wasm.js"></script>',
};
const isolated = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };
const policy = (text: string) => ({ 'content-security-policy': text });

let opened: OpenPage | { readonly missing: string };

beforeAll(async () => {
  const script = { type: 'text/javascript', body: await bundle('test/browser/wasm.page.ts'), headers: isolated };
  opened = await openPage(
    {
      '/': { ...html, headers: isolated },
      '/no-wasm': { ...html, headers: policy("default-src 'self'") },
      '/no-workers': {
        ...html,
        headers: {
          ...isolated,
          ...policy("default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'none'"),
        },
      },
      '/wasm.js': script,
    },
    false,
  );
});
afterAll(async () => {
  if (!('missing' in opened)) await opened.close();
});

/** What the page says of a call, and what went wrong on it. */
async function call(context: TestContext, path: string, expression: string) {
  if ('missing' in opened) return context.skip(opened.missing);
  const { page, url } = opened;
  const errors: string[] = [];
  const note = (error: Error) => errors.push(error.message);
  page.on('pageerror', note);
  await page.goto(url + path);
  await page.waitForFunction('typeof multiply === "function"');
  const result = (await page.evaluate(expression)) as unknown;
  page.off('pageerror', note);
  return { result, errors };
}

it('in headless Chromium, threads join on a page that is cross-origin isolated', async (context) => {
  expect(await call(context, '', 'multiply(3)')).toEqual({ result: { threadCount: 3, element: 75 }, errors: [] });
});

it('in headless Chromium, one thread does everything where a policy forbids workers made from text', async (context) => {
  expect(await call(context, 'no-workers', 'multiply(3)')).toEqual({
    result: { threadCount: 1, element: 75 },
    errors: [],
  });
});

it('in headless Chromium, float32 input is computed on cpu where a policy forbids to compile WebAssembly', async (context) => {
  const data = [1, 2, 3, 3, 1, 2];
  const { value } = evaluate(klDivergence(), {
    studentLogits: { data: Float64Array.from(data), shape: [2, 3] },
    teacherLogits: { data: Float64Array.of(3, 1, 2, 1, 1, 1), shape: [2, 3] },
  });
  const { result, errors } = await call(context, 'no-wasm', 'plain()');
  expect(result).toEqual({ isSupported: false, value: expect.closeTo(value, 6) });
  expect(errors).toEqual([]);
  const free = await call(context, '', 'plain()');
  expect(free.result).toEqual({ isSupported: true, value: expect.closeTo(value, 6) });
});
