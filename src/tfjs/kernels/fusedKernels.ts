import type * as tf from '@tensorflow/tfjs-core';
import type { Backend, FusedKernel, FusedLossKernel } from '../../backend.ts';
import { webgpuCalibrationKernel } from './webgpuCalibration.ts';
import { webgpuCrdKernel } from './webgpuCrd.ts';
import { webgpuDivergenceKernels } from './webgpuDivergence.ts';
import { webgpuHintKernel } from './webgpuHint.ts';

/** Kernels that replace whole losses on the tfjs backend of this name (`'webgpu'`; none on the others). */
export function fusedLossKernelsOf(
  tfjsBackendName: string,
  backend: Backend<tf.Tensor>,
): readonly FusedLossKernel<tf.Tensor>[] {
  if (tfjsBackendName !== 'webgpu') return [];
  return [...webgpuDivergenceKernels(backend), webgpuHintKernel(backend), webgpuCrdKernel(backend)];
}

/** These, and kernels that replace metrics' statistics. */
export function fusedKernelsOf(
  tfjsBackendName: string,
  backend: Backend<tf.Tensor>,
): readonly FusedKernel<tf.Tensor>[] {
  if (tfjsBackendName !== 'webgpu') return [];
  return [...fusedLossKernelsOf(tfjsBackendName, backend), webgpuCalibrationKernel(backend)];
}
