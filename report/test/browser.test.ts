import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compareModels, reportHtml } from 'dark-knowledge-report';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPage } from '../../test/support/browser.ts';
import { featuresOf, labelsOf, logitsOf } from './models.ts';

const required = (process.env.DARK_KNOWLEDGE_REQUIRED_BACKENDS ?? '').split(',').includes('webgpu');

describe('the page in headless Chromium, opened as a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dark-knowledge-report-'));
  const requests: string[] = [];
  const said: string[] = [];
  let page: Page | undefined;
  let missing = '';
  let close = async () => {};

  beforeAll(async () => {
    const rows = 200;
    const features = (seed: number) => ({ one: featuresOf(seed, rows, 4, 1), two: featuresOf(seed + 1, rows, 4, 1) });
    const comparison = compareModels({
      labels: labelsOf(rows),
      teacher: { logits: logitsOf(1, rows, 2.5), features: features(1) },
      students: {
        distilled: { logits: logitsOf(2, rows, 2), features: features(3) },
        independent: { logits: logitsOf(3, rows, 1.5), features: features(5) },
      },
      groups: Array.from({ length: rows }, (_, row) => (row % 3 === 0 ? 'near' : 'far')),
      resamples: 200,
    });
    const path = join(folder, 'report.html');
    writeFileSync(path, await reportHtml(comparison));
    const opened = await openPage({}, false);
    if ('missing' in opened) {
      ({ missing } = opened);
      return;
    }
    ({ page, close } = opened);
    page.on('request', (request) => requests.push(request.url()));
    page.on('console', (message) => said.push(message.text()));
    page.on('pageerror', (error) => said.push(String(error)));
    await page.goto(pathToFileURL(path).href);
  });
  afterAll(async () => {
    await close();
    rmSync(folder, { recursive: true });
  });

  const inPage = (title: string, test: (page: Page) => Promise<void>) =>
    it(title, async (context) => {
      if (page === undefined) {
        if (required) throw new Error(missing);
        return context.skip(missing);
      }
      await test(page);
    });

  inPage('asks for nothing but itself, and says nothing on the console', async (page) => {
    expect(requests.filter((url) => !url.startsWith('data:'))).toEqual([page.url()]);
    expect(said).toEqual([]);
    expect(await page.locator('script').count()).toBe(0);
  });

  inPage('has drawn its figures at their size, with marks', async (page) => {
    const figures = page.locator('figure');
    expect(await figures.count()).toBe(10);
    for (const figure of await figures.all()) {
      const box = await figure.locator('.wide svg').boundingBox();
      expect(box!.width).toBeGreaterThan(200);
      expect(box!.height).toBeGreaterThan(80);
      expect(await figure.locator('.wide svg [class*="role-mark"] path').count()).toBeGreaterThan(2);
    }
    // The style sheet is let in by its hash: without it the page would be unstyled.
    expect(await page.locator('h1').evaluate((element) => getComputedStyle(element).letterSpacing)).not.toBe('normal');
  });

  inPage('gives each figure a name, by which a screen reader and the keyboard find it', async (page) => {
    const pictures = await page.getByRole('img').all();
    expect(pictures).toHaveLength(10);
    for (const picture of pictures) expect(await picture.getAttribute('aria-label')).toMatch(/^[A-Z].{30,}\.$/s);
    for (const name of [
      /^Reliability diagram of teacher, distilled and independent/,
      /^Bar chart of the rows that teacher/,
    ]) {
      expect(await page.getByRole('img', { name }).count()).toBe(1);
    }
    const reached: string[] = [];
    // Once around: the skip link comes first, and again after the last.
    for (let rounds = 0; reached.length < 80; ) {
      await page.keyboard.press('Tab');
      const [role, skips] = await page.evaluate(() => {
        const element = document.activeElement;
        return [element?.getAttribute('role') ?? element?.tagName ?? '', element?.className === 'skip'] as const;
      });
      if (skips && ++rounds === 2) break;
      reached.push(role);
    }
    expect(reached[0]).toBe('A');
    expect(reached.filter((role) => role === 'img')).toHaveLength(10);
    expect(reached.filter((role) => role === 'SUMMARY')).toHaveLength(10);
    // The numbers of a figure open by keyboard.
    await page.locator('summary').first().focus();
    await page.keyboard.press('Enter');
    expect(await page.getByRole('table', { name: 'Reliability of teacher' }).isVisible()).toBe(true);
    await page.keyboard.press('Enter');
  });

  inPage('fits a telephone, with figures drawn for it', async (page) => {
    const size = page.viewportSize()!;
    await page.setViewportSize({ width: 360, height: 740 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
    const boxes = await Promise.all((await page.locator('.narrow svg').all()).map((svg) => svg.boundingBox()));
    for (const box of boxes) expect(box!.width).toBeLessThanOrEqual(330);
    expect(await page.locator('.wide').first().isVisible()).toBe(false);
    await page.setViewportSize(size);
  });

  inPage('can be read by night', async (page) => {
    await page.emulateMedia({ colorScheme: 'dark' });
    const [ink, ground] = await page.evaluate(() => {
      const { color, backgroundColor } = getComputedStyle(document.body);
      return [color, backgroundColor].map((text) => text.match(/\d+/g)!.slice(0, 3).map(Number));
    });
    const light = (parts: readonly number[]) =>
      parts
        .map((part) => part / 255)
        .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
        .reduce((sum, part, at) => sum + [0.2126, 0.7152, 0.0722][at]! * part, 0);
    // WCAG's contrast of text that all can read.
    expect((light(ink!) + 0.05) / (light(ground!) + 0.05)).toBeGreaterThan(7);
    await page.emulateMedia({ colorScheme: 'light' });
  });

  inPage('prints on paper: all figures, each on one page, within the margins', async (page) => {
    const pdf = await page.pdf({ format: 'A4' });
    const pages = pdf.toString('latin1').match(/\/Type \/Page\b/g)!.length;
    expect(pages).toBeGreaterThan(3);
    expect(pages).toBeLessThan(20);
    await page.emulateMedia({ media: 'print' });
    // An A4 page within its margins, at 96 pixels an inch.
    await page.setViewportSize({ width: 688, height: 1000 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(688);
    for (const figure of await page.locator('figure').all()) {
      expect(await figure.evaluate((element) => getComputedStyle(element).breakInside)).toBe('avoid');
      expect(await figure.locator('.wide svg').isVisible()).toBe(true);
    }
    expect(await page.locator('summary').first().isVisible()).toBe(false);
  });
});
