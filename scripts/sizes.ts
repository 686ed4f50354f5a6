/**
 * Weighs what a bundler keeps of the build in `dist`, and writes it into the tables of the pages that say so:
 *
 *     npm run sizes      after `npm run build`
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const fromRoot = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** Pages with a table of sizes. */
export const pagesOfSizes = ['README.md', 'docs/guides/size-and-policy.md'] as const;

/** A row: what is imported, as the page says it, and kilobytes. */
const row = /^( *\| )(.+?)( \| )(\d+\.\d)( \|)$/gm;

export interface StatedSize {
  readonly imported: string;
  readonly kilobytes: number;
}

export function sizesIn(page: string): StatedSize[] {
  const rows = readFileSync(fromRoot(page), 'utf8').matchAll(row);
  return Array.from(rows, ([, , imported, , kilobytes]) => ({ imported: imported!, kilobytes: Number(kilobytes) }));
}

const entries: Readonly<Record<string, string>> = { cpuBackend: 'cpu', webgpuBackend: 'webgpu', tfjsLoss: 'tfjs' };

/** Kilobytes, minified and compressed, of a script that uses the names a row has between backticks; without any, all. */
export async function weigh(imported: string): Promise<number> {
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

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const page of pagesOfSizes) {
    const weights = new Map<string, string>();
    for (const { imported } of sizesIn(page)) weights.set(imported, (await weigh(imported)).toFixed(1));
    const text = readFileSync(fromRoot(page), 'utf8');
    writeFileSync(
      fromRoot(page),
      text.replace(
        row,
        (_, start, imported, between, __, end) => `${start}${imported}${between}${weights.get(imported)}${end}`,
      ),
    );
    for (const [imported, weight] of weights) console.log(`${page}: ${imported} ${weight} KB`);
  }
}
