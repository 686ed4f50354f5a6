import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { entryNames } from '../scripts/entries.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(`${root}/${path}`, 'utf8');
const rooms = readdirSync(`${root}/src`).filter((name) => existsSync(`${root}/src/${name}/index.ts`));
const subpaths = entryNames.filter((name) => name !== 'index');
/** Rooms whose entry gives a backend: tests, pages and tables have to know each of them. */
const backends = rooms.filter((room) => new RegExp(`\\b${room}Backend\\b`).test(read(`src/${room}/index.ts`)));

describe('the list of entries, `exports` of package.json', () => {
  it('names every room of src that has an index, and no other', () => {
    expect([...subpaths].sort()).toEqual([...rooms].sort());
  });

  it('says the same of each: its declarations and its code', () => {
    const { exports } = JSON.parse(read('package.json'));
    for (const name of subpaths) {
      expect(exports[`./${name}`]).toEqual({ types: `./dist/${name}.d.ts`, default: `./dist/${name}.js` });
    }
  });

  it('is the list that the README tells of', () => {
    const readme = read('README.md');
    expect(subpaths.filter((name) => !readme.includes(`\`dark-knowledge/${name}\``))).toEqual([]);
  });
});

/** The README and the pages, but for that of results. */
const pages = ['docs', 'docs/guides']
  .flatMap((folder) => readdirSync(`${root}/${folder}`).map((name) => `${folder}/${name}`))
  .filter((path) => path.endsWith('.md') && path !== 'docs/studies.md')
  .concat('README.md')
  .map(read)
  .join('\n');

describe('what an entry exports', () => {
  for (const room of ['.', ...rooms]) {
    it(`of ${room === '.' ? 'the package itself' : room} is named in the README or on a page`, async () => {
      const names = Object.keys((await import(`${root}/src/${room}/index.ts`)) as object);
      expect(names).not.toEqual([]);
      expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(pages))).toEqual([]);
    });
  }

  it('of the package itself is in the README, but for what docs/metric.md has for metrics of one’s own', async () => {
    const readme = read('README.md');
    const names = Object.keys(await import(`${root}/src/index.ts`));
    const missing = names.filter((name) => !new RegExp(`\\b${name}\\b`).test(readme));
    expect(missing.filter((name) => !read('docs/metric.md').includes(name))).toEqual([]);
  });
});

describe('a backend', () => {
  it('is each of four at least', () => {
    expect(backends).toEqual(expect.arrayContaining(['cpu', 'tfjs', 'wasm', 'webgpu']));
  });

  for (const backend of backends) {
    it(`${backend} is run by the suites of losses and metrics, and required by CI`, () => {
      expect(read('test/support/backends.ts')).toMatch(new RegExp(`name: ['\`]${backend}[:'\`]`));
      expect(read('.ci/run')).toMatch(new RegExp(`REQUIRED_BACKENDS=\\S*\\b${backend}\\b`));
    });

    it(`${backend} passes the conformance kit in a test of its own room`, () => {
      const tests = readdirSync(`${root}/test/${backend}`).filter((name) => name.endsWith('.test.ts'));
      expect(tests.some((name) => read(`test/${backend}/${name}`).includes('onformance'))).toBe(true);
    });

    it(`${backend} has its place on the architecture's page`, () => {
      expect(read('docs/architecture.md')).toContain(`${backend}/`);
    });
  }
});
