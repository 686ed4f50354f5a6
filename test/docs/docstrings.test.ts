import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DocExample, docExamples, importsOf } from '../support/docExamples.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, `node_modules/.cache/dark-knowledge-docstrings-${process.pid}`);
const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  exports: Record<string, unknown>;
};

/** The names of each entry, as its `index.ts` lists them. */
const exported = Object.fromEntries(
  [
    ...Object.keys(exports)
      .filter((path) => path !== './package.json')
      .map((path) => [`dark-knowledge${path.slice(1)}`, `src/${path.slice(2)}/index.ts`.replace('//', '/')] as const),
    ['dark-knowledge-report', 'report/src/index.ts'] as const,
  ].map(([entry, path]) => [entry, namesIn(readFileSync(join(root, path), 'utf8'))]),
);

function namesIn(index: string): string[] {
  const lists = Array.from(index.matchAll(/export \{([^}]*)\}/g), ([, list]) => list!.split(','));
  const functions = Array.from(index.matchAll(/export (?:async )?function (\w+)/g), ([, name]) => name!);
  const names = lists.flat().map((name) => name.trim().replace(/^.* as /, ''));
  return [...functions, ...names.filter((name) => name !== '' && !name.startsWith('type '))];
}

const examples = ['src', 'report/src'].flatMap((where) => docExamples(where, exported));
/** Functions that an example leaves to its reader: of Node, of a test runner, the reader's own, or of the file's own room. */
const ofReaders = ['writeFileSync', 'openAsBlob', 'it', 'myLoss', 'lossOnTestSet', 'rangesOver'];

describe('the examples of doc comments', () => {
  it('are many, and call nothing that the package does not export', () => {
    expect(examples.length).toBeGreaterThan(150);
    const unknown = examples.flatMap(({ title, called }) =>
      called.filter((name) => !ofReaders.includes(name)).map((name) => `${title}: ${name}`),
    );
    expect(unknown).toEqual([]);
  });

  describe('as TypeScript sees them', () => {
    const fileOf = (index: number) => join(folder, `example${index}.ts`);

    beforeAll(() => {
      mkdirSync(folder, { recursive: true });
      examples.forEach((example, index) => {
        const given = example.given.map((name) => `declare const ${name}: any;\n`).join('');
        writeFileSync(fileOf(index), `${importsOf(example)}${given}${example.code}\nexport {};\n`);
      });
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    it('have the names of inputs, options and results', () => {
      const { config } = ts.readConfigFile(join(root, 'tsconfig.check.json'), ts.sys.readFile);
      const { options } = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, root);
      const program = ts.createProgram(
        examples.map((_, index) => fileOf(index)),
        {
          ...options,
          noEmit: true,
          // What the reader gives is of any type here, and examples are shorter without asking for each element.
          noImplicitAny: false,
          noUncheckedIndexedAccess: false,
        },
      );
      const found = examples.flatMap(({ title }, index) =>
        ts
          .getPreEmitDiagnostics(program, program.getSourceFile(fileOf(index)))
          .map(({ messageText }) => `${title}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`),
      );
      expect(found).toEqual([]);
    }, 120_000);
  });

  it('run, where they leave nothing to the reader, and give the numbers that they show', async () => {
    const whole = examples.filter(({ given, imports, ofTfjs, code }) => {
      const onDevice =
        Object.keys(imports).some((entry) => /webgpu|tfjs/.test(entry)) || ofTfjs || code.includes('import ');
      return given.length === 0 && !onDevice;
    });
    expect(whole.length).toBeGreaterThan(80);
    const shown = whole.map(numbersShown);
    expect(shown.filter((numbers) => numbers.length > 0).length).toBeGreaterThan(20);
    const results = await runAll(whole, shown);
    const wrong = whole.flatMap(({ title }, index) =>
      shown[index]!.flatMap(({ numbers, comment }, at) => {
        const values = numbersWithin(results[index]![at]);
        const holds = numbers.every((text, place) => {
          const digits = text.split('.')[1]?.length ?? 0;
          return Math.abs(Number(text) - Number(values[place])) <= 0.500001 * 10 ** -digits;
        });
        return holds ? [] : [`${title}: ${values.join(', ')} // ${comment}`];
      }),
    );
    expect(wrong).toEqual([]);
  }, 120_000);
});

/** The numbers of a result in their order, whatever holds them. */
function numbersWithin(value: unknown): number[] {
  if (typeof value === 'number') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return (ArrayBuffer.isView(value) ? Array.from(value as Float64Array) : Object.values(value)).flatMap(numbersWithin);
}

interface Shown {
  readonly names: readonly string[];
  readonly numbers: readonly string[];
  readonly comment: string;
}

/** Statements that end in numbers: `const { value } = …; // 0.5`. */
function numbersShown({ code }: DocExample): Shown[] {
  const source = ts.createSourceFile('example.ts', code, ts.ScriptTarget.ES2022, true);
  return source.statements.flatMap((statement): Shown[] => {
    if (!ts.isVariableStatement(statement)) return [];
    const comment = /^[ \t]*\/\/ (.*)/.exec(code.slice(statement.end))?.[1] ?? '';
    const { name } = statement.declarationList.declarations[0]!;
    const text = comment.replaceAll('−', '-');
    if (!/^\[*-?\d+(\.\d+)?(?![\w.]| [-+] )/.test(text)) return [];
    const names = ts.isIdentifier(name)
      ? [name.text]
      : name.elements.flatMap((each) =>
          ts.isBindingElement(each) && ts.isIdentifier(each.name) ? [each.name.text] : [],
        );
    return [{ names, numbers: text.match(/-?\d+(\.\d+)?/g)!, comment }];
  });
}

/** Runs examples against the sources, one function each; of each the values of the names whose numbers it shows. */
async function runAll(whole: readonly DocExample[], shown: readonly (readonly Shown[])[]): Promise<unknown[][]> {
  const modules = whole.map((example, index) => {
    const values = shown[index]!.map(({ names }) => `[${names.join(', ')}]`).join(', ');
    return `${importsOf(example)}${example.code}\nexport const shownValues: unknown[] = [${values}];\n`;
  });
  const { outputFiles } = await build({
    stdin: {
      contents: modules.map((_, index) => `export { shownValues as of${index} } from 'example:${index}';`).join('\n'),
      loader: 'ts',
      resolveDir: root,
    },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    tsconfig: join(root, 'tsconfig.json'),
    logLevel: 'error',
    plugins: [
      {
        name: 'examples',
        setup(plugin) {
          plugin.onResolve({ filter: /^example:/ }, ({ path }) => ({ path, namespace: 'example' }));
          plugin.onLoad({ filter: /.*/, namespace: 'example' }, ({ path }) => ({
            contents: modules[Number(path.slice('example:'.length))]!,
            loader: 'ts',
            resolveDir: root,
          }));
        },
      },
    ],
  });
  const file = join(root, `node_modules/.cache/dark-knowledge-docstrings-${process.pid}.mjs`);
  mkdirSync(join(root, 'node_modules/.cache'), { recursive: true });
  writeFileSync(file, outputFiles[0]!.text);
  try {
    const ran = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as Record<string, unknown[]>;
    return whole.map((_, index) => ran[`of${index}`]!);
  } finally {
    rmSync(file);
  }
}
