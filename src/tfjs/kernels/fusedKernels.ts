import type * as tf from '@tensorflow/tfjs-core';
import type { Backend, FusedKernel, FusedLossKernel, FusedMetricKernel } from '../../backend.ts';
import { calibrationKernel } from '../../webgpu/kernels/calibrationKernel.ts';
import { classwiseKernel } from '../../webgpu/kernels/classwiseKernel.ts';
import { crdKernel } from '../../webgpu/kernels/crdKernel.ts';
import { similarityKernels } from '../../webgpu/kernels/similarityKernels.ts';
import { webgpuContext } from './webgpuContext.ts';
import { webgpuDivergenceKernels } from './webgpuDivergence.ts';
import { webgpuHintKernel } from './webgpuHint.ts';

type T = tf.Tensor;

/**
 * Kernels that replace whole losses on the tfjs backend of this name (`'webgpu'`; none on the others). Where value and
 * gradient are both large as the inputs, each has a program of its own; all other kernels are those of `webgpuBackend`.
 */
export function fusedLossKernelsOf(tfjsBackendName: string, backend: Backend<T>): readonly FusedLossKernel<T>[] {
  if (tfjsBackendName !== 'webgpu') return [];
  const crd = crdKernel(webgpuContext(backend)) as unknown as FusedLossKernel<T>;
  return [...webgpuDivergenceKernels(backend), webgpuHintKernel(backend), crd];
}

/** These, and kernels that replace metrics' statistics. */
export function fusedKernelsOf(tfjsBackendName: string, backend: Backend<T>): readonly FusedKernel<T>[] {
  if (tfjsBackendName !== 'webgpu') return [];
  const context = webgpuContext(backend);
  const metrics = [calibrationKernel(context), classwiseKernel(context), ...similarityKernels(context)];
  return [
    ...fusedLossKernelsOf(tfjsBackendName, backend),
    ...(metrics as readonly unknown[] as readonly FusedMetricKernel<T>[]),
  ];
}
