/**
 * `dark-knowledge/wasm`: the host backend on SIMD WebAssembly.
 * @module
 */
export type { RecordedTensor } from '../fusion/recorder.ts';
export type { Owner as TensorOwner } from '../memberArguments.ts';
export { wasmIsSupported } from './instance.ts';
export { type WasmBackend, type WasmBackendOptions, type WasmTensor, wasmBackend } from './wasmBackend.ts';
