import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildSite } from '../../examples/browser/build.ts';
import { serveFolder } from '../../examples/browser/server.ts';
import { openPage, type SiteFiles } from '../support/browser.ts';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};

interface Report {
  readonly backend?: string;
  readonly history?: readonly number[];
  readonly teacher?: number;
  readonly error?: string;
}

describe("the example's server", () => {
  it('serves the folder by its types, on another port where one is taken, and nothing else', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'dark-knowledge-'));
    writeFileSync(join(folder, 'index.html'), '<p>page</p>');
    writeFileSync(join(folder, 'app.js'), 'export {};');
    const first = await serveFolder(folder, 0);
    try {
      const other = await serveFolder(folder, Number(new URL(first.url).port));
      expect(other.url).not.toBe(first.url);
      other.close();
      const page = await fetch(first.url);
      expect([page.status, page.headers.get('content-type'), await page.text()]).toEqual([
        200,
        'text/html; charset=utf-8',
        '<p>page</p>',
      ]);
      expect((await fetch(`${first.url}app.js?x=1`)).headers.get('content-type')).toMatch('text/javascript');
      for (const path of ['missing.js', '%2e%2e%2fpackage.json', '..%2f..%2fetc%2fpasswd']) {
        expect((await fetch(`${first.url}${path}`)).status).toBe(404);
      }
    } finally {
      first.close();
      rmSync(folder, { recursive: true });
    }
  });
});

describe('the example in headless Chromium', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dark-knowledge-'));
  let files: SiteFiles = {};
  beforeAll(async () => {
    await buildSite(folder, { train: 512, test: 60 });
    files = Object.fromEntries(
      readdirSync(folder).map((name) => [
        `/${name}`,
        { type: types[extname(name)] ?? 'application/octet-stream', body: readFileSync(join(folder, name)) },
      ]),
    );
    files = { ...files, '/': files['/index.html']! };
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const required = (process.env.DARK_KNOWLEDGE_REQUIRED_BACKENDS ?? '').split(',').includes('webgpu');

  for (const [backend, query, least] of [
    // A software driver does some steps a second: enough to see the student learn.
    ['webgpu', 'steps=6&every=3&batch=16', 0.15],
    ['wasm', 'steps=60&every=20', 0.6],
  ] as const) {
    it(`distils a student on ${backend}, with its figures`, { timeout: 180_000 }, async (context) => {
      const opened = await openPage(files, backend === 'webgpu');
      if ('missing' in opened) {
        if (required) throw new Error(opened.missing);
        return context.skip(opened.missing);
      }
      try {
        const { page, url } = opened;
        const run = async (): Promise<Report> => {
          await page.goto(`${url}?${query}`);
          await page.waitForFunction('globalThis.report !== undefined', undefined, { timeout: 80_000 });
          return (await page.evaluate('report')) as Report;
        };
        let report = await run();
        // On a busy machine Chromium's GPU process may not be up in time for the first page.
        if (report.backend !== backend) report = await run();
        expect(report.error).toBeUndefined();
        if (report.backend !== backend && !required) return context.skip(`this Chromium trains on ${report.backend}`);
        expect(report.backend).toBe(backend);
        expect(report.teacher).toBeGreaterThan(0.9);
        expect(report.history!.at(-1)).toBeGreaterThan(least);
        expect(await page.textContent('#status')).toBe(`Done on tfjs ${backend}.`);
        expect(Number(await page.textContent('#distillation'))).toBeGreaterThan(0);
        expect(Number(await page.textContent('#task'))).toBeGreaterThan(0);
        // Teacher beside student: points of both, with their axes and names.
        const texts = async (id: string) => (await page.locator(`#${id} svg text`).allTextContents()).join(' ');
        expect(await page.locator('#reliability .mark-symbol path').count()).toBeGreaterThan(1);
        expect(await texts('reliability')).toMatch(/teacher.*student.*confidence/s);
        expect(await page.locator('#curve .mark-line path').count()).toBe(1);
        expect(await texts('curve')).toMatch(/accuracy on test images.*teacher/s);
        expect(await page.locator('#losses .mark-line path').count()).toBe(2);
        expect(await texts('losses')).toMatch(/task.*distillation/s);
        expect(await page.locator('#overlap .mark-symbol path').count()).toBeGreaterThan(0);
        expect(await page.locator('#confidence .mark-symbol path').count()).toBe(60);
        for (const id of ['curve', 'losses', 'reliability', 'overlap', 'confidence']) {
          expect(await page.locator(`#${id} [aria-label]`).first().getAttribute('aria-label')).toMatch(/^[A-Z].{30}/);
        }
      } finally {
        await opened.close();
      }
    });
  }
});
