/**
 * `npx tsx bench/products.ts`: matrix products of the wasm backend beside what the engine's vectors can do at all, a loop of
 * multiplications and additions on twelve accumulators that loads nothing, in the same run; and how much a second thread
 * brings. With `node --experimental-wasm-relaxed-simd --import tsx bench/products.ts` both use fused multiply-add on
 * Node 20. The least of many turns counts: on a busy machine run it again.
 */
import { main } from 'assemblyscript/asc';
import { relaxedSimdIsSupported, startKernels } from '../src/wasm/instance.ts';
import { computeProducts, factor, type Product } from '../src/wasm/product.ts';
import { makeTensorStore } from '../src/wasm/tensors.ts';
import { oneThread, startThreads } from '../src/wasm/threads.ts';

const ROUNDS = 25;
const ACCUMULATORS = 12;
const relaxed = relaxedSimdIsSupported();

/** The loop, in AssemblyScript. */
function limitSource(): string {
  const each = (line: (at: number) => string): string =>
    Array.from({ length: ACCUMULATORS }, (_, at) => line(at)).join('\n');
  const step = relaxed ? (at: number) => `c${at} = f32x4.relaxed_madd(x, y, c${at});` : plainStep;
  return `export function limit(steps: usize, at: usize): void {
    const x = v128.load(at), y = v128.load(at, 16);
    ${each((at) => `let c${at} = v128.load(at, ${32 + 16 * at});`)}
    for (; steps > 0; steps--) { ${each(step)} }
    ${each((at) => `v128.store(at, c${at}, ${32 + 16 * at});`)}
  }`;
}

/** A product of two constants would be moved out of the loop. */
const plainStep = (at: number): string => `c${at} = f32x4.add(f32x4.mul(c${at}, x), y);`;

async function compiledLimit(): Promise<(steps: number, at: number) => void> {
  let binary: Uint8Array | undefined;
  const options = '--outFile limit.wasm -O3 --noAssert --runtime stub --importMemory --enable simd'.split(' ');
  const { error } = await main(['limit.ts', ...options, ...(relaxed ? ['--enable', 'relaxed-simd'] : [])], {
    readFile: (name: string) => (name === 'limit.ts' ? limitSource() : null),
    writeFile: (name: string, contents: string | Uint8Array) => {
      if (name === 'limit.wasm' && contents instanceof Uint8Array) binary = contents;
    },
    listFiles: () => [],
  });
  if (error || binary === undefined) throw error ?? new Error('products: the compiler made no module.');
  const memory = new WebAssembly.Memory({ initial: 1 });
  new Float32Array(memory.buffer).fill(0.5);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(binary.slice()), { env: { memory } });
  return exports.limit as (steps: number, at: number) => void;
}

type Case = Omit<Product, 'out'> & { readonly name: string };

async function openProducts(count: number): Promise<readonly (() => void)[]> {
  const instance = startKernels(relaxed, count > 1);
  const store = makeTensorStore(instance);
  const threads = count === 1 ? oneThread(instance) : startThreads(instance, count, store.arena);
  while (threads.available() < count) await new Promise((resolve) => setTimeout(resolve, 10));
  const host = { kernels: instance.kernels, store, threads };
  const filled = (rows: number, columns: number) => {
    const tensor = store.make([rows, columns]);
    store.view('products', tensor).forEach((_, at, all) => {
      all[at] = ((at * 7919) % 1000) / 1000 - 0.5;
    });
    return tensor.storage.pointer;
  };
  const [x, y, z, out] = [filled(5000, 512), filled(5000, 256), filled(2000, 384), filled(2000, 2000)];
  return casesOf(x, y, z).map((product) => () => computeProducts(host, [{ ...product, out }]));
}

function casesOf(x: number, y: number, z: number): readonly Case[] {
  const [columnsOfX, columnsOfY] = [factor(x, 512, true), factor(y, 256, true)];
  const samples = { inner: 5000, wide: true };
  const own = { ...samples, symmetric: true };
  return [
    { name: 'XᵀX, 5000 × 512', a: columnsOfX, b: factor(x, 512), rows: 512, columns: 512, ...own },
    { name: 'YᵀY, 5000 × 256', a: columnsOfY, b: factor(y, 256), rows: 256, columns: 256, ...own },
    { name: 'XᵀY, 5000 × 512/256', a: columnsOfX, b: factor(y, 256), rows: 512, columns: 256, ...samples },
    { name: '512 × 512 × 512', a: factor(x, 512), b: factor(x, 512), rows: 512, columns: 512, inner: 512 },
    {
      name: 'ZZᵀ, 2000 × 384',
      a: factor(z, 384),
      b: factor(z, 384, true),
      ...{ rows: 2000, columns: 2000, inner: 384, symmetric: true },
    },
  ];
}

const limit = await compiledLimit();
const [one, two] = [await openProducts(1), await openProducts(2)];
const contestants = [() => limit(2e5, 0), ...one, ...two];
const least = contestants.map(() => Infinity);
for (let round = 0; round < ROUNDS; round++) {
  for (const [index, compute] of contestants.entries()) {
    const start = performance.now();
    compute();
    least[index] = Math.min(least[index]!, performance.now() - start);
  }
}
const rate = (operations: number, index: number): number => operations / least[index]! / 1e6;
const most = rate(2e5 * ACCUMULATORS * 8, 0);
console.log(`${relaxed ? 'Fused' : 'Separate'} multiply-adds alone: ${most.toFixed(1)} Gflop/s`);
casesOf(0, 0, 0).forEach(({ name, rows, columns, inner, symmetric }, index) => {
  const operations = rows * (symmetric ? columns + 1 : 2 * columns) * inner;
  const [found, spread] = [rate(operations, index + 1), least[index + 1]! / least[index + 1 + one.length]!];
  console.log(
    `${name.padEnd(20)} ${least[index + 1]!.toFixed(2).padStart(6)} ms  ${found.toFixed(1)} Gflop/s, ` +
      `${(found / most).toFixed(2)} of that; ${spread.toFixed(2)} times as fast on two threads`,
  );
});
process.exit();
