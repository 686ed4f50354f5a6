/** The examples of doc comments: found, with the imports that a reader would write, and with what they leave to the reader. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const fromRoot = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

export interface DocExample {
  /** The file, and which of its examples. */
  readonly title: string;
  /** The example as it stands. */
  readonly code: string;
  /** Imports, by the entry that exports the names. */
  readonly imports: Readonly<Record<string, readonly string[]>>;
  /** Whether it uses tfjs, by its usual name. */
  readonly ofTfjs: boolean;
  /** Names that the example takes from its reader: data, models. */
  readonly given: readonly string[];
  /** Those of them that are called. */
  readonly called: readonly string[];
}

/** All examples of a folder's files. `exported` has the names of each entry, the likeliest first. */
export function docExamples(folder: string, exported: Readonly<Record<string, readonly string[]>>): DocExample[] {
  const files = readdirSync(fromRoot(folder), { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.ts'),
  );
  return files.sort().flatMap((file) => {
    const comments = readFileSync(fromRoot(`${folder}/${file}`), 'utf8').matchAll(
      /^ +\* @example\n((?: +\*(?! @|\/).*\n)+)|^ \* @example\n((?: \*(?! @|\/).*\n)+)/gm,
    );
    return Array.from(comments, ([, indented, flush], at): DocExample => {
      const code = (flush ?? indented)!.replaceAll(/^ *\* ?/gm, '');
      const own = `dark-knowledge/${file.split('/')[0]}`;
      const { free, called } = namesOf(code);
      const imports: Record<string, string[]> = {};
      const given: string[] = [];
      for (const name of free) {
        const isIn = (entry: string) => exported[entry]?.includes(name) ?? false;
        // `batches` is data to most, and a function to those who read files.
        const others = called.has(name) ? Object.keys(exported) : [];
        const entry = [own, 'dark-knowledge', ...others].find(isIn);
        if (entry !== undefined) imports[entry] = [...(imports[entry] ?? []), name];
        else if (name !== 'tf') given.push(name);
      }
      const title = `${folder}/${file}, ${at + 1}`;
      return {
        title,
        code,
        imports,
        ofTfjs: free.includes('tf'),
        given,
        called: given.filter((name) => called.has(name)),
      };
    });
  });
}

export const importsOf = ({ imports, ofTfjs }: DocExample): string =>
  Object.entries(imports)
    .map(([entry, names]) => `import { ${names.join(', ')} } from '${entry}';\n`)
    .concat(ofTfjs ? "import * as tf from '@tensorflow/tfjs-core';\n" : '')
    .join('');

/** Names that a piece of code uses and does not declare, but for those of the engine. */
function namesOf(code: string): { readonly free: readonly string[]; readonly called: ReadonlySet<string> } {
  const source = ts.createSourceFile('example.ts', code, ts.ScriptTarget.ES2022, true);
  const [used, called, declared] = [new Set<string>(), new Set<string>(), new Set<string>()];
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) {
      const { parent } = node;
      const isDeclared =
        (ts.isBindingElement(parent) || ts.isVariableDeclaration(parent) || ts.isParameter(parent)) &&
        parent.name === node;
      if (isDeclared || ts.isNamespaceImport(parent) || ts.isImportSpecifier(parent)) declared.add(node.text);
      const isProperty =
        (ts.isQualifiedName(parent) && parent.right === node) ||
        (ts.isPropertyAccessExpression(parent) && parent.name === node) ||
        (ts.isPropertyAssignment(parent) && parent.name === node) ||
        (ts.isBindingElement(parent) && parent.propertyName === node);
      if (!isDeclared && !isProperty) used.add(node.text);
      if (ts.isCallExpression(parent) && parent.expression === node) called.add(node.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return { free: [...used].filter((name) => !declared.has(name) && !(name in globalThis)), called };
}
