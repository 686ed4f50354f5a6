/** What is taken out of the sources before they are bundled. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { transformSync } from 'esbuild';
import { expect, it } from 'vitest';
import { lighten } from '../scripts/lighten.ts';

it('a constant that is a power of two is written as its number, and nothing else is computed', () => {
  expect(lighten('const most = 2 ** 20;\n', false)).toBe('const most = 1048576;\n');
  expect(lighten('export const range = { low: -(2 ** 31), up: 2 ** -80 };', false)).toBe(
    'export const range = { low: -(2147483648), up: 8.271806125530277e-25 };',
  );
  for (const source of ['const cube = 32 ** 3;', 'const some = 2 ** bits;', '  const inner = 2 ** 20;', '// 2 ** 20']) {
    expect(lighten(source, false)).toBe(source);
  }
});

it('sources with shaders lose comments and indentation, and keep the marks that bundlers read', () => {
  const source = '// @__NO_SIDE_EFFECTS__\nexport const body = `\n  // of rows\n  let row = 1u; // kept\n`;\n';
  expect(lighten(source, true)).toBe('// @__NO_SIDE_EFFECTS__\nexport const body = `\nlet row = 1u; // kept\n`;\n');
  expect(lighten(source, false)).toBe(source);
});

it('the code of every source stays as it is, but for the white space of shaders', () => {
  const root = fileURLToPath(new URL('../src/', import.meta.url));
  const minified = (source: string): string =>
    transformSync(source, { loader: 'ts', minifyWhitespace: true }).code.replaceAll(/\/\/[^\n]*|\s/g, '');
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) =>
    /^(webgpu|tfjs)[/\\].*\.ts$/.test(path),
  );
  expect(paths.length).toBeGreaterThan(50);
  for (const path of paths) {
    const source = readFileSync(root + path, 'utf8');
    const plain = minified(lighten(source, false));
    expect(minified(lighten(source, true)) === plain, path).toBe(true);
  }
});
