/**
 * The backends that the loss and metric suites run on. One that this machine lacks is a visible skip; those named in
 * the environment variable DARK_KNOWLEDGE_REQUIRED_BACKENDS (comma-separated) must be present, and CI names them.
 */
import type { Backend } from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import { wasmIsSupported } from 'dark-knowledge/wasm';
import { openCheckedWasm } from './checkedWasm.ts';
import { openTfjs, tensorflowIsInstalled, tfjsBackendNames } from './tfjs.ts';
import { openWebgpu } from './webgpu.ts';

// biome-ignore lint/suspicious/noExplicitAny: the suites treat every backend's tensors as opaque.
export type AnyBackend = Backend<any>;

/** A backend under test. */
export interface TestBackend {
  readonly name: string;
  /** Makes it ready, or says why this machine cannot. */
  readonly create: () => Promise<AnyBackend | { readonly missing: string }>;
  /** Allowed difference to the float64 oracle, relative to the larger of 1 and the number. */
  readonly tolerance: number;
}

export const oracle: AnyBackend = cpuBackend({ precision: 'float64' });

export const testBackends: readonly TestBackend[] = [
  { name: 'cpu', create: async () => cpuBackend(), tolerance: 2e-6 },
  {
    name: 'wasm',
    create: async () => (wasmIsSupported() ? openCheckedWasm() : { missing: 'no WebAssembly SIMD here' }),
    tolerance: 5e-6,
  },
  ...tfjsBackendNames.map((name) => ({ name: `tfjs:${name}`, create: () => openTfjs(name), tolerance: 1e-5 })),
  { name: 'webgpu', create: openWebgpu, tolerance: 1e-5 },
];

/**
 * Those on which every case of every loss and metric runs: tfjs's cpu backend, by far the slowest, only where its native one
 * cannot stand in. Both get the same calls from the same adapter, and the conformance kit runs on all.
 */
export const suiteBackends: readonly TestBackend[] = testBackends.filter(
  ({ name }) => name !== 'tfjs:cpu' || !tensorflowIsInstalled,
);

const required = (process.env.DARK_KNOWLEDGE_REQUIRED_BACKENDS ?? '').split(',').filter(Boolean);

/** The backend, or undefined after an explanation; throws where the environment requires it. */
export async function openBackend(
  candidate: TestBackend,
): Promise<{ readonly backend: AnyBackend } | { readonly missing: string }> {
  const made = await candidate.create();
  if (!('missing' in made)) return { backend: made };
  if (required.includes(candidate.name)) {
    throw new Error(`Backend ${candidate.name} is required here and missing: ${made.missing}`);
  }
  return made;
}
