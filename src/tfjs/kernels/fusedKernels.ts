import type * as tf from '@tensorflow/tfjs-core';
import type { FusedKernel } from '../../backend.ts';

/** Kernels that replace whole losses on the tfjs backend of this name (`'webgpu'`, …). */
export function fusedKernelsOf(_tfjsBackendName: string): readonly FusedKernel<tf.Tensor>[] {
  return [];
}
