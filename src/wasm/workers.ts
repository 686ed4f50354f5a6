/** Threads beside the calling one: what they run, how they start, and where they may. */
import { kindError } from '../check.ts';

// A job in shared memory: what is to be called, and how often. 32-bit words from byte 0:
//   0 jobs so far      1 the next call that nobody has taken      2 calls done      3 calls in all
//   4 the module, 5 where its bytes lie, 6 how many               7 the function    8 its arguments
//   9 which argument is a thread's own (−1 for none)              10 calls that failed
//   11 workers that have started
// Then float64 from byte 64: 0 the own argument of thread 0, 1 its step from thread to thread; then for each call its
// result and its arguments.

/** Words of a job, by name. */
export const word = {
  jobs: 0,
  next: 1,
  done: 2,
  calls: 3,
  module: 4,
  bytes: 5,
  length: 6,
  called: 7,
  arguments: 8,
  own: 9,
  failed: 10,
  started: 11,
} as const;
/** Where a job's doubles begin, in bytes. */
export const doublesAt = 64;
/** Doubles before the first call's. */
export const leadingDoubles = 2;
/** Arguments that a call has at most. */
export const mostArguments = 16;
/** Doubles of a call: its result and its arguments. */
export const callDoubles: number = 1 + mostArguments;
/** The next call where there is none. */
export const noCall: number = 2 ** 30;

// Read as a module or as a script, by what started the process: it has neither `require` nor `import`, and declares nothing.
// A function, since a bundler keeps a text with places to fill in even where nobody reads it.
const workerCode = (): string => `
const start = ({ module, memory, job, index }) => {
  const words = new Int32Array(memory.buffer, job, 12);
  const modules = new Map([[0, Object.values(new WebAssembly.Instance(module, { env: { memory } }).exports)]]);
  const functionsOf = (number) => {
    if (!modules.has(number)) {
      // Another thread may have grown memory: only a growth of one's own brings its buffer up to date for certain.
      memory.grow(0);
      const bytes = new Uint8Array(memory.buffer, words[${word.bytes}] >>> 0, words[${word.length}]).slice();
      modules.set(number, Object.values(new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } }).exports));
    }
    return modules.get(number);
  };
  const compute = (call) => {
    const numbers = new Float64Array(memory.buffer, job + ${doublesAt}, (call + 1) * ${callDoubles} + ${leadingDoubles});
    const at = ${leadingDoubles} + call * ${callDoubles};
    const values = [...numbers.subarray(at + 1, at + 1 + words[${word.arguments}])];
    const own = words[${word.own}];
    if (own >= 0) values[own] = numbers[0] + index * numbers[1];
    numbers[at] = functionsOf(words[${word.module}])[words[${word.called}]](...values) ?? 0;
  };
  Atomics.add(words, ${word.started}, 1);
  for (;;) {
    const jobs = Atomics.load(words, ${word.jobs});
    for (;;) {
      const call = Atomics.add(words, ${word.next}, 1);
      if (call >= Atomics.load(words, ${word.calls})) break;
      try {
        compute(call);
      } catch {
        Atomics.add(words, ${word.failed}, 1);
      }
      Atomics.add(words, ${word.done}, 1);
      Atomics.notify(words, ${word.done});
    }
    Atomics.wait(words, ${word.jobs}, jobs);
  }
};
const node = globalThis.process?.getBuiltinModule?.('node:worker_threads');
if (node) start(node.workerData);
else globalThis.onmessage = ({ data }) => start(data);
`;

/** A worker that was asked to start. */
export interface WorkerHandle {
  end(): void;
}

/** What a thread that cannot start leaves: nobody waits for it. */
const absent: WorkerHandle = { end: () => undefined };

/** Starts a worker in Node, or in an engine with web workers. One that fails to start never joins, and disturbs nobody. */
export function startWorker(data: object): WorkerHandle {
  const node = globalThis.process?.getBuiltinModule?.('node:worker_threads');
  if (node !== undefined) {
    // Not the process's own flags: --input-type or --import are not for this script.
    const worker = new node.Worker(workerCode(), { eval: true, workerData: data, execArgv: [] });
    // An error that nobody listens to ends the process.
    worker.on('error', () => undefined);
    // A waiting worker must not keep the process alive.
    worker.unref();
    return { end: () => void worker.terminate() };
  }
  const address = URL.createObjectURL(new Blob([workerCode()], { type: 'text/javascript' }));
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
  if (count > 1 && !sharesMemory()) {
    const hint = 'In a browser the page must be cross-origin isolated (COOP and COEP headers).';
    throw kindError('wasmBackend', 'threads', '1 where memory cannot be shared', count, hint);
  }
}
