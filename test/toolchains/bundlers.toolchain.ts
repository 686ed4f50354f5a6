import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { build as esbuild } from 'esbuild';
import { build as vite } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { namesInUse, type Project, pack, projectWith, rightAnswer, useOfTheLibrary } from '../support/project.ts';
import { tool, tools } from './tool.ts';

let project: Project;
let entry: string;

beforeAll(() => {
  project = projectWith(pack());
  entry = project.write(
    'main.js',
    `import { ${namesInUse} } from 'dark-knowledge';${useOfTheLibrary}console.log(answer);`,
  );
});

afterAll(() => project.remove());

const answerOf = (file: string): string => project.run(process.execPath, [file]).trim();

/** The one script that a bundler left in a folder. */
function scriptIn(folder: string): string {
  const names = readdirSync(join(project.path, folder), { recursive: true, encoding: 'utf8' });
  const scripts = names.filter((name) => /\.m?js$/.test(name));
  expect(scripts).toHaveLength(1);
  return join(folder, scripts[0]!);
}

describe('a bundle of the packed tarball gets the right numbers', () => {
  it('by esbuild', async () => {
    const outfile = join(project.path, 'esbuild/main.js');
    await esbuild({ entryPoints: [entry], bundle: true, format: 'esm', outfile, logLevel: 'error' });
    expect(answerOf(outfile)).toBe(rightAnswer);
  });

  it('by Vite', async () => {
    const lib = { entry, formats: ['es' as const], fileName: 'main' };
    await vite({ configFile: false, root: project.path, logLevel: 'error', build: { outDir: 'vite', lib } });
    expect(answerOf(scriptIn('vite'))).toBe(rightAnswer);
  });

  it('by webpack, without a warning', async () => {
    const { default: webpack } = await import(createRequire(`${tools}/x.js`).resolve('webpack'));
    const output = { path: join(project.path, 'webpack'), filename: 'main.js' };
    // Beyond 244 KiB webpack warns of any bundle's size.
    const options = { mode: 'production', entry, context: project.path, output, performance: { hints: false } };
    const said: string = await new Promise((resolve, reject) => {
      webpack(options, (error: Error | null, stats: { toString(options: object): string }) => {
        if (error) reject(error);
        else resolve(stats.toString({ all: false, errors: true, warnings: true }));
      });
    });
    expect(said).toBe('');
    expect(answerOf('webpack/main.js')).toBe(rightAnswer);
  });

  it('by Parcel, whose resolver reads no `exports` unless told', async () => {
    project.write('page.html', '<!doctype html><script type="module" src="main.js"></script>');
    const args = [tool('parcel/lib/bin.js'), 'build', 'page.html', '--dist-dir', 'parcel', '--no-cache'];
    project.run(process.execPath, [...args, '--no-source-maps']);
    expect(answerOf(scriptIn('parcel'))).toBe(rightAnswer);
  });
});
