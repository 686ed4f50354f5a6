// The reference site: `npm run docs` writes it to docs/reference.
import { readFileSync } from 'node:fs';

const { exports } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));
const entries = Object.keys(exports).filter((path) => path.startsWith('./') && path !== './package.json');

/** @type {Partial<import('typedoc').TypeDocOptions>} */
export default {
  name: 'dark-knowledge',
  entryPoints: ['src/index.ts', ...entries.map((path) => `src/${path.slice(2)}/index.ts`)],
  tsconfig: 'tsconfig.json',
  out: 'docs/reference',
  disableSources: true,
  readme: 'README.md',
  projectDocuments: ['docs/*.md', 'docs/guides/*.md'],
  highlightLanguages: ['bash', 'html', 'javascript', 'json', 'python', 'sh', 'ts', 'typescript'],
  excludePrivate: true,
  excludeInternal: true,
  validation: { notExported: false, invalidLink: true, notDocumented: true },
  requiredToBeDocumented: ['Function', 'Interface', 'TypeAlias', 'Variable'],
  treatValidationWarningsAsErrors: true,
};
