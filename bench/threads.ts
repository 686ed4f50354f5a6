/** What a second thread brings, ours and PyTorch's, in time on the wall: it needs a machine with two cores to itself. */
import { wasmBackend } from 'dark-knowledge/wasm';
import { type BenchCase, cases } from './cases.ts';
import { time } from './measure.ts';
import type { Peers } from './peers.ts';

/** Cases of the table that threads share. */
export const threadCases: readonly BenchCase[] = [
  'KL value + gradient, 1024 × 1000',
  'KL value + gradient, 512 × 32000',
  'Linear CKA, 5000 × 512 against 5000 × 256',
  'Calibration error, 100 000 × 100, 15 bins',
  'CRD step, batch 64, 16 384 negatives, dimension 128, bank 50 000',
].map((name) => cases.find((testCase) => testCase.name === name)!);

/** Least seconds of each. */
export async function timeThreads(
  { data: makeData, prepare, repeats, request, settings }: BenchCase,
  peers: Peers,
  rounds: number,
): Promise<Readonly<Record<string, number>>> {
  const data = makeData();
  const least: Record<string, number> = {};
  const add = (name: string, seconds: readonly number[]): void => {
    least[name] = Math.min(least[name] ?? Infinity, ...seconds);
  };
  const contestants = [2, 1].map((threads) => {
    const backend = wasmBackend({ threads });
    const placed = Object.fromEntries(Object.entries(data).map(([name, host]) => [name, backend.fromHost(host)]));
    return { threads, backend, compute: prepare(backend, placed) };
  });
  for (const { backend, threads } of contestants) {
    while (backend.threadCount() < threads) await new Promise((resolve) => setTimeout(resolve, 10));
  }
  for (let round = 0; round < rounds; round++) {
    for (const { threads, compute } of contestants) {
      add(`ours, ${threads} thread${threads > 1 ? 's' : ''}`, await time(2 * repeats, compute, 2));
    }
    for (const threads of [1, 2]) {
      const answers = await peers.run(request!, data, { ...settings, threads, wall: 1 }, repeats);
      for (const [peer, { seconds }] of Object.entries(answers)) {
        if (peer === 'torch') add(`torch, ${threads} thread${threads > 1 ? 's' : ''}`, seconds);
      }
    }
  }
  for (const { backend } of contestants) backend.close();
  return least;
}
