/**
 * Builds the page into `examples/browser/output/`:
 *
 *     npm run build:browser
 *
 * `npm run example:browser` builds and serves it.
 */
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { build } from 'esbuild';
import { type Dataset, loadMnist, pixelsPerImage } from '../mnist/data.ts';
import { preparePlatform } from '../mnist/platform.ts';
import { loadTeacher, type Teacher } from '../mnist/teacher.ts';

const here = fileURLToPath(new URL('.', import.meta.url));

/** How many images the page gets. */
export interface SiteOptions {
  readonly train?: number;
  readonly test?: number;
}

/** Writes page, script, images, the teacher's answers to them and tfjs's wasm files into a folder. */
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
    logLevel: 'warning',
  });
  copyFileSync(join(here, 'index.html'), join(folder, 'index.html'));
  const wasm = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm'));
  for (const name of readdirSync(wasm)) {
    if (name.endsWith('.wasm')) copyFileSync(join(wasm, name), join(folder, name));
  }
  await preparePlatform();
  const teacher = await loadTeacher();
  const mnist = loadMnist();
  writeImages(folder, 'train', mnist.train, train, teacher);
  writeImages(folder, 'test', mnist.test, test, teacher);
}

function writeImages(folder: string, name: string, { images, labels }: Dataset, count: number, teacher: Teacher): void {
  const write = (kind: string, bytes: Uint8Array) => writeFileSync(join(folder, `${name}-${kind}.bin`), bytes);
  const pixels = images.subarray(0, count * pixelsPerImage);
  write(
    'images',
    Uint8Array.from(pixels, (value) => Math.round(255 * value)),
  );
  write('labels', Uint8Array.from(labels.subarray(0, count)));
  const logits = new Float32Array(count * 10);
  for (let start = 0; start < count; start += 200) {
    const size = Math.min(200, count - start);
    const part = pixels.slice(start * pixelsPerImage, (start + size) * pixelsPerImage);
    const answers = tf.tidy(() => teacher.logits(tf.tensor2d(part, [size, pixelsPerImage])).dataSync());
    logits.set(answers, start * 10);
  }
  write('teacher', new Uint8Array(logits.buffer));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildSite(join(here, 'output'));
  console.log('Built examples/browser/output; `npm run example:browser` builds and serves it.');
}
