import type * as tf from '@tensorflow/tfjs-core';
import type { Backend, FusedKernel } from '../../backend.ts';
import { webgpuCalibrationKernel } from './webgpuCalibration.ts';
import { webgpuCrdKernel } from './webgpuCrd.ts';
import { webgpuDivergenceKernels } from './webgpuDivergence.ts';
import { webgpuHintKernel } from './webgpuHint.ts';

/** Kernels that replace whole losses and metrics' statistics on the tfjs backend of this name (`'webgpu'`; none on the others). */
export function fusedKernelsOf(
  tfjsBackendName: string,
  backend: Backend<tf.Tensor>,
): readonly FusedKernel<tf.Tensor>[] {
  if (tfjsBackendName !== 'webgpu') return [];
  return [
    ...webgpuDivergenceKernels(backend),
    webgpuHintKernel(backend),
    webgpuCalibrationKernel(backend),
    webgpuCrdKernel(backend),
  ];
}
