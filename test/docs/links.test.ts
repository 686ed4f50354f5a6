import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (page: string): string => readFileSync(join(root, page), 'utf8');
const within = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((page) => page.endsWith('.md') && !/reference|node_modules/.test(page))
    .map((page) => `${folder}/${page}`);
/** What one finds in the repository; the report has packages of its own beside its page. */
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'report/README.md',
  'studies/README.md',
  ...['docs', 'examples'].flatMap(within),
];

/** Anchors of a page's headings, as GitHub makes them. */
const anchorsOf = (page: string): string[] =>
  Array.from(
    read(page)
      .replaceAll(/^```.*?^```/gms, '')
      .matchAll(/^#+ (.*)$/gm),
    ([, heading]) =>
      heading!
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(/\s/g, '-'),
  );

const repository = ['src', 'test'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((path) => `${folder}/${path}`),
);
const matches = (path: string, pattern: string): boolean =>
  new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll(/<\w+>/g, '[^/]+')}$`).test(
    path.replace(/\/?$/, pattern.endsWith('/') ? '/' : ''),
  );

describe('the pages', () => {
  it('link to pages and headings that are there', () => {
    const links = pages.flatMap((page) =>
      Array.from(read(page).matchAll(/\]\(([^)#:]*)(?:#([^)]*))?\)/g), ([, path, heading]) => ({
        page,
        target: path ? join(dirname(page), path) : page,
        heading,
      })),
    );
    expect(links.filter(({ heading }) => heading !== undefined).length).toBeGreaterThan(10);
    const broken = links.filter(
      ({ target, heading }) =>
        !existsSync(join(root, target)) || (heading !== undefined && !anchorsOf(target).includes(heading)),
    );
    expect(broken).toEqual([]);
  });

  it('name scripts and files of the repository that are there', () => {
    const { scripts } = JSON.parse(read('package.json')) as { readonly scripts: object };
    const missing = pages
      // The changelog speaks of what was.
      .filter((page) => page !== 'CHANGELOG.md')
      .flatMap((page) => {
        const named = Array.from(read(page).matchAll(/npm run (?:-s )?([\w:-]+)/g), ([, name]) => name!);
        const paths = Array.from(
          read(page).matchAll(/`((?:src|docs|test|scripts|examples|bench|studies|report|\.ci)\/[\w./-]*)`/g),
          ([, path]) => path!,
        );
        // A step of a recipe: `src/losses/<family>/<name>.ts`.
        const patterns = Array.from(read(page).matchAll(/`((?:src|test)\/[\w/]*<[\w/<>.]*)`/g), ([, path]) => path!);
        return [
          ...named.filter((name) => !(name in scripts)),
          ...patterns.filter((pattern) => !repository.some((path) => matches(path, pattern))),
          ...paths.filter((path) => !existsSync(join(root, path)) && !existsSync(join(root, dirname(page), path))),
        ].map((name) => `${page}: ${name}`);
      });
    expect(missing).toEqual([]);
  });
});
