/**
 * `npm run bench`: our backends beside the peers, on the same data in the same run. Ratios of the least times tell; times are
 * of this machine in this hour. Peers that are absent are named. Options: parts of a case's name; `--rounds 3`; `--brief` for
 * us and the peers in Python alone.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import type { Backend } from 'dark-knowledge';
import { tfjsBackend } from 'dark-knowledge/tfjs';
import { wasmBackend, wasmIsSupported } from 'dark-knowledge/wasm';
import { openWasm } from '../src/wasm/wasmBackend.ts';
import { type BenchCase, cases } from './cases.ts';
import { hostCases } from './hostCases.ts';
import { bytes, duration, time } from './measure.ts';
import { type Peers, startPeers } from './peers.ts';
import { threadCases, timeThreads } from './threads.ts';

const { values: flags, positionals } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, brief: { type: 'boolean', default: false } },
  allowPositionals: true,
});

/** Least seconds and the number computed, by contestant. */
type Row = Readonly<Record<string, { readonly seconds: number; readonly result: number }>>;

async function onBackend<T>(
  backend: Backend<T>,
  testCase: BenchCase,
  data: ReturnType<BenchCase['data']>,
  afterFirst: () => void = () => undefined,
) {
  const placed = Object.fromEntries(Object.entries(data).map(([name, host]) => [name, backend.fromHost(host)]));
  const compute = testCase.prepare(backend, placed);
  const result = await compute();
  afterFirst();
  const seconds = await time(testCase.repeats, compute);
  for (const value of Object.values(placed)) backend.dispose(value);
  return { seconds, result };
}

/** Bytes of a fresh backend's linear memory after one call (it never shrinks, so its peak), and those of the inputs. */
async function memoryOf(testCase: BenchCase, data: ReturnType<BenchCase['data']>) {
  const backend = wasmBackend();
  const placed = Object.fromEntries(Object.entries(data).map(([name, host]) => [name, backend.fromHost(host)]));
  const inputs = backend.byteCount();
  await testCase.prepare(backend, placed)();
  return { inputs, peak: backend.viewOf(backend.scalar(0)).buffer.byteLength };
}

async function timeCase(testCase: BenchCase, peers: Peers): Promise<Row> {
  const data = testCase.data();
  const samples: Record<string, { seconds: number[]; result: number }> = {};
  const add = (name: string, { seconds, result }: { seconds: readonly number[]; result: number }): void => {
    const sample = samples[name] ?? { seconds: [], result };
    sample.seconds.push(...seconds);
    samples[name] = sample;
  };
  // Contestants take turns, so that a busy minute of the machine falls on all of them.
  for (let round = 0; round < Number(flags.rounds); round++) {
    if (wasmIsSupported()) {
      const started = performance.now();
      const ours = await onBackend(wasmBackend(), testCase, data, () => {
        if (round === 0) add('first call', { seconds: [(performance.now() - started) / 1000], result: Number.NaN });
      });
      add('ours (wasm)', ours);
      // The same operations, each at once: what the compiler, and kernels by hand, save.
      if (!flags.brief)
        add(
          'one by one',
          await onBackend(openWasm(() => []).eager, { ...testCase, repeats: Math.min(3, testCase.repeats) }, data),
        );
    }
    const { request, settings, repeats } = testCase;
    for (const [name, timing] of Object.entries(
      request === undefined ? {} : await peers.run(request, data, settings, repeats),
    )) {
      add(name, timing);
    }
    if (flags.brief) continue;
    for (const name of round === 0 ? ['wasm', 'cpu', ...nativeTfjs] : ['wasm', ...nativeTfjs]) {
      if (name === 'cpu' ? testCase.tooSlowOnTfjsCpu : testCase.tooSlowOnTfjsWasm) continue;
      await tf.setBackend(name);
      add(`tfjs ${name}`, await onBackend(tfjsBackend(), { ...testCase, repeats: name === 'cpu' ? 1 : 3 }, data));
    }
  }
  return Object.fromEntries(
    Object.entries(samples).map(([name, { seconds, result }]) => [name, { seconds: Math.min(...seconds), result }]),
  );
}

await import('@tensorflow/tfjs-backend-wasm');
await import('@tensorflow/tfjs-backend-cpu');
// tfjs on WebGPU is timed by `bench:gpu`, beside the device's own bandwidth.
const nativePackage: string = '@tensorflow/tfjs-node';
const nativeTfjs: readonly string[] = await import(nativePackage).then(
  () => ['tensorflow'],
  () => [],
);
const peers = await startPeers();
const absent = Object.entries(peers.versions).filter(([, version]) => version === null);
if (nativeTfjs.length === 0) absent.push(['tfjs-node', null]);
console.log(
  `Machine: ${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, one thread each; Node ${process.version}`,
);
console.log(
  `Peers: tfjs ${tf.version_core}, ${
    Object.entries(peers.versions)
      .filter(([, v]) => v)
      .map(([n, v]) => `${n} ${v!.version} (${v!.threads} thread)`)
      .join(', ') || 'none in Python'
  }`,
);
if (absent.length > 0) console.log(`Absent: ${absent.map(([name]) => name).join(', ')}`);

const report: Record<string, unknown>[] = [];
for (const testCase of cases.filter(({ name }) => positionals.every((part) => name.includes(part)))) {
  const row = await timeCase(testCase, peers);
  const ours = row['ours (wasm)'];
  console.log(`\n${testCase.name}`);
  for (const [name, { seconds, result }] of Object.entries(row)) {
    if (Number.isNaN(result)) {
      console.log(`  ${name.padEnd(12)} ${duration(seconds).padStart(10)}   with the backend's start`);
      continue;
    }
    const ratio = ours && name !== 'ours (wasm)' ? `ours takes ${(ours.seconds / seconds).toFixed(2)} of it` : '';
    const goal = name === 'torch' && testCase.target !== undefined ? ` (target ≤ ${testCase.target})` : '';
    console.log(`  ${name.padEnd(12)} ${duration(seconds).padStart(10)}   ${result.toPrecision(6)}   ${ratio}${goal}`);
  }
  const memory = wasmIsSupported() && !flags.brief ? await memoryOf(testCase, testCase.data()) : null;
  if (memory) console.log(`  our memory: ${bytes(memory.peak)} at its peak, ${bytes(memory.inputs)} of it inputs`);
  report.push({ case: testCase.name, target: testCase.target ?? null, timings: row, memory });
}

/** Lines of a case whose contestants are a few numbers: ours first, the others with their ratios to it. */
function print(
  name: string,
  least: Readonly<Record<string, number>>,
  target?: { readonly to: string; readonly most: number },
) {
  console.log(`\n${name}`);
  const ours = Object.values(least)[0]!;
  for (const [contestant, seconds] of Object.entries(least)) {
    const goal = target?.to === contestant ? ` (target ≤ ${target.most})` : '';
    const ratio = seconds === ours ? '' : `ours takes ${(ours / seconds).toFixed(2)} of it${goal}`;
    console.log(`  ${contestant.padEnd(16)} ${duration(seconds).padStart(10)}   ${ratio}`);
  }
  report.push({ case: name, target: target?.most ?? null, least });
}

const isChosen = ({ name }: { readonly name: string }): boolean => positionals.every((part) => name.includes(part));
for (const testCase of hostCases.filter(isChosen)) {
  const { data: makeData, compute, loop, request, settings = {}, repeats, target, name } = testCase;
  const data = makeData();
  const least: Record<string, number> = {};
  const add = (contestant: string, seconds: readonly number[]): void => {
    least[contestant] = Math.min(least[contestant] ?? Infinity, ...seconds);
  };
  for (let round = 0; round < Number(flags.rounds); round++) {
    add('ours', await time(repeats, () => compute(data)));
    if (loop !== undefined) add('a plain loop', await time(repeats, () => loop(data)));
    const answers = request === undefined ? {} : await peers.run(request, data, settings, repeats);
    for (const [peer, { seconds }] of Object.entries(answers)) add(peer, seconds);
  }
  print(name, least, { to: loop === undefined ? 'numpy' : 'a plain loop', most: target });
}
for (const testCase of threadCases.filter(isChosen)) {
  print(`${testCase.name}, on the wall`, await timeThreads(testCase, peers, Number(flags.rounds)));
}
peers.close();
const folder = new URL('./results/', import.meta.url);
mkdirSync(folder, { recursive: true });
writeFileSync(
  new URL('bench.json', folder),
  `${JSON.stringify({ node: process.version, versions: peers.versions, cases: report }, null, 1)}\n`,
);
