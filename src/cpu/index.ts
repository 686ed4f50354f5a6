/**
 * `dark-knowledge/cpu`: the readable reference backend, in float32 or float64.
 * @module
 */
export { type CpuBackendOptions, type CpuTensor, cpuBackend } from './cpuBackend.ts';
