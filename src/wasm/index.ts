/**
 * `dark-knowledge/wasm`: the host backend on SIMD WebAssembly.
 * @module
 */
export { wasmIsSupported } from './instance.ts';
export { type WasmBackend, type WasmBackendOptions, type WasmTensor, wasmBackend } from './wasmBackend.ts';
