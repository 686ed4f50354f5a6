import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';
import { runGuide } from '../support/guide.ts';

const page = readFileSync(fileURLToPath(new URL('../../docs/loss.md', import.meta.url)), 'utf8');

it('the guide to writing a loss gets the numbers that it shows, and its gradients pass the checks', async () => {
  const said: string[] = [];
  const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
  const log = vi.spyOn(console, 'log').mockImplementation((...values) => said.push(values.map(shown).join(' ')));
  await runGuide('docs/loss.md');
  log.mockRestore();
  const comments = Array.from(page.matchAll(/console\.log\(.*\); \/\/ (.*)/g), ([, text]) => text!);
  expect(comments.length).toBeGreaterThan(8);
  // Node writes the spaces of an array in its own way.
  expect(said).toEqual(comments.map((text) => text.replaceAll(', ', ',')));
});
