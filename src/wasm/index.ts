/**
 * `dark-knowledge/wasm`: the host backend on SIMD WebAssembly.
 * @module
 */
export { wasmIsSupported } from './instance.ts';
export type { WasmTensor } from './tensors.ts';
export { type WasmBackend, type WasmBackendOptions, wasmBackend } from './wasmBackend.ts';
