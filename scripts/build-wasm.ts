/**
 * Compiles AssemblyScript to WebAssembly: src/wasm/assembly/ and src/algebra/assembly/. Writes each into a file beside it, as
 * text, so that bundlers need nothing. Does nothing where sources, compiler and options are those of the file that is already
 * there.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { main, version } from 'assemblyscript/asc';
import { bytesOfText, textOf } from '../src/moduleText.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** A folder of sources, the file in it to start from, what is made of it, the module's name there, and the compiler's options. */
interface Build {
  readonly sources: string;
  readonly entry: string;
  readonly target: string;
  readonly name: string;
  readonly options: readonly string[];
}

// No garbage collector and no shadow stack: kernels get raw pointers into memory that the host manages.
const common = '-O3 --converge --noAssert --runtime stub --stackSize 0 --importMemory --enable simd'.split(' ');
const mayBeShared = [...common, '--maximumMemory', '65536'];

const builds: readonly Build[] = [
  {
    sources: 'src/wasm/assembly',
    entry: 'index.ts',
    target: 'src/wasm/generated/kernels.ts',
    name: 'kernelModule',
    options: mayBeShared,
  },
  {
    sources: 'src/wasm/assembly',
    entry: 'metrics.ts',
    target: 'src/wasm/generated/metrics.ts',
    name: 'metricModule',
    // On the memory of the kernels, whose constants lie below; all below `firstFreeByte` of src/wasm/instance.ts.
    options: [...mayBeShared, '--memoryBase', '2048'],
  },
  {
    sources: 'src/algebra/assembly',
    entry: 'index.ts',
    target: 'src/algebra/generated/loops.ts',
    name: 'laneLoops',
    options: common,
  },
];

/** Changes with what is written. */
const format = 'thirds';

async function fingerprint({ sources, name: own, options }: Build): Promise<string> {
  const names = (await readdir(join(root, sources))).filter((name) => name.endsWith('.ts')).sort();
  const hash = createHash('sha256').update(version).update(format).update(own).update(options.join());
  for (const name of names) hash.update(name).update(await readFile(join(root, sources, name)));
  return hash.digest('hex');
}

async function compile({ sources, entry, options }: Build): Promise<Uint8Array> {
  const files = new Map<string, string | Uint8Array>();
  const { error, stderr } = await main([`${sources}/${entry}`, '--outFile', 'module.wasm', ...options], {
    readFile: (name: string, base: string) => readFile(join(base, name), 'utf8').catch(() => null),
    writeFile: (name: string, contents: string | Uint8Array) => {
      files.set(name, contents);
    },
    listFiles: () => [],
  });
  const binary = files.get('module.wasm');
  if (error || !(binary instanceof Uint8Array))
    throw new Error(`build-wasm: the compiler refused ${sources}.\n${stderr.toString()}`);
  return binary;
}

for (const build of builds) {
  const header = `// Made by scripts/build-wasm.ts; not kept in the repository. Inputs: ${await fingerprint(build)}\n`;
  const target = join(root, build.target);
  const existing = await readFile(target, 'utf8').catch(() => '');
  if (existing.startsWith(header)) {
    console.log(`build-wasm: ${build.target} is up to date`);
    continue;
  }
  const binary = Buffer.from(await compile(build)).toString('latin1');
  const written = textOf(binary);
  if (bytesOfText(written) !== binary) throw new Error(`build-wasm: the text of ${build.name} must lead back to it.`);
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, `${header}export const ${build.name}: string =\n  '${written}';\n`);
  console.log(`build-wasm: ${build.name} ${binary.length} bytes`);
  console.log(`build-wasm: wrote ${build.target}`);
}
