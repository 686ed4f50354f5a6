/**
 * `dark-knowledge/webgpu`: losses and metrics on a `GPUDevice` of the caller's, with fused kernels.
 * @module
 */
export type { Owner as TensorOwner } from '../memberArguments.ts';
export type { Gpu, GpuBuffer, GpuDevice } from './deviceTypes.ts';
export type { KernelTiming } from './profiler.ts';
export { type RequestWebgpuDeviceOptions, requestWebgpuDevice } from './requestWebgpuDevice.ts';
export type { DeviceRowDraw as WebgpuRowDraw } from './rowDraws.ts';
export type { Storage as WebgpuStorage } from './storage.ts';
export type { WebgpuTensor } from './tensors.ts';
export { type WebgpuBackend, type WebgpuBackendOptions, webgpuBackend } from './webgpuBackend.ts';
