/**
 * What a run leaves behind: every number as JSON, and a page with its claims, tables and figures. Runs that are kept have
 * their numbers in `results/NAME.json`, beside what a person has to say about them in `results/NAME.md`.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { pageOf } from './page.ts';
import type { Findings, Scale, Study } from './study.ts';

/** How a study was run. */
export interface Run {
  readonly scale: Scale;
  readonly seed: number;
  /** The tfjs backend. */
  readonly platform: string;
  readonly seconds: number;
  /** Of one core: what the run takes at most where no other work runs. */
  readonly cpuSeconds: number;
}

/** A run with what it found, as JSON holds it. */
export interface Results extends Run, Omit<Findings, 'figures'> {
  readonly study: string;
  readonly title: string;
  readonly paper: string;
  /** Year, month and day. */
  readonly date: string;
  readonly versions: Readonly<Record<string, string>>;
}

/** A kept run, and in Markdown why its claims came out as they did. */
export interface Kept {
  readonly results: Results;
  readonly comment: string;
}

const output = new URL('./output/', import.meta.url);
const kept = new URL('./results/', import.meta.url);

/** Writes both files and tells where they are, from the current folder; with `keep` the numbers once more among those kept. */
export async function writeResults(
  study: Study,
  findings: Findings,
  run: Run,
  { keep }: { readonly keep: boolean },
): Promise<readonly string[]> {
  await mkdir(output, { recursive: true });
  const json = new URL(`${study.name}-${run.scale}.json`, output);
  const page = new URL(`${study.name}-${run.scale}.html`, output);
  const text = `${JSON.stringify(resultsOf(study, findings, run), plainNumbers, 1)}\n`;
  await writeFile(json, text);
  await writeFile(page, await pageOf(study, findings, run));
  const files = [json, page];
  if (keep) {
    await mkdir(kept, { recursive: true });
    files.push(new URL(`${study.name}.json`, kept));
    await writeFile(files[2]!, text);
  }
  return files.map((file) => relative(process.cwd(), fileURLToPath(file)));
}

export function resultsOf({ name, title, paper }: Study, findings: Findings, run: Run): Results {
  const { claims, settings, tables, remarks, measurements } = findings;
  const date = new Date().toISOString().slice(0, 10);
  const about = { study: name, title, paper, date, ...run, versions: versions() };
  return { ...about, settings, claims, tables, remarks, measurements };
}

/** The kept runs of the studies that have one, in their order. */
export async function keptResults(studies: readonly Study[]): Promise<readonly Kept[]> {
  const found: Kept[] = [];
  for (const { name } of studies) {
    const [json, comment] = await Promise.all([textOf(`${name}.json`), textOf(`${name}.md`)]);
    if (json !== undefined) found.push({ results: JSON.parse(json) as Results, comment: (comment ?? '').trim() });
  }
  return found;
}

/** Undefined for a file that is not there. */
async function textOf(name: string): Promise<string | undefined> {
  try {
    return await readFile(new URL(name, kept), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function versions(): Readonly<Record<string, string>> {
  const library = createRequire(import.meta.url)('../package.json') as { readonly version: string };
  return { 'dark-knowledge': library.version, tfjs: tf.version_core, node: process.version };
}

function plainNumbers(_: string, value: unknown): unknown {
  return ArrayBuffer.isView(value) && !(value instanceof DataView) ? Array.from(value as Float64Array) : value;
}
