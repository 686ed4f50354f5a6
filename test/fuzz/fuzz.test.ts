/**
 * Random cases over every export, with a fixed seed. A finding names its case: `FUZZ_CASE=123 npx vitest run test/fuzz` runs it
 * alone (`FUZZ_CASE=123,456`: those). `npm test` runs ten thousand, CI a hundred thousand, `npm run test:fuzz` a million;
 * `FUZZ_CASES` and `FUZZ_SEED` say how many, and which; `FUZZ_FROM` is the first, so that a million may be run in slices.
 */
import * as library from 'dark-knowledge';
import * as cpu from 'dark-knowledge/cpu';
import * as figures from 'dark-knowledge/figures';
import * as files from 'dark-knowledge/files';
import * as tfjs from 'dark-knowledge/tfjs';
import * as wasm from 'dark-knowledge/wasm';
import * as webgpu from 'dark-knowledge/webgpu';
import { describe, expect, it } from 'vitest';
import { callSubjects, harmless } from './callSubjects.ts';
import { figureNames } from './figureCase.ts';
import { fileNames } from './fileCase.ts';
import { lossSubjects } from './lossSubjects.ts';
import { metricSubjects } from './metricSubjects.ts';
import { openRoom, runCase } from './rooms.ts';

const seed = Number(process.env.FUZZ_SEED ?? 1);
const first = Number(process.env.FUZZ_FROM ?? 0);
const count = Number(process.env.FUZZ_CASES ?? 10_000);
const only = process.env.FUZZ_CASE;
const parts = 10;

/** Backends and what belongs to them: `backendCase` and the room of options have them. */
const backends = [
  'cpuBackend',
  'wasmBackend',
  'wasmIsSupported',
  'tfjsBackend',
  'tfjsLoss',
  'webgpuBackend',
  'requestWebgpuDevice',
  'distill',
];

describe('the fuzz', () => {
  it('knows every export: a new one gets an entry among lossSubjects, metricSubjects or callSubjects', () => {
    const known = new Set([lossSubjects, metricSubjects, callSubjects].flatMap(Object.keys));
    for (const name of [...harmless, ...backends, ...figureNames, ...fileNames]) known.add(name);
    const entries = [library, cpu, wasm, tfjs, webgpu, files, figures];
    expect(entries.flatMap(Object.keys).filter((name) => !known.has(name))).toEqual([]);
  });

  const ranges =
    only === undefined
      ? Array.from(
          { length: parts },
          (_, part) =>
            [first + Math.floor((part * count) / parts), first + Math.floor(((part + 1) * count) / parts)] as const,
        )
      : only.split(',').map((index) => [Number(index), Number(index) + 1] as const);

  it.each(ranges)('finds nothing in the cases from %i to %i', { timeout: 3_600_000 }, async (from, to) => {
    const room = openRoom();
    const findings: string[] = [];
    for (let index = from; index < to && findings.length < 20; index++) {
      try {
        const running = runCase(seed, index, room);
        if (typeof running !== 'string') await running;
      } catch (error) {
        const { message, stack = '' } = error as Error;
        const at = (error as Error).name === 'Finding' ? '' : stack.split('\n').slice(1, 5).join(' ');
        findings.push(`case ${index}: ${message} ${at}`);
      }
    }
    expect(findings).toEqual([]);
  });
});
