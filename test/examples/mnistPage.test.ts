import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { randomNormal, tensor } from 'dark-knowledge';
import { afterAll, describe, expect, it } from 'vitest';
import { writePages } from '../../examples/mnist/page.ts';

describe("the MNIST example's reports", () => {
  const folder = mkdtempSync(join(tmpdir(), 'dark-knowledge-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('are a page for each test set, with the trials of each student together', { timeout: 60_000 }, async () => {
    const rows = 60;
    const labels = Int32Array.from({ length: rows }, (_, row) => row % 10);
    const set = { images: new Float32Array(rows), labels, count: rows };
    const numbers = (seed: number, width: number) =>
      tensor(
        Float32Array.from({ length: rows * width }, (_, at) => randomNormal(seed, at)),
        [rows, width],
      );
    const modelOf = (group: string, seed: number) => {
      const outputs = { logits: numbers(seed, 10), features: numbers(seed + 1, 6) };
      return { group, outputs: { mnist: outputs, translated: outputs, scaled: outputs } };
    };
    const models = [
      modelOf('teacher', 1),
      modelOf('independent', 3),
      modelOf('independent', 5),
      modelOf('distilled', 7),
    ];
    const to = pathToFileURL(`${folder}/`);
    const pages = await writePages(models, { mnist: set, translated: set, scaled: set }, to);
    expect(pages.map(({ file }) => file.pathname.split('/').at(-1))).toEqual([
      'mnist.html',
      'translated.html',
      'scaled.html',
    ]);
    const page = readFileSync(join(folder, 'scaled.html'), 'utf8');
    expect(page).toContain('<h1>A CNN distilled into an MLP, on scaled digits</h1>');
    expect(page).toContain('mean of 2 trials');
    expect(page).toContain('CKA penultimate');
    expect(page).toContain('digit 9');
  });
});
