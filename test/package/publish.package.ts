import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly main?: string;
  readonly types?: string;
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly repository: { readonly url: string; readonly directory?: string };
  readonly publishConfig: object;
  readonly dependencies?: Readonly<Record<string, string>>;
}
const folders = ['.', 'report'] as const;
const manifests = Object.fromEntries(
  folders.map((folder) => [folder, JSON.parse(read(join(folder, 'package.json'))) as Manifest]),
) as Readonly<Record<(typeof folders)[number], Manifest>>;

/** What would be published, by a registry that nobody can reach: no test asks for a real one. */
function publishDry() {
  const nowhere = ['--registry', 'http://127.0.0.1:9/', '--fetch-retries', '0'];
  const all = ['--ignore-scripts', '--workspaces', '--include-workspace-root', '--json'];
  const { status, stdout, stderr } = spawnSync('npm', ['publish', '--dry-run', ...all, ...nowhere], {
    cwd: root,
    encoding: 'utf8',
  });
  return { status, said: stderr.split('\n').filter((line) => /^npm (warn|error)/i.test(line)), stdout };
}

let dry: ReturnType<typeof publishDry>;
beforeAll(() => {
  dry = publishDry();
});

describe('npm publish', () => {
  it('warns of nothing but that nobody is logged in', () => {
    expect(dry.said.filter((line) => !line.includes('requires you to be logged in'))).toEqual([]);
    expect(dry.status).toBe(0);
  });

  for (const folder of folders) {
    const { name, main, types, bin, exports } = manifests[folder];

    it(`takes of ${name} what was built and what is to be read, all that package.json names among it, and no more`, () => {
      const listed = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
        cwd: join(root, folder),
        encoding: 'utf8',
      }).stdout;
      const [packed] = Object.values(JSON.parse(listed)) as { readonly files: readonly { readonly path: string }[] }[];
      const files = packed!.files.map(({ path }) => path);
      const texts = ['LICENSE', 'README.md', 'package.json', ...(folder === '.' ? ['CHANGELOG.md'] : [])];
      expect(files.filter((path) => !/^dist\/[\w-]+\.(js|d\.ts)$/.test(path)).sort()).toEqual(texts.sort());
      const named = [
        main,
        types,
        ...Object.values(bin ?? {}),
        ...Object.values(exports).flatMap((entry) => (typeof entry === 'string' ? [entry] : Object.values(entry))),
      ];
      const missing = named.filter((path) => path !== undefined && !files.includes(path.replace('./', '')));
      expect(missing).toEqual([]);
    });
  }

  it('can state where both packages come from', () => {
    const { '.': library, report } = manifests;
    expect(library.repository.url).toMatch(/^git\+https:\/\/github\.com\/.*\.git$/);
    expect(report.repository).toEqual({ ...library.repository, directory: 'report' });
    for (const { publishConfig } of [library, report])
      expect(publishConfig).toEqual({ access: 'public', provenance: true });
  });

  it('finds one version in both, which the report asks for', () => {
    const { '.': library, report } = manifests;
    expect(report.version).toBe(library.version);
    expect(report.dependencies![library.name]).toBe(`^${library.version}`);
    expect(read('CHANGELOG.md')).toContain(`## ${library.version}`);
  });
});
