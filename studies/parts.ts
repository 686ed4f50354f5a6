/**
 * What a run has found so far, part by part, in files: a run of hours that is stopped goes on where it was, as long as the
 * code is the same; and processes that run the same side by side share its parts.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { deserialize, serialize } from 'node:v8';
import { claimOf, isAlive, isError, thisProcess } from './partOwners.ts';

/**
 * What `compute` gives; or gave, when a run came by here before; or will have given, where another process is at it. Values
 * are plain: numbers, arrays, records.
 */
export type Once = <Value>(part: string, compute: () => Promise<Value>) => Promise<Value>;

/**
 * What `work` gives for each item, in the order of the items. Where another process is at a part of an item's, other items
 * come first: `work` may be called again then, and had better ask for its parts before it makes anything.
 */
export type Each = <Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
) => Promise<readonly Result[]>;

/** How long a run took, in all of its processes, one after the other. */
export interface Spent {
  readonly seconds: number;
  /** Of one core. */
  readonly cpuSeconds: number;
}

export interface Parts {
  readonly once: Once;
  readonly each: Each;
  /** Until now, for what was found. */
  spent(): Spent;
  /** Ends this process's share; the last one takes the files away. */
  leave(): Promise<void>;
}

export interface PartsOptions {
  /** Is told, once a part, that another process is waited for. */
  readonly waiting?: (words: string) => void;
}

/** A part that another process is at. */
class Taken extends Error {}

interface Part {
  readonly value: unknown;
  readonly spent: Spent;
}

const pollMilliseconds = 500;
let joined = 0;

/** Parts in a folder of their own. */
export async function partsIn(folder: URL, { waiting }: PartsOptions = {}): Promise<Parts> {
  await mkdir(folder, { recursive: true });
  const me = `${thisProcess}-${++joined}`;
  const present = new URL(`${me}.present`, folder);
  await writeFile(present, me);
  const start = clock();
  // Parts that were found elsewhere count, and waiting for them does not.
  let elsewhere: Spent = { seconds: 0, cpuSeconds: 0 };
  let waits = true;
  const [asked, counted] = [new Set<string>(), new Set<string>()];

  async function once<Value>(part: string, compute: () => Promise<Value>): Promise<Value> {
    if (asked.has(part)) throw new Error(`studies: two parts of a run are named '${part}'.`);
    // Twice, since a file's address is decoded once.
    const at = encodeURIComponent(encodeURIComponent(part));
    const file = new URL(`${at}.part`, folder);
    const nameOf = (generation: number): URL => new URL(`${at}.claim-${generation}`, folder);
    let [claim, isTold]: [URL | undefined, boolean] = [undefined, false];
    for (;;) {
      const known = await read<Part>(file);
      if (known !== undefined) {
        if (!counted.has(part)) elsewhere = sum(elsewhere, known.spent);
        asked.add(part);
        counted.add(part);
        // The file was written under this name by the same code.
        return known.value as Value;
      }
      const taken = await claimOf(nameOf, present);
      if (taken.mine) {
        claim = taken.mine;
        break;
      }
      if (!waits) throw new Taken(part);
      if (!isTold) waiting?.(`waiting for process ${Number.parseInt(taken.owner, 10)}: ${part}`);
      isTold = true;
      const before = clock();
      await setTimeout(pollMilliseconds);
      elsewhere = sum(elsewhere, difference(before, clock()));
    }
    try {
      // Found while it was claimed.
      if ((await read<Part>(file)) !== undefined) return await once(part, compute);
      const before = clock();
      const value = await compute();
      await write(file, { value, spent: difference(clock(), before) }, me);
      asked.add(part);
      counted.add(part);
      return value;
    } finally {
      await rm(claim, { force: true });
    }
  }

  async function each<Item, Result>(items: readonly Item[], work: (item: Item) => Promise<Result>) {
    const [results, late] = [new Map<number, Result>(), [] as number[]];
    const mayWait = waits;
    for (const [at, item] of items.entries()) {
      waits = false;
      const askedBefore = asked.size;
      try {
        results.set(at, await work(item));
      } catch (error) {
        if (!(error instanceof Taken)) throw error;
        late.push(at);
        // It will ask for them again.
        for (const part of [...asked].slice(askedBefore)) asked.delete(part);
      } finally {
        waits = mayWait;
      }
    }
    for (const at of late) results.set(at, await work(items[at]!));
    return items.map((_, at) => results.get(at)!);
  }

  return {
    once,
    each,
    spent: () => sum(elsewhere, difference(clock(), start)),
    async leave() {
      await rm(present, { force: true });
      try {
        const others = (await readdir(folder)).filter((name) => name.endsWith('.present'));
        if (!others.some(isAlive)) await rm(folder, { recursive: true });
      } catch (error) {
        // Another left at the same moment and is taking them away, or one has joined.
        if (!isError(error, 'ENOENT') && !isError(error, 'ENOTEMPTY')) throw error;
      }
    },
  };
}

function clock(): Spent {
  const { user, system } = process.cpuUsage();
  return { seconds: performance.now() / 1e3, cpuSeconds: (user + system) / 1e6 };
}

function sum(one: Spent, other: Spent): Spent {
  return { seconds: one.seconds + other.seconds, cpuSeconds: one.cpuSeconds + other.cpuSeconds };
}

function difference(late: Spent, early: Spent): Spent {
  return { seconds: late.seconds - early.seconds, cpuSeconds: late.cpuSeconds - early.cpuSeconds };
}

/** Of the code that models, data and measurements come from: the studies', the library's, and what is installed. */
export async function codeDigest(): Promise<string> {
  const digest = createHash('sha256');
  for (const folder of ['./', '../examples/mnist/', '../src/'].map((path) => new URL(path, import.meta.url))) {
    const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.ts')).sort();
    for (const name of names) digest.update(name).update(await readFile(new URL(name, folder)));
  }
  digest.update(await readFile(new URL('../package-lock.json', import.meta.url)));
  return digest.digest('hex').slice(0, 12);
}

/** Undefined for a file that is not there. */
async function read<Value>(file: URL): Promise<Value | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    if (isError(error, 'ENOENT')) return undefined;
    throw error;
  }
  try {
    return deserialize(bytes) as Value;
  } catch (cause) {
    throw new Error(`studies: ${file.href} is no part of a run. Remove it to find it anew.`, { cause });
  }
}

/** Whole or not at all: a run may be stopped while it writes. */
async function write(file: URL, value: unknown, writer: string): Promise<void> {
  const beside = new URL(`${file.href}.${writer}`);
  await writeFile(beside, serialize(value));
  await rename(beside, file);
}
