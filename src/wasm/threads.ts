/**
 * Calls spread over threads that share the backend's memory. The calling thread takes part and waits for the others, so
 * that a run of calls stays a plain, synchronous call.
 *
 * Calls are handed out one after the other to whoever is free. A thread that has no core of its own for a while, which on
 * a machine with other work is the rule, then costs one call's wait and not half of the work: with one share for each
 * thread, long losses gained nothing from a second one. So cut work into a few more parts than there are threads
 * (`rangesOver` does) and let results go by part, not by thread: then they do not depend on who did what.
 */
import type { Kernels, Pointer } from './assemblyExports.ts';
import type { KernelInstance } from './instance.ts';
import type { Arena } from './memory.ts';
import { callDoubles, doublesAt, leadingDoubles, noCall, startWorker, word } from './workers.ts';

/** The backend's own kernels by name, all of which any thread can run. */
export type KernelName = keyof Kernels;

type Call = (...values: readonly number[]) => number | undefined;

/** A module beside the backend's own, on the same memory: made by a compiler, say. */
export interface AddedModule {
  /** On the calling thread. */
  readonly exports: Readonly<Record<string, Call>>;
  /** By which threads know it; 0 is the backend's own. */
  readonly number: number;
  /** Where its bytes lie for the other threads; 0 where there are none. */
  readonly bytes: Pointer;
  readonly length: number;
}

/** What threads can call. */
export type Callable = KernelName | { readonly module: AddedModule; readonly name: string };

/** An argument that each thread has for itself, such as its scratch memory: `start` + `step` × the thread. */
export interface OwnArgument {
  /** Its place among the arguments. */
  readonly at: number;
  readonly start: number;
  readonly step: number;
}

/** Runs calls, on one thread or several. */
export interface Threads {
  /** How many threads there are when all have started: what scratch memory must be there for. */
  readonly size: number;
  /** How many have started. */
  available(): number;
  /**
   * Brings a module to all threads; its only import is `env.memory`, which is shared where `size` is above 1. Each thread
   * compiles it when it first has a call of it. Its bytes stay in memory.
   *
   * @throws CompileError where the engine refuses it.
   * @example
   * const module = threads.add(bytes); // its function: walk(block, firstRow, endRow, sums, scratch)
   * const ranges = rangesOver(threads, rows, rows * columns, 2 ** 15);
   * threads.run(
   *   { module, name: 'walk' },
   *   // Sums of a part lie 128 bytes from the next one's: threads that write to one line of the cache wait for each other.
   *   ranges.map(({ start, size }, part) => [block, start, start + size, sums + part * 128, 0]),
   *   { at: 4, start: scratch, step: scratchBytes },
   * ); // and now add up the sums of ranges.length parts, in their order
   */
  add(bytes: Uint8Array<ArrayBuffer>): AddedModule;
  /**
   * Calls a function once for each list of numbers, in no particular order and several at a time: calls may share what
   * they read, never what they write. A call that only one thread at a time may be in takes its scratch by `own`.
   *
   * @returns What the calls returned, in the order of the lists; 0 for nothing.
   */
  run(callable: Callable, argumentLists: readonly (readonly number[])[], own?: OwnArgument): readonly number[];
  /** Ends the workers. */
  close(): void;
}

function functionOf(kernels: Kernels, callable: Callable): Call {
  return (typeof callable === 'string' ? kernels[callable] : callable.module.exports[callable.name]) as Call;
}

/** Arguments with a thread's own among them. */
function withOwn(values: readonly number[], own: OwnArgument | undefined): readonly number[] {
  return own === undefined ? values : values.with(own.at, own.start);
}

function instantiate(bytes: Uint8Array<ArrayBuffer>, memory: WebAssembly.Memory): AddedModule['exports'] {
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } })
    .exports as unknown as AddedModule['exports'];
}

/** Everything on the calling thread. */
export function oneThread({ kernels, memory }: KernelInstance): Threads {
  return {
    size: 1,
    available: () => 1,
    add: (bytes) => ({ exports: instantiate(bytes, memory), number: 1, bytes: 0, length: 0 }),
    run(callable, argumentLists, own) {
      const call = functionOf(kernels, callable);
      return argumentLists.map((values) => call(...withOwn(values, own)) ?? 0);
    },
    close: () => undefined,
  };
}

/** Starts `count` − 1 workers on an instance whose memory is shared. */
export function startThreads({ kernels, module, memory }: KernelInstance, count: number, arena: Arena): Threads {
  const mostCalls = Math.max(64, 8 * count);
  const doubles = leadingDoubles + mostCalls * callDoubles;
  const job = arena.allocate(doublesAt + 8 * doubles);
  // Views of shared memory stay valid when it grows.
  const words = new Int32Array(memory.buffer, job, doublesAt / 4);
  const numbers = new Float64Array(memory.buffer, job + doublesAt, doubles);
  words.fill(0);
  words[word.next] = noCall;
  const workers = Array.from({ length: count - 1 }, (_, index) =>
    startWorker({ module, memory, job, index: index + 1 }),
  );
  let modules = 0;

  /** Describes a job and opens it to all threads. */
  function open(callable: Callable, lists: readonly (readonly number[])[], own: OwnArgument | undefined): void {
    const added = typeof callable === 'string' ? undefined : callable.module;
    const name = typeof callable === 'string' ? callable : callable.name;
    words[word.module] = added?.number ?? 0;
    words[word.bytes] = added?.bytes ?? 0;
    words[word.length] = added?.length ?? 0;
    words[word.called] = Object.keys(added?.exports ?? kernels).indexOf(name);
    words[word.arguments] = lists[0]!.length;
    words[word.own] = own?.at ?? -1;
    words[word.failed] = 0;
    numbers[0] = own?.start ?? 0;
    numbers[1] = own?.step ?? 0;
    lists.forEach((values, index) => {
      numbers.set(values, leadingDoubles + index * callDoubles + 1);
    });
    Atomics.store(words, word.done, 0);
    Atomics.store(words, word.calls, lists.length);
    // From here on calls are taken.
    Atomics.store(words, word.next, 0);
    Atomics.add(words, word.jobs, 1);
    Atomics.notify(words, word.jobs, lists.length - 1);
  }

  /** Waits until all calls are done, and closes the job. */
  function finish(calls: number): void {
    for (let done = Atomics.load(words, word.done); done < calls; done = Atomics.load(words, word.done)) {
      try {
        Atomics.wait(words, word.done, done);
      } catch {
        // The main thread of a page may not sleep: it asks again and again.
      }
    }
    Atomics.store(words, word.next, noCall);
  }

  function runJob(callable: Callable, lists: readonly (readonly number[])[], own: OwnArgument | undefined): number[] {
    const call = functionOf(kernels, callable);
    open(callable, lists, own);
    let refused: unknown;
    for (let index = Atomics.add(words, word.next, 1); index < lists.length; index = Atomics.add(words, word.next, 1)) {
      try {
        numbers[leadingDoubles + index * callDoubles] = call(...withOwn(lists[index]!, own)) ?? 0;
      } catch (error) {
        refused ??= error;
      }
      Atomics.add(words, word.done, 1);
    }
    finish(lists.length);
    if (refused !== undefined) throw refused;
    if (words[word.failed]! > 0) {
      const name = typeof callable === 'string' ? callable : callable.name;
      throw new Error(`wasmBackend: threads must finish '${name}', got a failure in one.`);
    }
    return lists.map((_, index) => numbers[leadingDoubles + index * callDoubles]!);
  }

  return {
    size: count,
    available: () => 1 + (workers.length === 0 ? 0 : Atomics.load(words, word.started)),
    add(bytes) {
      const exports = instantiate(bytes, memory);
      const place = arena.allocate(bytes.length);
      new Uint8Array(memory.buffer, place, bytes.length).set(bytes);
      return { exports, number: ++modules, bytes: place, length: bytes.length };
    },
    run(callable, argumentLists, own) {
      const call = functionOf(kernels, callable);
      if (argumentLists.length < 2 || workers.length === 0) {
        return argumentLists.map((values) => call(...withOwn(values, own)) ?? 0);
      }
      const results: number[] = [];
      for (let first = 0; first < argumentLists.length; first += mostCalls) {
        results.push(...runJob(callable, argumentLists.slice(first, first + mostCalls), own));
      }
      return results;
    },
    close() {
      for (const worker of workers.splice(0)) worker.end();
    },
  };
}

/** A range of rows. */
export interface RowRange {
  readonly start: number;
  readonly size: number;
}

/** Cuts `count` rows into at most `parts` ranges of whole multiples of `step`. */
export function rangesOf(count: number, parts: number, step = 1): readonly RowRange[] {
  const size = Math.max(step, Math.ceil(count / Math.max(1, parts) / step) * step);
  return Array.from({ length: Math.ceil(count / size) }, (_, index) => {
    const start = index * size;
    return { start, size: Math.min(size, count - start) };
  });
}

/** Parts for each thread: few enough to cost nothing, enough that one which waits for a core delays little. */
const partsOfAThread = 4;

/**
 * Cuts rows into ranges for the threads that have started: one where there is one thread, or too little work.
 *
 * @param work What the rows cost in all, in any unit; below `least` of it a part costs more than it brings.
 */
export function rangesOver(threads: Threads, rows: number, work: number, least: number, step = 1): readonly RowRange[] {
  const available = threads.available();
  return rangesOf(rows, available === 1 ? 1 : Math.min(available * partsOfAThread, Math.ceil(work / least)), step);
}
