import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../src', import.meta.url));
const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => path.endsWith('.ts'));
const text = (path: string): string => readFileSync(join(root, path), 'utf8');

/** What a file imports: files of `src` by their path there, packages by name. */
function importsOf(path: string): string[] {
  const found = text(path).matchAll(/(?:^|\n)\s*(?:import|export)[^'";]*?from\s+'([^']+)'|import\(\s*'([^']+)'\s*\)/g);
  return Array.from(found, (match) => {
    const target = (match[1] ?? match[2])!;
    return target.startsWith('.') ? relative(root, normalize(join(root, dirname(path), target))) : target;
  });
}

const graph = new Map(files.map((path) => [path, importsOf(path)]));

function violations(from: RegExp, allowed: RegExp): string[] {
  return [...graph]
    .filter(([path]) => from.test(path))
    .flatMap(([path, imports]) =>
      imports.filter((target) => !allowed.test(target)).map((target) => `${path} → ${target}`),
    );
}

describe('who may import whom in the report', () => {
  it('sees the files and their imports', () => {
    expect(files.length).toBeGreaterThan(30);
    expect(graph.get('index.ts')).toContain('compare/compareModels.ts');
  });

  it('takes the library by its name, and packages that it states', () => {
    const { dependencies } = JSON.parse(readFileSync(join(root, '../package.json'), 'utf8')) as {
      readonly dependencies: Readonly<Record<string, string>>;
    };
    const names = Object.keys(dependencies).map((name) => `${name}(/.*)?`);
    expect(
      violations(/./, new RegExp(`^(${names.join('|')}|node:.*|(command|compare|files|page)/\\w+\\.ts)$`)),
    ).toEqual([]);
  });

  it('compares without knowing of files, pages or commands', () => {
    expect(violations(/^compare\//, /^(compare\/\w+\.ts|dark-knowledge(\/\w+)?)$/)).toEqual([]);
  });

  it('makes the page of the comparison alone', () => {
    expect(
      violations(/^page\//, /^(page\/\w+\.ts|compare\/comparison\.ts|dark-knowledge(\/figures)?|vega|vega-lite)$/),
    ).toEqual([]);
  });

  it('reads files without knowing of pages or commands', () => {
    expect(violations(/^files\//, /^(files|compare)\/\w+\.ts$|^[^/]+$|^node:|^dark-knowledge\/files$/)).toEqual([]);
  });

  it('has no circle, class, enum, default export or utils', () => {
    const circles: string[] = [];
    const done = new Set<string>();
    const walk = (path: string, trail: readonly string[]): void => {
      if (trail.includes(path)) circles.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
      if (done.has(path) || trail.includes(path)) return;
      for (const target of graph.get(path) ?? []) walk(target, [...trail, path]);
      done.add(path);
    };
    for (const path of files) walk(path, []);
    expect(circles).toEqual([]);
    const odd = /^export default|^(export )?(abstract )?class |^(export )?(const )?enum |^await /m;
    expect(files.filter((path) => odd.test(text(path)) || /utils/i.test(path))).toEqual([]);
  });
});
