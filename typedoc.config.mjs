// The reference site: `npm run docs` writes it to docs/reference.
import { readFileSync } from 'node:fs';
import { familyOrder } from './scripts/typedoc-families.mjs';

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
  projectDocuments: ['docs/guides/*.md', 'docs/*.md', 'CONTRIBUTING.md'],
  plugin: ['./scripts/typedoc-families.mjs'],
  // A loss is looked for by what it does; its options and results come after all families.
  groupOrder: ['Documents', 'Modules', ...familyOrder, 'Functions', 'Variables', 'Interfaces', 'Type Aliases'],
  navigation: { includeGroups: true, includeCategories: false, includeFolders: false },
  searchInComments: true,
  searchInDocuments: true,
  searchGroupBoosts: { Interfaces: 0.5, 'Type Aliases': 0.5 },
  customCss: 'docs/reference.css',
  customFooterHtml: 'MIT licence',
  highlightLanguages: ['bash', 'html', 'javascript', 'json', 'python', 'sh', 'ts', 'typescript'],
  excludePrivate: true,
  excludeInternal: true,
  validation: { notExported: false, invalidLink: true, notDocumented: true },
  requiredToBeDocumented: ['Function', 'Interface', 'TypeAlias', 'Variable'],
  treatValidationWarningsAsErrors: true,
};
