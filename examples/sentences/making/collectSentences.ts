/** The sentences of this repository: those of comments, of guides, and the titles of tests, each with the room it stands in. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A sentence, and where it stands. */
export interface Found {
  readonly text: string;
  readonly room: string;
}

/** Rooms by the beginning of a path; the first that fits. A path that fits none is not read. */
const rooms: readonly (readonly [room: string, path: RegExp])[] = [
  ['losses', /^(src|test)\/(losses|contrastive|teachers)\//],
  ['metrics', /^(src|test)\/metrics\//],
  ['backends', /^(src|test)\/(cpu|wasm|tfjs|webgpu|fusion|ops|algebra)\//],
  ['files and figures', /^((src|test)\/(files|figures)|report\/(src|test))\//],
  ['guides', /^(docs\/.*|README|CONTRIBUTING|report\/README)\.md$|^docs\/.*\.md$/],
];

/** Collects the sentences, in the order of paths, each once. */
export function collectSentences(): readonly Found[] {
  const root = fileURLToPath(new URL('../../../', import.meta.url));
  const paths = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).split('\n');
  const seen = new Set<string>();
  return paths.flatMap((path) => {
    const room = rooms.find(([, fits]) => fits.test(path))?.[0];
    if (room === undefined || !/\.(ts|md)$/.test(path) || path.includes('/fixtures/')) return [];
    const file = readFileSync(`${root}/${path}`, 'utf8');
    const passages = path.endsWith('.md') ? passagesOfGuide(file) : passagesOfCode(file);
    return passages
      .flatMap(sentencesOf)
      .filter((text) => {
        const key = sameness(text);
        return !seen.has(key) && seen.add(key);
      })
      .map((text) => ({ text, room }));
  });
}

/** Sentences that differ in names of the code and in numbers alone count as one: they would stand on both sides of a split. */
function sameness(text: string): string {
  return text
    .replace(/\S*[\p{Ll}\d][\p{Lu}_(]\S*/gu, '')
    .replace(/[^\p{L}]+/gu, ' ')
    .trim()
    .toLowerCase();
}

/** Paragraphs of a guide, without code, tables and headings. */
function passagesOfGuide(file: string): readonly string[] {
  const prose = file
    .replace(/^```.*?^```$/gms, '')
    .replace(/^( *\||#| {4,}\S).*$/gm, '')
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1');
  return prose.split(/\n\s*\n|\n(?=\s*(?:[-*]|\d+\.) )/).map((text) => text.replace(/^\s*(?:[-*]|\d+\.) /, ''));
}

/** Paragraphs of comments, without formulas, examples and sources; then titles of tests. */
function passagesOfCode(file: string): readonly string[] {
  const blocks = Array.from(file.matchAll(/\/\*\*([\s\S]*?)\*\/|((?:^[ \t]*\/\/.*\n)+)/gm), ([, block, lines]) =>
    (block ?? lines!).replace(/^[ \t]*(?:\*|\/\/) ?/gm, ''),
  );
  const prose = blocks.flatMap((block) =>
    block
      .replace(/^@(?:example|see)\b.*?(?=^@|(?![\s\S]))/gms, '')
      .replace(/^ {4,}\S.*$/gm, '')
      .split(/\n\s*\n|\n(?=[-*@] ?)/)
      .map((text) => text.trim().replace(/^[-*] |^@(?:param \S+|\w+)\s*/, '')),
  );
  const titles = Array.from(file.matchAll(/\bit\((?:'((?:[^'\\\n]|\\.)+)'|"([^"\n]+)")/g), ([, a, b]) =>
    (a ?? b!).replace(/\\(.)/g, '$1'),
  );
  return [...prose, ...titles];
}

/** Sentences of a passage, of four to sixty words, most of them words. */
function sentencesOf(passage: string): readonly string[] {
  return passage
    .replace(/[`*]/g, '')
    .replace(/\s+/g, ' ')
    .split(/(?<=[.!?;:]) (?=[\p{Lu}\d(])|(?<=;) /u)
    .map((text) => text.trim().replace(/[;:]$/, '.'))
    .filter((text) => {
      const words = text.split(' ');
      const plain = words.filter((word) => /^[(“"']?\p{L}[\p{Ll}’'-]*[.,;:)”"'?!]*$/u.test(word));
      return (
        words.length >= 5 &&
        words.length <= 60 &&
        plain.length >= 0.7 * words.length &&
        !/biome-|=>|\) \{|;$/.test(text)
      );
    });
}
