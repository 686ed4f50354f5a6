/** The fastest backend that computes on the host, for products of matrices. */
import type { HostBackend } from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import { type WasmBackend, wasmBackend, wasmIsSupported } from 'dark-knowledge/wasm';

let wasm: WasmBackend | undefined;

/** Runs on WebAssembly, which is compiled once, or where there is none in plain JavaScript. */
export function onBackend<Result>(run: <T>(backend: HostBackend<T>) => Result): Result {
  if (!wasmIsSupported()) return run(cpuBackend());
  wasm ??= wasmBackend();
  return run(wasm);
}
