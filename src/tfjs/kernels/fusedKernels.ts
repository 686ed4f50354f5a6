import type * as tf from '@tensorflow/tfjs-core';
import type { Backend, FusedKernel } from '../../backend.ts';
import { webgpuDivergenceKernels } from './webgpuDivergence.ts';

/** Kernels that replace whole losses on the tfjs backend of this name (`'webgpu'`; none on the others). */
export function fusedKernelsOf(
  tfjsBackendName: string,
  backend: Backend<tf.Tensor>,
): readonly FusedKernel<tf.Tensor>[] {
  return tfjsBackendName === 'webgpu' ? webgpuDivergenceKernels(backend) : [];
}
