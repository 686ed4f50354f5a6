import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Figure } from 'dark-knowledge/figures';
import * as figures from 'dark-knowledge/figures';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { openPage } from '../support/browser.ts';
import { draw, itemsOf } from '../support/figures.ts';
import { runGuide } from '../support/guide.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const guide = readFileSync(`${root}/docs/figures.md`, 'utf8');

describe('the guide to figures', () => {
  it('runs as written in Node: an SVG, a figure alone, one that is changed, paths of gradient flow', async () => {
    const shown = (await runGuide('docs/figures.md')) as Readonly<Record<string, Figure>> & { readonly svg: string };
    expect(shown.svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg".*<\/svg>$/s);
    // By hand: the teacher is right on three of four rows.
    expect(shown.figure!.description).toContain('teacher: accuracy 75.0%');
    const look = async (figure: Figure, panel: number) =>
      itemsOf((await draw(figure)).panels[panel]!, 'symbol')[0]!.fill;
    expect(await look(shown.alone!, 0)).toBe(await look(shown.figure!, 2));
    expect((await draw(shown.onDark!)).svg).not.toContain('<rect');
    expect((await draw(shown.figure!)).svg).toMatch(/<rect [^>]*fill="#ffffff"/);
    expect((await draw(shown.paths!)).panels).toHaveLength(2);
  });

  it('shows every figure in its table, and no other', () => {
    const rows = [...guide.matchAll(/^\| `(\w+)` \|/gm)].map((match) => match[1]!);
    expect(rows.sort()).toEqual(Object.keys(figures).sort());
  });

  it('draws in a page as written, and says what is drawn', { timeout: 180_000 }, async (context) => {
    const [, code] = /^```ts page\n(.*?)^```$/ms.exec(guide)!;
    const { outputFiles } = await build({
      stdin: { contents: code!, loader: 'ts', resolveDir: root },
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'browser',
      target: 'es2022',
      tsconfig: `${root}/tsconfig.json`,
      logLevel: 'error',
    });
    const [, body] = /^```html\n(.*?)^```$/ms.exec(guide)!;
    const html = `<!doctype html><title>Losses</title>${body}<script type="module" src="page.js"></script>`;
    const opened = await openPage(
      {
        '/': { type: 'text/html', body: html },
        '/page.js': { type: 'text/javascript', body: outputFiles[0]!.text },
      },
      false,
    );
    if ('missing' in opened) return context.skip(opened.missing);
    try {
      const { page } = opened;
      const svg = page.locator('#losses svg');
      await svg.waitFor({ timeout: 60_000 });
      expect(await svg.locator('.mark-line path').count()).toBeGreaterThan(1);
      expect(await page.locator('[aria-label^="Line chart of loss"]').count()).toBeGreaterThan(0);
      const wide = Number(await svg.getAttribute('width'));
      await page.setViewportSize({ width: 360, height: 600 });
      await page.waitForFunction(`document.querySelector('#losses svg')?.getAttribute('width') < ${wide / 2}`);
    } finally {
      await opened.close();
    }
  });
});
