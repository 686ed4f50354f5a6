/** All rooms of the fuzz: what a case may be, and how often. */
import * as library from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import { tfjsBackend, tfjsLoss } from 'dark-knowledge/tfjs';
import { wasmBackend, wasmIsSupported } from 'dark-knowledge/wasm';
import { webgpuBackend } from 'dark-knowledge/webgpu';
import { backendCase } from './backendCase.ts';
import { callCase, optionCase } from './callCase.ts';
import { callSubjects } from './callSubjects.ts';
import { type Dice, makeDice } from './dice.ts';
import { figureCase } from './figureCase.ts';
import { fileCase } from './fileCase.ts';
import { type Devices, lossCase } from './lossCase.ts';
import { lossSubjects } from './lossSubjects.ts';
import { metricCase } from './metricCase.ts';
import { metricSubjects } from './metricSubjects.ts';

/** What cases share. */
export interface Room extends Devices {
  readonly double: library.Backend<unknown>;
}

/** The backends that every machine has. */
export function openRoom(): Room {
  const devices = [cpuBackend(), ...(wasmIsSupported() ? [wasmBackend()] : [])];
  return {
    float32: devices as unknown as Room['float32'],
    double: cpuBackend({ precision: 'float64' }) as unknown as Room['double'],
  };
}

type Factory = (options: unknown) => unknown;

const exported = library as unknown as Readonly<Record<string, Factory>>;
const namesOf = (subjects: object): readonly string[] => Object.keys(subjects).filter((name) => name in library);

/** Factories that take nothing but options. */
const factories: Readonly<Record<string, Factory>> = {
  ...Object.fromEntries(
    [...namesOf(lossSubjects), ...namesOf(metricSubjects)]
      .filter((name) => name !== 'metricSet')
      .map((name) => [name, exported[name]!]),
  ),
  ...Object.fromEntries(
    ['linearRamp', 'cosineRamp', 'switchAt', 'layerMap', 'samplesPerSecond', 'contrastSampler'].map((name) => [
      name,
      exported[name]!,
    ]),
  ),
  cpuBackend: cpuBackend as Factory,
  wasmBackend: (options) => {
    const { threads } = (options ?? {}) as { readonly threads?: unknown };
    // Threads that start would outlive the case.
    return typeof threads === 'number' && threads > 1 ? undefined : wasmBackend(options as never);
  },
  tfjsBackend: tfjsBackend as Factory,
  tfjsLoss: tfjsLoss as Factory,
  webgpuBackend: webgpuBackend as Factory,
};

const optionNames = new Map<string, readonly string[]>();

/** A factory's options, as it says itself when it is asked for one that it does not have. */
function optionsOf(name: string): readonly string[] {
  const known = optionNames.get(name);
  if (known !== undefined) return known;
  let said = '';
  try {
    factories[name]!({ '?': 1 });
  } catch (error) {
    said = (error as Error).message.split(', got')[0]!;
  }
  const found = [...said.matchAll(/'(\w+)'/g)].map((match) => match[1]!);
  optionNames.set(name, found);
  return found;
}

interface Kind {
  readonly name: string;
  readonly share: number;
  run(dice: Dice, room: Room): string | Promise<string>;
}

const kinds: readonly Kind[] = [
  {
    name: 'loss',
    share: 0.15,
    run(dice, room) {
      const name = dice.pick(Object.keys(lossSubjects));
      return tell(name, () => lossCase(dice, lossSubjects[name]!, room));
    },
  },
  {
    name: 'metric',
    share: 0.1,
    run(dice, room) {
      const name = dice.pick(Object.keys(metricSubjects));
      return tell(name, () => metricCase(dice, metricSubjects[name]!, room));
    },
  },
  {
    name: 'options',
    share: 0.39,
    run(dice) {
      const name = dice.pick(Object.keys(factories));
      return tell(name, () => optionCase(dice, name, factories[name]!, optionsOf(name)));
    },
  },
  {
    name: 'call',
    share: 0.12,
    run(dice) {
      const name = dice.pick(Object.keys(callSubjects));
      return tell(name, () => callCase(dice, name, callSubjects[name]!(dice)));
    },
  },
  {
    name: 'backend',
    share: 0.14,
    run: (dice, { double, float32 }) => tell('backend', () => backendCase(dice, double, float32)),
  },
  { name: 'figure', share: 0.04, run: (dice) => tell('figure', () => figureCase(dice)) },
  { name: 'file', share: 0.06, run: (dice) => tell('file', () => fileCase(dice)) },
];

/** Runs what a case is of, and names it in what goes wrong. */
function tell(name: string, run: () => void | Promise<void>): string | Promise<string> {
  const named = (error: unknown): never => {
    if (error instanceof Error) error.message = `${name}: ${error.message}`;
    throw error;
  };
  try {
    const running = run();
    return running === undefined ? name : running.then(() => name, named);
  } catch (error) {
    return named(error);
  }
}

/** Runs the case of a number; throws, or its promise rejects, with what it found. */
export function runCase(seed: number, index: number, room: Room): string | Promise<string> {
  const dice = makeDice(Math.imul(seed, 0x9e3779b1) ^ index);
  let at = dice.next();
  const kind = kinds.find(({ share }) => {
    at -= share;
    return at < 0;
  });
  return (kind ?? kinds[0]!).run(dice, room);
}
