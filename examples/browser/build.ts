/**
 * Builds the page into `examples/browser/output/`:
 *
 *     npx tsx examples/browser/build.ts
 *
 * Serve that folder from localhost (`npx serve examples/browser/output`, say): WebGPU needs a secure context.
 */
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { type Dataset, loadMnist, pixelsPerImage } from '../mnist/data.ts';

const here = fileURLToPath(new URL('.', import.meta.url));

/** How many images the page gets. */
export interface SiteOptions {
  readonly train?: number;
  readonly test?: number;
}

/** Writes page, script, images, teacher and tfjs's wasm files into a folder. */
export async function buildSite(folder: string, { train = 6000, test = 1000 }: SiteOptions = {}): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await build({
    entryPoints: [join(here, 'app.ts')],
    outfile: join(folder, 'app.js'),
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    // The teacher's loader for Node, which the page does not call.
    external: ['node:fs/promises'],
    logLevel: 'warning',
  });
  copyFileSync(join(here, 'index.html'), join(folder, 'index.html'));
  const teacher = join(here, '../mnist/teacher');
  for (const name of ['teacher.json', 'weights.bin']) copyFileSync(join(teacher, name), join(folder, name));
  const wasm = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm'));
  for (const name of readdirSync(wasm)) {
    if (name.endsWith('.wasm')) copyFileSync(join(wasm, name), join(folder, name));
  }
  const mnist = loadMnist();
  writeImages(folder, 'train', mnist.train, train);
  writeImages(folder, 'test', mnist.test, test);
}

function writeImages(folder: string, name: string, { images, labels }: Dataset, count: number): void {
  const values = Uint8Array.from(images.subarray(0, count * pixelsPerImage), (value) => Math.round(255 * value));
  writeFileSync(join(folder, `${name}-images.bin`), values);
  writeFileSync(join(folder, `${name}-labels.bin`), Uint8Array.from(labels.subarray(0, count)));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildSite(join(here, 'output'));
  console.log('Built examples/browser/output; serve it from localhost.');
}
