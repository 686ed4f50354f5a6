/** Which host backend the plain-name runners take: by the precision of the data. */
import type { FusedKernel, HostBackend } from './backend.ts';
import { type CpuTensor, cpuBackend } from './cpu/index.ts';
import type { HostTensor } from './tensor.ts';
import { wasmIsSupported } from './wasm/instance.ts';
import type { KernelHost } from './wasm/kernels/rows.ts';
import type { WasmTensor } from './wasm/tensors.ts';
import { backendWith } from './wasm/wasmBackend.ts';

let float64: HostBackend<CpuTensor> | undefined;

/** The reference in double precision, made at first use. */
export function doubleBackend(): HostBackend<CpuTensor> {
  float64 ??= cpuBackend({ precision: 'float64' });
  return float64;
}

/** Makes, at first use, the WebAssembly backend with some fused kernels; `cpu` in float32 where SIMD is missing. */
export function singleBackendWith(
  fusedKernels: (host: KernelHost) => readonly FusedKernel<WasmTensor>[],
): () => HostBackend<WasmTensor> | HostBackend<CpuTensor> {
  let made: HostBackend<WasmTensor> | HostBackend<CpuTensor> | undefined;
  return () => {
    made ??= wasmIsSupported() ? backendWith(fusedKernels) : cpuBackend();
    return made;
  };
}

/** Whether a host tensor holds doubles: a `Float64Array`, which plain numbers and ml-matrix matrices become. */
export function isDouble(value: HostTensor | undefined): boolean {
  return value?.data instanceof Float64Array;
}
