import type { Backend } from '../../backend.ts';
import type { TensorStore, WebgpuTensor } from '../tensors.ts';

/** What kernels are made with. */
export interface KernelContext {
  readonly store: TensorStore;
  readonly backend: Backend<WebgpuTensor>;
  /** The smallest subgroup of the device; 0 where subgroups are not used. */
  readonly subgroupSize: number;
  /** Lanes of the largest workgroup. */
  readonly mostLanes: number;
}
