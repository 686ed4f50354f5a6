import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeOf } from '../support/guide.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, `node_modules/.cache/dark-knowledge-guide-types-${process.pid}`);

/** What the README leaves to its reader, in the block that goes into a program of tfjs. */
const given = `
import type * as tf from '@tensorflow/tfjs-core';
declare const optimizer: tf.Optimizer, student: { apply(x: tf.Tensor): tf.Tensor }, images: tf.Tensor;
declare const teacherLogits: tf.Tensor, labels: tf.Tensor;
`;
const blocks = Array.from(
  readFileSync(join(root, 'README.md'), 'utf8').matchAll(/^```ts\n(.*?)^```$/gms),
  ([, code]) => code!,
);
const ofTfjs = blocks.findIndex((code) => code.includes('optimizer.minimize'));
const first = blocks[0]!.split('const batch')[0]!;

/** Pages by the code that they show: whole pages, and the README's blocks, each of which stands by itself. */
const pages: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['docs/guides', 'docs'].flatMap((folder) =>
      readdirSync(join(root, folder))
        .filter((page) => page.endsWith('.md'))
        .map((page) => [`${folder}/${page}`, codeOf(`${folder}/${page}`)]),
    ),
  ),
  'report/README.md': codeOf('report/README.md'),
  ...Object.fromEntries(
    blocks.map((code, at) => [`README.md, ${at + 1}`, at === ofTfjs ? `${given}${first}${code}` : code]),
  ),
};
const guides = Object.keys(pages).filter((page) => pages[page] !== '');
const fileOf = (page: string): string => join(folder, `${page.replaceAll(/\W+/g, '-')}.ts`);
let program: ts.Program;

/** Packages that the repository does not have, by typed stand-ins of the same shape. */
const standIns = {
  'onnxruntime-node': ['./test/support/standIns/onnxruntime.ts'],
  '@huggingface/transformers': ['./test/support/standIns/transformers.ts'],
};

beforeAll(() => {
  mkdirSync(folder, { recursive: true });
  const files = guides.map((page) => {
    writeFileSync(fileOf(page), pages[page]!);
    return fileOf(page);
  });
  const { config } = ts.readConfigFile(join(root, 'tsconfig.check.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, root);
  program = ts.createProgram(files, { ...options, noEmit: true, paths: { ...options.paths, ...standIns } });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the code of the pages, as TypeScript sees it in the strictest mode', () => {
  it('is some', () => expect(guides.length).toBeGreaterThan(20));

  for (const page of guides) {
    it(`of ${page} has no error of types`, () => {
      const source = program.getSourceFile(fileOf(page))!;
      const found = ts.getPreEmitDiagnostics(program, source).map(({ messageText, start }) => {
        const line = source.getLineAndCharacterOfPosition(start ?? 0).line;
        return `${source.text.split('\n')[line]} → ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
      });
      expect(found).toEqual([]);
    });
  }
});
