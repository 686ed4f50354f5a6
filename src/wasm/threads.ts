/**
 * Kernel calls spread over threads that share the backend's memory. The calling thread takes a part itself and waits for
 * the others, so that a call stays a plain, synchronous call. Workers join when they have started: until then, and for
 * small work, the calling thread does everything.
 */
import { kindError } from '../check.ts';
import type { Kernels, Pointer } from './assemblyExports.ts';
import type { KernelInstance } from './instance.ts';

/** Kernels of numbers alone, which any thread can run. */
export type KernelName = keyof Kernels;

/** Runs kernels, on one thread or several. */
export interface Threads {
  /** How many calls can run at the same time now. */
  available(): number;
  /** Calls a kernel once for each list of arguments, and returns what the calls returned (0 for nothing). */
  run(kernel: KernelName, argumentLists: readonly (readonly number[])[]): readonly number[];
  /** Ends the workers. */
  close(): void;
}

type Call = (...values: readonly number[]) => number | undefined;

/** Everything on the calling thread. */
export function oneThread(kernels: Kernels): Threads {
  return {
    available: () => 1,
    run: (kernel, argumentLists) => argumentLists.map((values) => (kernels[kernel] as Call)(...values) ?? 0),
    close: () => undefined,
  };
}

// A worker's block in shared memory. 32-bit words: 0 the number of calls asked for, 1 the number answered (−1 until it has
// started), 2 the kernel (−1 after a call that failed), 3 the number of arguments. Then float64 from byte 16: the result,
// and the arguments.
const mostArguments = 16;
/** Bytes of one worker's block. */
export const blockBytes: number = 16 + 8 * (1 + mostArguments);

// Read as a module or as a script, by what started the process: it has neither `require` nor `import`, and declares nothing.
const workerCode = `
const start = ({ module, memory, block, names }) => {
  const kernels = new WebAssembly.Instance(module, { env: { memory } }).exports;
  const words = new Int32Array(memory.buffer, block, 4);
  const numbers = new Float64Array(memory.buffer, block + 16, ${1 + mostArguments});
  Atomics.store(words, 1, 0);
  for (let seen = 0; ; ) {
    Atomics.wait(words, 0, seen);
    if (Atomics.load(words, 0) === seen) continue;
    seen = Atomics.load(words, 0);
    try {
      numbers[0] = kernels[names[words[2]]](...numbers.subarray(1, 1 + words[3])) ?? 0;
    } catch {
      words[2] = -1;
    }
    Atomics.store(words, 1, seen);
    Atomics.notify(words, 1);
  }
};
const node = globalThis.process?.getBuiltinModule?.('node:worker_threads');
if (node) start(node.workerData);
else globalThis.onmessage = ({ data }) => start(data);
`;

interface WorkerHandle {
  end(): void;
}

/** What a thread that cannot start leaves: nobody waits for it, and the calling thread does its part. */
const absent: WorkerHandle = { end: () => undefined };

/** Starts a worker in Node, or in an engine with web workers. One that fails to start never joins, and disturbs nobody. */
function startWorker(data: object): WorkerHandle {
  const node = globalThis.process?.getBuiltinModule?.('node:worker_threads');
  if (node !== undefined) {
    // Not the process's own flags: --input-type or --import are not for this script.
    const worker = new node.Worker(workerCode, { eval: true, workerData: data, execArgv: [] });
    // An error that nobody listens to ends the process.
    worker.on('error', () => undefined);
    // A waiting worker must not keep the process alive.
    worker.unref();
    return { end: () => void worker.terminate() };
  }
  const address = URL.createObjectURL(new Blob([workerCode], { type: 'text/javascript' }));
  try {
    const worker = new Worker(address);
    worker.onerror = (event) => event.preventDefault();
    worker.postMessage(data);
    return {
      end() {
        worker.terminate();
        URL.revokeObjectURL(address);
      },
    };
  } catch {
    // A content-security policy may forbid workers made from text.
    URL.revokeObjectURL(address);
    return absent;
  }
}

/** Whether this engine lets threads share memory (in browsers: only on pages that are cross-origin isolated). */
function sharesMemory(): boolean {
  const isolated = (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated;
  return typeof SharedArrayBuffer === 'function' && isolated !== false;
}

/** Refuses a number of threads that this engine cannot have. */
export function checkThreads(count: number): void {
  if (!Number.isSafeInteger(count) || count < 1 || count > 256) {
    throw kindError('wasmBackend', 'threads', 'a whole number from 1 to 256', count);
  }
  if (count > 1 && !sharesMemory()) {
    const hint = 'In a browser the page must be cross-origin isolated (COOP and COEP headers).';
    throw kindError('wasmBackend', 'threads', '1 where memory cannot be shared', count, hint);
  }
}

/** Starts `count` − 1 workers on an instance whose memory is shared; `blocks` has room for `blockBytes` for each. */
export function startThreads({ kernels, module, memory }: KernelInstance, count: number, blocks: Pointer): Threads {
  const names = Object.keys(kernels) as KernelName[];
  const workers = Array.from({ length: count - 1 }, (_, index) => {
    const block = blocks + index * blockBytes;
    // Views of shared memory stay valid when it grows.
    const words = new Int32Array(memory.buffer, block, 4);
    const numbers = new Float64Array(memory.buffer, block + 16, 1 + mostArguments);
    words.set([0, -1]);
    return { words, numbers, handle: startWorker({ module, memory, block, names }) };
  });
  type Member = (typeof workers)[number];
  const started = (): Member[] => workers.filter(({ words }) => Atomics.load(words, 1) >= 0);

  function ask({ words, numbers }: Member, kernel: KernelName, values: readonly number[]): void {
    numbers.set(values, 1);
    words[2] = names.indexOf(kernel);
    words[3] = values.length;
    Atomics.add(words, 0, 1);
    Atomics.notify(words, 0);
  }

  /** What a thread's call returned; undefined where it failed. */
  function answer({ words, numbers }: Member): number | undefined {
    const wanted = Atomics.load(words, 0);
    for (let answered = Atomics.load(words, 1); answered !== wanted; answered = Atomics.load(words, 1)) {
      try {
        Atomics.wait(words, 1, answered);
      } catch {
        // The main thread of a page may not sleep: it asks again and again.
      }
    }
    return words[2] === -1 ? undefined : numbers[0]!;
  }

  return {
    available: () => 1 + started().length,
    run(kernel, argumentLists) {
      const call = kernels[kernel] as Call;
      const members = started();
      const results: number[] = new Array(argumentLists.length).fill(0);
      let failed = false;
      // In rounds of as many calls as there are threads; the calling thread takes the first of each.
      for (let first = 0; first < argumentLists.length; first += members.length + 1) {
        const others = argumentLists.slice(first + 1, first + 1 + members.length);
        others.forEach((values, index) => {
          ask(members[index]!, kernel, values);
        });
        try {
          results[first] = call(...argumentLists[first]!) ?? 0;
        } finally {
          // Each is waited for, whatever the others do: a block is not written to while its thread computes.
          const answers = others.map((_, index) => answer(members[index]!));
          answers.forEach((result, index) => {
            results[first + 1 + index] = result ?? Number.NaN;
          });
          failed ||= answers.includes(undefined);
        }
        if (failed) throw new Error(`wasmBackend: a thread must finish '${kernel}', got a failure there.`);
      }
      return results;
    },
    close() {
      for (const { handle } of workers.splice(0)) handle.end();
    },
  };
}

/** Cuts `count` rows into at most `parts` ranges of whole multiples of `step`. */
export function rangesOf(
  count: number,
  parts: number,
  step = 1,
): readonly { readonly start: number; readonly size: number }[] {
  const size = Math.max(step, Math.ceil(count / Math.max(1, parts) / step) * step);
  return Array.from({ length: Math.ceil(count / size) }, (_, index) => {
    const start = index * size;
    return { start, size: Math.min(size, count - start) };
  });
}
