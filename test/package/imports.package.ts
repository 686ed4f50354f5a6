import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';

const fromRoot = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const description = JSON.parse(readFileSync(fromRoot('package.json'), 'utf8')) as {
  readonly dependencies?: object;
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
};
const entries = Object.entries(description.exports).flatMap(([path, target]) =>
  typeof target === 'string' ? [] : [{ path, file: target.default }],
);

/** The packages and the modules of the platform that importing a file brings in, at once or later. */
async function importedBy(file: string): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: [fromRoot(file)],
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    write: false,
    metafile: true,
    logLevel: 'error',
  });
  const found = Object.values(metafile.inputs).flatMap(({ imports }) =>
    imports.filter(({ external }) => external).map(({ path }) => path),
  );
  return [...new Set(found)].sort();
}

describe('what an import brings in', () => {
  it('is no further package: there are no dependencies', () => {
    expect(Object.keys(description.dependencies ?? {})).toEqual([]);
  });

  for (const { path, file } of entries) {
    const packages = path === './tfjs' ? ['@tensorflow/tfjs-core'] : [];
    it(`for '${path}' is ${packages[0] ?? 'nothing outside the package'}`, async () => {
      expect(await importedBy(file)).toEqual(packages);
    });
  }
});
