import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as library from 'dark-knowledge';
import { describe, expect, it, vi } from 'vitest';
import { runGuide } from '../support/guide.ts';

const fromRoot = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const page = readFileSync(fromRoot('docs/losses.md'), 'utf8');
const sources = fromRoot('src/losses');
const factories = readdirSync(sources, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .flatMap((path) =>
    Array.from(
      readFileSync(`${sources}/${path}`, 'utf8').matchAll(/\n\/\/ @__NO_SIDE_EFFECTS__\nexport function (\w+)/g),
    ),
  )
  .map(([, name]) => name!)
  .filter((name) => !name.startsWith('initialize'));

describe('the page on which loss to take', () => {
  it('names every loss', () => {
    expect(factories.length).toBeGreaterThan(15);
    expect(factories.filter((name) => !page.includes(`\`${name}`))).toEqual([]);
    expect(factories.filter((name) => !(name in library))).toEqual([]);
  });

  it('names every helper for teachers', () => {
    const helpers = readdirSync(fromRoot('src/teachers')).flatMap((path) =>
      Array.from(readFileSync(fromRoot(`src/teachers/${path}`), 'utf8').matchAll(/\nexport function (\w+)/g)),
    );
    const plain = helpers.map(([, name]) => name!).filter((name) => !name.endsWith('On'));
    expect(plain.length).toBeGreaterThan(5);
    expect(plain.filter((name) => !page.includes(`\`${name}`))).toEqual([]);
  });

  it('leaves out tokens and divides by a step, in the number that it shows', async () => {
    const said: unknown[][] = [];
    const log = vi.spyOn(console, 'log').mockImplementation((...values) => said.push(values));
    await runGuide('docs/losses.md').finally(() => log.mockRestore());
    // Of two classes q = 1/(1 + e^(d/T)) for a difference d; the four tokens that count, as (student's, teacher's) differences.
    const differences = [
      [-1, -3],
      [1, 0],
      [-2, -1],
      [0, 2],
    ] as const;
    const losses = differences.map(([student, teacher]) => {
      const [q, p] = [student, teacher].map((difference) => 1 / (1 + Math.exp(-difference / 2))) as [number, number];
      return 4 * (p * Math.log(p / q) + (1 - p) * Math.log((1 - p) / (1 - q)));
    });
    const mean = (losses.reduce((sum, loss) => sum + loss, 0) / 4).toFixed(4);
    expect(said).toEqual([[mean, mean]]);
    expect(page).toContain(`// ${mean} ${mean}\n`);
  });

  it('gives the same number of cells in every row of a table', () => {
    const ragged = page.split('\n').filter((line) => line.startsWith('|') && line.split('|').length !== 6);
    expect(ragged).toEqual([]);
  });
});
