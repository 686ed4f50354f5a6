/** The Python side of the benchmark: one process that stays up, so that peers and our code alternate in one run. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { HostTensor } from 'dark-knowledge';

/** Seconds of each repeat, and what was computed. */
export interface PeerTiming {
  readonly seconds: readonly number[];
  readonly result: number;
}

export interface Peers {
  /** Version and threads by name; null where the package does not import. */
  readonly versions: Readonly<Record<string, { readonly version: string; readonly threads: number } | null>>;
  run(
    testCase: string,
    data: Readonly<Record<string, HostTensor>>,
    settings: Readonly<Record<string, number | string>>,
    repeats: number,
  ): Promise<Readonly<Record<string, PeerTiming>>>;
  close(): void;
}

/** Starts the Python named by the environment variable PYTHON (default `python3`); without one, all peers are absent. */
export async function startPeers(): Promise<Peers> {
  const script = fileURLToPath(new URL('./peers.py', import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), 'dark-knowledge-bench-'));
  const python = spawn(process.env.PYTHON ?? 'python3', [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const nextLine = lineReader(python);
  const versions = await nextLine().then(
    (line) => JSON.parse(line),
    () => ({ torch: null, jax: null }),
  );
  return {
    versions,
    async run(testCase, data, settings, repeats) {
      if (Object.values(versions).every((version) => version === null)) return {};
      for (const [name, { data: values }] of Object.entries(data)) writeFileSync(join(folder, `${name}.bin`), values);
      const shapes = Object.fromEntries(Object.entries(data).map(([name, { shape }]) => [name, shape]));
      python.stdin.write(`${JSON.stringify({ case: testCase, folder, repeats, shapes, ...settings })}\n`);
      return JSON.parse(await nextLine());
    },
    close() {
      python.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function lineReader(python: ChildProcessWithoutNullStreams | ReturnType<typeof spawn>): () => Promise<string> {
  const lines: string[] = [];
  const waiting: { resolve: (line: string) => void; reject: (error: Error) => void }[] = [];
  let ended = false;
  const end = (): void => {
    ended = true;
    for (const { reject } of waiting.splice(0)) reject(new Error('The Python process ended.'));
  };
  python.on('error', end);
  python.on('exit', end);
  createInterface({ input: python.stdout! }).on('line', (line) => {
    const first = waiting.shift();
    if (first) first.resolve(line);
    else lines.push(line);
  });
  return () =>
    new Promise((resolve, reject) => {
      const line = lines.shift();
      if (line !== undefined) resolve(line);
      else if (ended) reject(new Error('The Python process ended.'));
      else waiting.push({ resolve, reject });
    });
}
