import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';

const fromRoot = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** The rows of the tables of sizes: what is imported, as the page says it, and kilobytes. */
function sizesIn(page: string): { readonly imported: string; readonly kilobytes: number }[] {
  const rows = readFileSync(fromRoot(page), 'utf8').matchAll(/^ *\| (.+?) \| (\d+\.\d) \|$/gm);
  return Array.from(rows, ([, imported, kilobytes]) => ({ imported: imported!, kilobytes: Number(kilobytes) }));
}

const entries: Readonly<Record<string, string>> = { cpuBackend: 'cpu', webgpuBackend: 'webgpu', tfjsLoss: 'tfjs' };

async function weigh(imported: string): Promise<number> {
  const names = Array.from(imported.matchAll(/`(\w+)`/g), ([, name]) => name!);
  const imports = names.map((name) => `import { ${name} } from './${entries[name] ?? 'index'}.js';`);
  const everything = "import * as all from './index.js'; console.log(all);";
  const contents = names.length === 0 ? everything : `${imports.join('\n')}\nconsole.log(${names.join(', ')});`;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: fromRoot('dist') },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    write: false,
    external: ['@tensorflow/*'],
    logLevel: 'error',
  });
  return gzipSync(outputFiles[0]!.contents, { level: 9 }).length / 1024;
}

describe('the sizes that the pages state', () => {
  for (const page of ['README.md', 'docs/guides/size-and-policy.md']) {
    const rows = sizesIn(page);

    it(`of ${page} are some`, () => {
      expect(rows.length).toBeGreaterThan(3);
    });

    for (const { imported, kilobytes } of rows) {
      it(`of ${page}, for ${imported}: ${kilobytes} KB, within a tenth`, async () => {
        const weight = await weigh(imported);
        expect(Math.abs(weight - kilobytes), `it is ${weight.toFixed(1)} KB`).toBeLessThanOrEqual(kilobytes / 10);
      });
    }
  }
});
