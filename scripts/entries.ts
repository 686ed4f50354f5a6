/**
 * The entries of the package: what `exports` of package.json lists. The build, the reference and the tests go by this list, so
 * that a new entry (a backend, say) is named there and nowhere else.
 */
import { readFileSync } from 'node:fs';

const { exports } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  readonly exports: Readonly<Record<string, unknown>>;
};

/** `index` for the package itself, then the names of the others: each is `src/NAME/index.ts`. */
export const entryNames: readonly string[] = Object.keys(exports)
  .filter((path) => path !== './package.json')
  .map((path) => (path === '.' ? 'index' : path.slice('./'.length)));
