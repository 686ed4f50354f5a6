/**
 * `dark-knowledge/webgpu`: losses and metrics on a `GPUDevice` of the caller's, with fused kernels.
 * @module
 */
export type { RecordedTensor } from '../fusion/recorder.ts';
export type { Owner as TensorOwner } from '../memberArguments.ts';
export type { Gpu, GpuBuffer, GpuDevice } from './deviceTypes.ts';
export type { KernelTiming } from './profiler.ts';
export { type RequestWebgpuDeviceOptions, requestWebgpuDevice } from './requestWebgpuDevice.ts';
export { type WebgpuBackend, type WebgpuBackendOptions, type WebgpuTensor, webgpuBackend } from './webgpuBackend.ts';
