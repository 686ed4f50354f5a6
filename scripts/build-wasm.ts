/**
 * Compiles src/wasm/assembly/ (AssemblyScript) to WebAssembly, twice: with plain SIMD, and with relaxed SIMD for engines
 * that have fused multiply-add. Writes both as base64 into src/wasm/generated/kernels.ts, so that bundlers need nothing.
 * Does nothing when sources, compiler and options are those of the file that is already there.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { main, version } from 'assemblyscript/asc';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const assembly = join(root, 'src/wasm/assembly');
const target = join(root, 'src/wasm/generated/kernels.ts');

// No garbage collector and no shadow stack: kernels get raw pointers into memory that the host manages.
const common =
  '-O3 --converge --noAssert --runtime stub --stackSize 0 --importMemory --maximumMemory 65536 --enable simd'.split(
    ' ',
  );
const variants = {
  plainKernels: common,
  relaxedKernels: [...common, '--enable', 'relaxed-simd'],
};

async function fingerprint(): Promise<string> {
  const names = (await readdir(assembly)).filter((name) => name.endsWith('.ts')).sort();
  const hash = createHash('sha256').update(version).update(JSON.stringify(variants));
  for (const name of names) hash.update(name).update(await readFile(join(assembly, name)));
  return hash.digest('hex');
}

async function compile(options: readonly string[]): Promise<Uint8Array> {
  const files = new Map<string, string | Uint8Array>();
  const { error, stderr } = await main(['src/wasm/assembly/index.ts', '--outFile', 'kernels.wasm', ...options], {
    readFile: (name: string, base: string) => readFile(join(base, name), 'utf8').catch(() => null),
    writeFile: (name: string, contents: string | Uint8Array) => {
      files.set(name, contents);
    },
    listFiles: () => [],
  });
  const binary = files.get('kernels.wasm');
  if (error || !(binary instanceof Uint8Array))
    throw new Error(`build-wasm: the compiler refused the kernels.\n${stderr.toString()}`);
  return binary;
}

const header = `// Made by scripts/build-wasm.ts; not kept in the repository. Inputs: ${await fingerprint()}\n`;
const existing = await readFile(target, 'utf8').catch(() => '');
if (existing.startsWith(header)) {
  console.log('build-wasm: up to date');
} else {
  let text = header;
  for (const [name, options] of Object.entries(variants)) {
    const binary = await compile(options);
    text += `export const ${name}: string =\n  '${Buffer.from(binary).toString('base64')}';\n`;
    console.log(`build-wasm: ${name} ${binary.length} bytes`);
  }
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, text);
  console.log(`build-wasm: wrote ${relative(root, target)}`);
}
