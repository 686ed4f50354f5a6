/** What a run leaves behind: every number as JSON, and a page with its claims, tables and figures. */
import { mkdir, writeFile } from 'node:fs/promises';
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
}

/** Full runs are kept in the repository; the others are not. */
const folders: Readonly<Record<Scale, URL>> = {
  toy: new URL('./output/', import.meta.url),
  quick: new URL('./output/', import.meta.url),
  full: new URL('./results/', import.meta.url),
};

/** Writes both files and tells where they are, from the current folder. */
export async function writeResults(study: Study, findings: Findings, run: Run): Promise<readonly string[]> {
  const folder = folders[run.scale];
  await mkdir(folder, { recursive: true });
  const { name, title, paper } = study;
  const { claims, settings, tables, remarks, measurements } = findings;
  const about = {
    study: name,
    title,
    paper,
    date: new Date().toISOString().slice(0, 10),
    ...run,
    versions: versions(),
  };
  const json = new URL(`${name}-${run.scale}.json`, folder);
  const page = new URL(`${name}-${run.scale}.html`, folder);
  await writeFile(
    json,
    `${JSON.stringify({ ...about, settings, claims, tables, remarks, measurements }, plainNumbers, 1)}\n`,
  );
  await writeFile(page, await pageOf(study, findings, run));
  return [json, page].map((file) => relative(process.cwd(), fileURLToPath(file)));
}

function versions(): Readonly<Record<string, string>> {
  const library = createRequire(import.meta.url)('../package.json') as { readonly version: string };
  return { 'dark-knowledge': library.version, tfjs: tf.version_core, node: process.version };
}

function plainNumbers(_: string, value: unknown): unknown {
  return ArrayBuffer.isView(value) && !(value instanceof DataView) ? Array.from(value as Float64Array) : value;
}
