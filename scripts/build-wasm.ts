/**
 * Compiles AssemblyScript to WebAssembly: src/wasm/assembly/, twice, with plain SIMD and with relaxed SIMD for engines that
 * have fused multiply-add, and src/algebra/assembly/. Writes each into a file beside it, so that bundlers need nothing: as
 * hexadecimal digits, in which compression finds more than in base64, and the second build of a folder as what it differs in
 * from the first. Does nothing where sources, compiler and options are those of the file that is already there.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { main, version } from 'assemblyscript/asc';
import { applyDifference } from '../src/wasm/difference.ts';
import { differenceOf } from './difference.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** A folder of sources, what is made of it, and the modules: their names and options. */
interface Build {
  readonly sources: string;
  readonly target: string;
  readonly modules: Readonly<Record<string, readonly string[]>>;
}

// No garbage collector and no shadow stack: kernels get raw pointers into memory that the host manages.
const common = '-O3 --converge --noAssert --runtime stub --stackSize 0 --importMemory --enable simd'.split(' ');
const mayBeShared = [...common, '--maximumMemory', '65536'];

const builds: readonly Build[] = [
  {
    sources: 'src/wasm/assembly',
    target: 'src/wasm/generated/kernels.ts',
    modules: { plainKernels: mayBeShared, relaxedDifference: [...mayBeShared, '--enable', 'relaxed-simd'] },
  },
  { sources: 'src/algebra/assembly', target: 'src/algebra/generated/loops.ts', modules: { laneLoops: common } },
];

/** Changes with what is written. */
const format = 'hexadecimal, differences';

async function fingerprint({ sources, modules }: Build): Promise<string> {
  const names = (await readdir(join(root, sources))).filter((name) => name.endsWith('.ts')).sort();
  const hash = createHash('sha256').update(version).update(format).update(JSON.stringify(modules));
  for (const name of names) hash.update(name).update(await readFile(join(root, sources, name)));
  return hash.digest('hex');
}

async function compile(sources: string, options: readonly string[]): Promise<Uint8Array> {
  const files = new Map<string, string | Uint8Array>();
  const { error, stderr } = await main([`${sources}/index.ts`, '--outFile', 'module.wasm', ...options], {
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
  let text = header;
  let first: Uint8Array | undefined;
  for (const [name, options] of Object.entries(build.modules)) {
    const binary = await compile(build.sources, options);
    const written = first === undefined ? binary : differenceOf(first, binary);
    if (first !== undefined && !Buffer.from(applyDifference(first, written)).equals(binary)) {
      throw new Error(`build-wasm: the difference of ${name} must lead back to it.`);
    }
    text += `export const ${name}: string =\n  '${Buffer.from(written).toString('hex')}';\n`;
    console.log(`build-wasm: ${name} ${binary.length} bytes, ${written.length} written`);
    first ??= binary;
  }
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, text);
  console.log(`build-wasm: wrote ${build.target}`);
}
