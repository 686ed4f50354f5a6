import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeOf } from '../support/guide.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, `node_modules/.cache/dark-knowledge-guide-types-${process.pid}`);
const guides = readdirSync(join(root, 'docs/guides')).filter((page) => codeOf(`docs/guides/${page}`) !== '');
let program: ts.Program;

/** Packages that the repository does not have, by typed stand-ins of the same shape. */
const standIns = {
  'onnxruntime-node': ['./test/support/standIns/onnxruntime.ts'],
  '@huggingface/transformers': ['./test/support/standIns/transformers.ts'],
};

beforeAll(() => {
  mkdirSync(folder, { recursive: true });
  const files = guides.map((page) => {
    const file = join(folder, page.replace('.md', '.ts'));
    writeFileSync(file, codeOf(`docs/guides/${page}`));
    return file;
  });
  const { config } = ts.readConfigFile(join(root, 'tsconfig.check.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, root);
  program = ts.createProgram(files, { ...options, noEmit: true, paths: { ...options.paths, ...standIns } });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the code of the guides, as TypeScript sees it in the strictest mode', () => {
  it('is some', () => expect(guides.length).toBeGreaterThan(5));

  for (const page of guides) {
    it(`of ${page} has no error of types`, () => {
      const source = program.getSourceFile(join(folder, page.replace('.md', '.ts')))!;
      const found = ts.getPreEmitDiagnostics(program, source).map(({ messageText, start }) => {
        const line = source.getLineAndCharacterOfPosition(start ?? 0).line;
        return `${source.text.split('\n')[line]} → ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
      });
      expect(found).toEqual([]);
    });
  }
});
