import { kindError } from '../check.ts';
import type { Gpu, GpuDevice } from './deviceTypes.ts';

/** Options of `requestWebgpuDevice`. */
export interface RequestWebgpuDeviceOptions {
  /** Which adapter, where there are several. Default `'high-performance'`. */
  readonly powerPreference?: 'low-power' | 'high-performance';
  /** Further features to ask for, where the adapter has them. */
  readonly features?: readonly string[];
}

/**
 * Requests a device that suits `webgpuBackend`: the adapter's largest buffers and workgroups, and the features that its
 * kernels use where they are there (`subgroups`, `timestamp-query`). The caller owns the device.
 *
 * @param gpu `navigator.gpu` in a browser (the default); in Node, `create([])` of the npm package `webgpu`, which must be held in a
 * variable as long as the device is used: when it is collected, so is the device.
 * @returns A promise of a device.
 * @throws Error when there is no WebGPU or no adapter.
 * @example
 * const device = await requestWebgpuDevice();
 * const backend = webgpuBackend(device);
 */
export async function requestWebgpuDevice(
  gpu: Gpu | undefined = globalThis.navigator?.gpu,
  options: RequestWebgpuDeviceOptions = {},
): Promise<GpuDevice> {
  if (gpu === undefined) {
    const hint = "In Node, pass create([]) of the npm package 'webgpu'.";
    throw kindError('requestWebgpuDevice', 'gpu', 'a GPU object', gpu, hint);
  }
  const adapter = await gpu.requestAdapter({ powerPreference: options.powerPreference ?? 'high-performance' });
  if (!adapter) {
    const hint = 'In Node without a GPU, a software Vulkan driver named in VK_DRIVER_FILES serves.';
    throw new Error(`requestWebgpuDevice: adapter must be found, got none. ${hint}`);
  }
  const wanted = ['subgroups', 'timestamp-query', ...(options.features ?? [])];
  const { limits } = adapter;
  return adapter.requestDevice({
    requiredFeatures: wanted.filter((feature): feature is GPUFeatureName => adapter.features.has(feature)),
    requiredLimits: {
      maxBufferSize: limits.maxBufferSize,
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      maxStorageBuffersPerShaderStage: limits.maxStorageBuffersPerShaderStage,
      maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
      maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
      maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
      maxComputeWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
    },
  });
}
