import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const fromRoot = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** The TypeScript of a guide as one module, without the blocks that are marked `no-run`. */
export function codeOf(guide: string): string {
  const blocks = readFileSync(fromRoot(guide), 'utf8').matchAll(/^```ts\n(.*?)^```$/gms);
  return Array.from(blocks, ([, code]) => code).join('\n');
}

/** Runs a guide's code against the sources, as a reader would who pastes it into one file; returns what it exports. */
export async function runGuide(guide: string): Promise<Readonly<Record<string, unknown>>> {
  const { outputFiles } = await build({
    stdin: { contents: codeOf(guide), loader: 'ts', resolveDir: fromRoot('.') },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    tsconfig: fromRoot('tsconfig.json'),
    logLevel: 'error',
    // tfjs says that importing its backends does nothing, of files other than those for Node.
    ignoreAnnotations: true,
    // Packages for Node ask for its modules by require, which a module has not.
    banner: { js: `import { createRequire } from 'node:module'; const require = createRequire('${import.meta.url}');` },
  });
  const code = Buffer.from(outputFiles[0]!.contents).toString('base64');
  return import(/* @vite-ignore */ `data:text/javascript;base64,${code}`) as Promise<Record<string, unknown>>;
}
