import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as library from 'dark-knowledge';
import * as figures from 'dark-knowledge/figures';
import { describe, expect, it, vi } from 'vitest';
import { runGuide } from '../support/guide.ts';

const read = (path: string): string => readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');
const page = read('docs/metrics.md');
const tables = page.split('\n').filter((line) => line.startsWith('|'));
const cellsOf = (line: string) => line.split('|').slice(1, -1);
/** Rows of the long tables: a question, what answers it, its number, its figure. */
const rows = tables.map(cellsOf).filter((cells) => cells.length === 4 && cells[1]!.includes('`'));
const codeIn = (cell: string) => Array.from(cell.matchAll(/`(\w+)/g), ([, name]) => name!);

/** Functions of the public list that come from the rooms of metrics, without their twins on other backends. */
const functions = Array.from(
  read('src/index.ts').matchAll(/export \{([^}]*)\} from '\.\/(metrics|bootstrapMetric)[^']*'/g),
  ([, names]) => names!.split(',').map((name) => name.trim()),
)
  .flat()
  .filter((name) => name !== '' && !name.startsWith('type ') && !name.endsWith('On'));

describe('the page on which metric to take', () => {
  it('has every metric of the public list in one row, and nothing else', () => {
    expect(functions.length).toBeGreaterThan(60);
    const named = rows.flatMap(([, metric]) => codeIn(metric!));
    expect(named.filter((name, at) => named.indexOf(name) !== at)).toEqual([]);
    expect([...named].sort()).toEqual([...new Set(functions)].sort());
    expect(named.filter((name) => !(name in library))).toEqual([]);
  });

  it('tells the number of every metric, and names figures that there are', () => {
    expect(rows.filter(([question, , number]) => !question!.trim() || !number!.trim())).toEqual([]);
    const drawn = rows.flatMap(([, , , figure]) => codeIn(figure!)).filter((name) => !(name in library));
    expect(drawn.filter((name) => !(name in figures) && name !== 'before' && name !== 'after')).toEqual([]);
    const all = Object.entries(figures).flatMap(([name, value]) => (typeof value === 'function' ? [name] : []));
    expect(all.filter((name) => !drawn.includes(name))).toEqual([]);
  });

  it('has tables whose rows have as many cells as their heads', () => {
    const ragged = tables.filter((line) => ![3, 4].includes(cellsOf(line).length));
    expect(ragged).toEqual([]);
  });

  it('gets the numbers that it shows', async () => {
    const said: string[] = [];
    const log = vi.spyOn(console, 'log').mockImplementation((...values) => said.push(values.join(' ')));
    await runGuide('docs/metrics.md');
    log.mockRestore();
    const shown = Array.from(page.matchAll(/console\.log\(.*\); \/\/ (.*)/g), ([, text]) => text);
    expect(shown.length).toBeGreaterThan(6);
    expect(said).toEqual(shown);
  });
});
