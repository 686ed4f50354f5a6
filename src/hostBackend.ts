/** Which host backend the plain-name runners take: by the precision of the data. */
import type { FusedKernel, HostBackend } from './backend.ts';
import { type CpuTensor, cpuBackend } from './cpu/index.ts';
import type { HostTensor } from './tensor.ts';
import { wasmIsSupported } from './wasm/instance.ts';
import type { KernelHost } from './wasm/kernels/rows.ts';
import type { WasmTensor as StoredTensor } from './wasm/tensors.ts';
import { backendWith, type WasmTensor } from './wasm/wasmBackend.ts';

let float64: HostBackend<CpuTensor> | undefined;

/** The reference in double precision, made at first use. */
export function doubleBackend(): HostBackend<CpuTensor> {
  float64 ??= cpuBackend({ precision: 'float64' });
  return float64;
}

/** Forgets each of the WebAssembly backends that the plain names have started. */
const started = new Set<() => void>();

/**
 * Makes, at first use, the WebAssembly backend with some fused kernels; `cpu` in float32 where the engine has no SIMD or
 * may not compile (a content-security policy without `wasm-unsafe-eval`, some edge workers).
 */
export function singleBackendWith(
  fusedKernels: (host: KernelHost) => readonly FusedKernel<StoredTensor>[],
): () => HostBackend<WasmTensor> | HostBackend<CpuTensor> {
  let made: HostBackend<WasmTensor> | HostBackend<CpuTensor> | undefined;
  return () => {
    made ??= startOrElse(cpuBackend);
    return made;
  };

  function startOrElse(otherwise: () => HostBackend<CpuTensor>): HostBackend<WasmTensor> | HostBackend<CpuTensor> {
    if (!wasmIsSupported()) return otherwise();
    try {
      const backend = backendWith(fusedKernels);
      started.add(() => {
        made = undefined;
      });
      return backend;
    } catch {
      // Some engines compile the small probe and refuse a module of this size, or have no memory for it.
      return otherwise();
    }
  }
}

/**
 * Gives the memory of the plain-name functions back. On float32 input they compute in WebAssembly, whose memory grows to
 * what the largest batch took and never shrinks; this drops it, for the garbage collector to free. The next call starts
 * anew, at the cost of a first call. Results and tensors that were returned stay as they are, and backends of your own
 * (`wasmBackend()`) are not touched: theirs goes with them.
 *
 * @example
 * for (const batch of largeBatches) measure(cka(), batch);
 * releaseMemory();
 */
export function releaseMemory(): void {
  for (const forget of started) forget();
  started.clear();
}

/**
 * Whether a host tensor holds numbers that float32 has not: a `Float64Array`, which plain numbers and ml-matrix matrices
 * become, or whole numbers beyond 2²⁴.
 */
export function isDouble(value: HostTensor | undefined): boolean {
  const data = value?.data;
  if (!(data instanceof Int32Array || data instanceof Uint32Array)) return data instanceof Float64Array;
  // A loop: `some` calls a function for each of what may be millions of labels.
  for (let at = 0; at < data.length; at++) if (Math.fround(data[at]!) !== data[at]) return true;
  return false;
}
