/**
 * What a run has found so far, part by part, in files: a run of hours that is stopped goes on where it was, as long as the
 * code is the same.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { deserialize, serialize } from 'node:v8';
import * as tf from '@tensorflow/tfjs-core';

/** What `compute` gives; or gave, when a run came by here before. Values are plain: numbers, arrays, records. */
export type Once = <Value>(part: string, compute: () => Promise<Value>) => Promise<Value>;

/** How long a run took, in all of its processes. */
export interface Spent {
  readonly seconds: number;
  /** Of one core. */
  readonly cpuSeconds: number;
}

export interface Parts {
  readonly once: Once;
  /** Until now, for what was found. */
  spent(): Spent;
  /** Takes the files away. */
  forget(): Promise<void>;
}

/** Parts in a folder of their own. */
export async function partsIn(folder: URL): Promise<Parts> {
  await mkdir(folder, { recursive: true });
  const [started, clock] = [performance.now(), new URL('spent', folder)];
  const asked = new Set<string>();
  const before = (await read<Spent>(clock)) ?? { seconds: 0, cpuSeconds: 0 };
  const spent = (): Spent => {
    const { user, system } = process.cpuUsage();
    return {
      seconds: before.seconds + (performance.now() - started) / 1e3,
      cpuSeconds: before.cpuSeconds + (user + system) / 1e6,
    };
  };
  return {
    async once<Value>(part: string, compute: () => Promise<Value>): Promise<Value> {
      if (asked.has(part)) throw new Error(`studies: two parts of a run are named '${part}'.`);
      asked.add(part);
      // Twice, since a file's address is decoded once.
      const file = new URL(`${encodeURIComponent(encodeURIComponent(part))}.part`, folder);
      const known = await read<{ readonly value: Value }>(file);
      if (known !== undefined) return known.value;
      const value = await compute();
      await write(file, { value });
      await write(clock, spent());
      return value;
    },
    spent,
    forget: () => rm(folder, { recursive: true }),
  };
}

/** Trains once: parameters that were trained before are put in place. */
export async function trainedOnce(
  once: Once,
  part: string,
  parameters: readonly tf.Variable[],
  train: () => Promise<void>,
): Promise<void> {
  const values = await once(part, async () => {
    await train();
    return valuesOf(parameters);
  });
  assignValues(parameters, values);
}

/** The numbers of parameters, to be kept. */
export function valuesOf(parameters: readonly tf.Variable[]): Promise<readonly tf.TypedArray[]> {
  return Promise.all(parameters.map((parameter) => parameter.data()));
}

/** Puts them back. */
export function assignValues(parameters: readonly tf.Variable[], values: readonly tf.TypedArray[]): void {
  parameters.forEach((parameter, at) => {
    tf.tidy(() => parameter.assign(tf.tensor(values[at]!, parameter.shape)));
  });
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
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whole or not at all: a run may be stopped while it writes. */
async function write(file: URL, value: unknown): Promise<void> {
  const beside = new URL(`${file.href}.new`);
  await writeFile(beside, serialize(value));
  await rename(beside, file);
}
