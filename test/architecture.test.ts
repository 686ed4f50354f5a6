import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../src', import.meta.url));
const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => path.endsWith('.ts') && !/^(wasm|algebra)\/(assembly|generated)\//.test(path));

/** What a file imports: files of `src` by their path there, packages by name. */
function importsOf(path: string): string[] {
  const text = readFileSync(join(root, path), 'utf8');
  const found = [
    ...text.matchAll(
      /(?:^|\n)\s*(?:import|export)[^'";]*?from\s+'([^']+)'|import\(\s*'([^']+)'\s*\)|(?:^|\n)import\s+'([^']+)'/g,
    ),
  ];
  return found.map((match) => {
    const target = (match[1] ?? match[2] ?? match[3])!;
    if (!target.startsWith('.')) return target;
    return relative(root, normalize(join(root, dirname(path), target))).replaceAll('\\', '/');
  });
}

const graph = new Map(files.map((path) => [path, importsOf(path)]));

/** Paths that violate a rule: files matching `from` may import only what matches `allowed`. */
function violations(from: RegExp, allowed: RegExp): string[] {
  return [...graph]
    .filter(([path]) => from.test(path))
    .flatMap(([path, imports]) =>
      imports.filter((target) => !allowed.test(target)).map((target) => `${path} → ${target}`),
    );
}

describe('who may import whom', () => {
  it('sees the files and their imports', () => {
    expect(files.length).toBeGreaterThan(30);
    expect(graph.get('losses/logits/klDivergence.ts')).toContain('ops/softenedPair.ts');
  });

  it('the ground floor imports nothing above it', () => {
    expect(
      violations(
        /^(backend|check|tensor|shape|strided|numberFormats|random|layout|schedule|inputs|options|memberArguments|reach|moduleText)\.ts$/,
        /^(backend|check|tensor|shape|strided|numberFormats|random|options)\.ts$/,
      ),
    ).toEqual([]);
  });

  it('operations import the contract alone', () => {
    expect(violations(/^ops\//, /^(ops\/.*|(backend|check|tensor|random|options|inputs)\.ts)$/)).toEqual([]);
  });

  it('a loss imports no other loss', () => {
    expect(
      violations(
        /^losses\//,
        /^(ops\/.*|algebra\/.*|(backend|check|tensor|random|loss|options|rowLoss|logitPairLoss|setLoss|inputs)\.ts|losses\/(logits|contrastive|features|relations)\/[a-z]\w*\.ts)$/,
      ),
    ).toEqual([]);
    const factories = new Set(
      [...graph.keys()].filter(
        (path) =>
          path.startsWith('losses/') &&
          /readonly? ?differentiable|differentiable:/.test(readFileSync(join(root, path), 'utf8')),
      ),
    );
    const crossed = [...factories].flatMap((path) =>
      graph
        .get(path)!
        .filter((target) => factories.has(target))
        .map((target) => `${path} → ${target}`),
    );
    expect(crossed).toEqual([]);
  });

  it('the algebra imports itself, checks, and how modules lie in text', () => {
    expect(violations(/^algebra\//, /^(algebra\/.*|(check|tensor|moduleText)\.ts)$/)).toEqual([]);
  });

  it('metrics import the metric floor, operations and the algebra', () => {
    expect(
      violations(
        /^metrics\//,
        /^(ops\/.*|algebra\/.*|metrics\/.*|(backend|check|tensor|random|metric|metricState|rowMetric|columnMetric|options|inputs)\.ts)$/,
      ),
    ).toEqual([]);
  });

  it('the compiler imports the contract alone, and only backends import it', () => {
    expect(
      violations(/^fusion\//, /^(fusion\/.*|(backend|check|layout|memberArguments|reach|shape|tensor)\.ts)$/),
    ).toEqual([]);
    expect(violations(/^(?!fusion\/|wasm\/|webgpu\/|tfjs\/)/, /^(?!fusion\/)/)).toEqual([]);
  });

  it("a backend's emitter knows the compiler and its own backend", () => {
    expect(
      violations(/^wasm\/fusion\//, /^(backend\.ts|fusion\/.*|wasm\/fusion\/.*|wasm\/(instance|tensors|threads)\.ts)$/),
    ).toEqual([]);
    expect(violations(/^webgpu\/fusion\//, /^(fusion|webgpu)\/.*|tensor\.ts$/)).toEqual([]);
    expect(
      violations(
        /^tfjs\/fusion\//,
        /^(fusion\/.*|tfjs\/.*|webgpu\/fusion\/.*|webgpu\/(dispatch|program)\.ts|backend\.ts|@tensorflow\/.*)$/,
      ),
    ).toEqual([]);
  });

  it('only the tfjs room imports tfjs', () => {
    const importers = [...graph].filter(([, imports]) => imports.some((target) => target.startsWith('@tensorflow/')));
    expect(importers.map(([path]) => path).filter((path) => !path.startsWith('tfjs/'))).toEqual([]);
  });

  it('the webgpu room imports no package', () => {
    expect(violations(/^webgpu\//, /\.ts$/)).toEqual([]);
  });

  it('the files room imports nothing of the library but types, and no package', () => {
    expect(violations(/^files\//, /^(files\/.*|tensor\.ts)$/)).toEqual([]);
    const values = [...graph.keys()]
      .filter((path) => path.startsWith('files/'))
      .filter((path) => /import (?!type )[^;]*from '\.\.\//.test(readFileSync(join(root, path), 'utf8')));
    expect(values).toEqual([]);
  });

  it('figures import nothing of the library but types, and no package', () => {
    expect(violations(/^figures\//, /^(figures\/.*|metrics\/.*)\.ts$/)).toEqual([]);
    const values = files
      .filter((path) => path.startsWith('figures/'))
      .flatMap((path) =>
        [
          ...readFileSync(join(root, path), 'utf8').matchAll(
            /^(?:import|export)\b(?! type\b)[^;]*? from '(\.\.[^']+)'/gm,
          ),
        ].map((match) => `${path} → ${match[1]}`),
      );
    expect(values).toEqual([]);
  });

  it('nothing imports the public list', () => {
    expect([...graph].filter(([, imports]) => imports.includes('index.ts')).map(([path]) => path)).toEqual([]);
  });

  it('imports run without a circle', () => {
    const done = new Set<string>();
    const circles: string[] = [];
    const walk = (path: string, trail: readonly string[]): void => {
      if (trail.includes(path)) circles.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
      if (done.has(path) || trail.includes(path)) return;
      for (const target of graph.get(path) ?? []) walk(target, [...trail, path]);
      done.add(path);
    };
    for (const path of files) walk(path, []);
    expect(circles).toEqual([]);
  });
});

describe('house style', () => {
  const text = (path: string): string => readFileSync(join(root, path), 'utf8');

  it('has no default export, class, enum or top-level await, and no file called utils', () => {
    const found = files.filter(
      (path) =>
        /^export default|^(export )?(abstract )?class |^(export )?(const )?enum |^await /m.test(text(path)) ||
        /utils/i.test(path),
    );
    expect(found).toEqual([]);
  });

  it('puts no small number inside a logarithm', () => {
    expect(files.filter((path) => /log\([^)\n]*\+\s*(1e-|eps)/i.test(text(path)))).toEqual([]);
  });

  it('marks every factory in the public list as free of side effects', () => {
    const factories = files.filter(
      (path) => /^(losses|metrics)\//.test(path) && /\n {2,4}reference: (?!object,)\w+,/.test(text(path)),
    );
    expect(factories.filter((path) => !text(path).includes('// @__NO_SIDE_EFFECTS__\nexport function'))).toEqual([]);
  });
});
