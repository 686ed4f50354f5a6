/** The fused kernels of the `webgpu` backend. */
import type { Backend, FusedKernel } from '../../backend.ts';
import type { TensorStore, WebgpuTensor } from '../tensors.ts';
import { divergenceKernels } from './divergenceKernels.ts';

/** What kernels are made with. */
export interface KernelContext {
  readonly store: TensorStore;
  readonly backend: Backend<WebgpuTensor>;
  /** The smallest subgroup of the device; 0 where subgroups are not used. */
  readonly subgroupSize: number;
}

/** All of them. */
export function fusedKernels(context: KernelContext): readonly FusedKernel<WebgpuTensor>[] {
  return [...divergenceKernels(context)];
}
