/**
 * What a run has found so far, part by part, in files: a run of hours that is stopped goes on where it was, as long as the
 * code is the same; and processes that run the same side by side share its parts.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { deserialize, serialize } from 'node:v8';

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

/** A part that another process is at. */
class Taken extends Error {}

interface Part {
  readonly value: unknown;
  readonly spent: Spent;
}

const pollMilliseconds = 500;
let joined = 0;

/** Parts in a folder of their own. */
export async function partsIn(folder: URL): Promise<Parts> {
  await mkdir(folder, { recursive: true });
  const me = `${process.pid}-${++joined}`;
  await writeFile(new URL(`${me}.present`, folder), '');
  const start = clock();
  // Parts that were found elsewhere count, and waiting for them does not.
  let elsewhere: Spent = { seconds: 0, cpuSeconds: 0 };
  let waits = true;
  const [asked, counted] = [new Set<string>(), new Set<string>()];

  async function once<Value>(part: string, compute: () => Promise<Value>): Promise<Value> {
    if (asked.has(part)) throw new Error(`studies: two parts of a run are named '${part}'.`);
    // Twice, since a file's address is decoded once.
    const at = encodeURIComponent(encodeURIComponent(part));
    const [file, claim] = [new URL(`${at}.part`, folder), new URL(`${at}.claim`, folder)];
    for (;;) {
      const known = await read<Part>(file);
      if (known !== undefined) {
        if (!counted.has(part)) elsewhere = sum(elsewhere, known.spent);
        asked.add(part);
        counted.add(part);
        // The file was written under this name by the same code.
        return known.value as Value;
      }
      if (await claimed(claim, me)) break;
      if (!waits) throw new Taken(part);
      const before = clock();
      await setTimeout(pollMilliseconds);
      elsewhere = sum(elsewhere, difference(before, clock()));
    }
    try {
      // Found while it was claimed.
      if ((await read<Part>(file)) !== undefined) return await once(part, compute);
      const before = clock();
      const value = await compute();
      await write(file, { value, spent: difference(clock(), before) });
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
      await rm(new URL(`${me}.present`, folder));
      const others = (await readdir(folder)).filter((name) => name.endsWith('.present'));
      if (!others.some((name) => isAlive(name))) await rm(folder, { recursive: true });
    },
  };
}

/** Takes a part, unless a living process has it. */
async function claimed(claim: URL, owner: string): Promise<boolean> {
  for (;;) {
    try {
      await writeFile(claim, owner, { flag: 'wx' });
      return true;
    } catch (error) {
      if (!isError(error, 'EEXIST')) throw error;
    }
    const taker = await readFile(claim, 'utf8').catch(() => '');
    // An empty one is being written, or gone by now.
    if (taker === '' || isAlive(taker)) return false;
    await rm(claim, { force: true });
  }
}

/** Whether the process whose number a text begins with is there. */
function isAlive(owner: string): boolean {
  try {
    process.kill(Number.parseInt(owner, 10), 0);
    return true;
  } catch (error) {
    // Another user's may not be asked, but is there.
    return isError(error, 'EPERM');
  }
}

function isError(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
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

/** Of the code that models, data and measurements come from. */
export async function codeDigest(): Promise<string> {
  const digest = createHash('sha256');
  for (const folder of [new URL('./', import.meta.url), new URL('../examples/mnist/', import.meta.url)]) {
    const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.ts')).sort();
    for (const name of names) digest.update(name).update(await readFile(new URL(name, folder)));
  }
  return digest.digest('hex').slice(0, 12);
}

/** Undefined for a file that is not there. */
async function read<Value>(file: URL): Promise<Value | undefined> {
  try {
    return deserialize(await readFile(file)) as Value;
  } catch (error) {
    if (isError(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Whole or not at all: a run may be stopped while it writes. */
async function write(file: URL, value: unknown): Promise<void> {
  const beside = new URL(`${file.href}.new`);
  await writeFile(beside, serialize(value));
  await rename(beside, file);
}
