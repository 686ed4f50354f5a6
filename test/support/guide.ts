import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const fromRoot = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** The TypeScript of a guide as one module, without the blocks that are marked `no-run`. */
export function codeOf(guide: string): string {
  const blocks = readFileSync(fromRoot(guide), 'utf8').matchAll(/^```ts\n(.*?)^```$/gms);
  return Array.from(blocks, ([, code]) => code).join('\n');
}

/**
 * Runs a guide's code against the sources, as a reader would who pastes it into one file; returns what it exports.
 *
 * @param standIns Files, from the root, that stand in for packages which the repository does not have.
 */
export async function runGuide(
  guide: string,
  standIns: Readonly<Record<string, string>> = {},
): Promise<Readonly<Record<string, unknown>>> {
  const { outputFiles } = await build({
    stdin: { contents: codeOf(guide), loader: 'ts', resolveDir: fromRoot('.') },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    tsconfig: fromRoot('tsconfig.json'),
    alias: Object.fromEntries(Object.entries(standIns).map(([name, path]) => [name, fromRoot(path)])),
    external: ['@tensorflow/*', '@jax-js/*', 'piscina'],
    logLevel: 'error',
    // tfjs says that importing its backends does nothing, of files other than those for Node.
    ignoreAnnotations: true,
    // Packages for Node ask for its modules by require, which a module has not.
    banner: { js: `import { createRequire } from 'node:module'; const require = createRequire('${import.meta.url}');` },
  });
  // Within the repository, where Node finds the packages; of that name there is no other.
  const folder = fromRoot('node_modules/.cache/dark-knowledge-guides');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${guide.replaceAll(/\W+/g, '-')}-${process.pid}.mjs`);
  writeFileSync(file, outputFiles[0]!.text);
  try {
    return (await import(/* @vite-ignore */ pathToFileURL(file).href)) as Record<string, unknown>;
  } finally {
    rmSync(file);
  }
}
